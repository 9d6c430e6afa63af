"""A backorder as its customer is told of it: where it is, since when, what comes next and when.

Plain words; never a supplier's name, another customer or a stock figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from domain.backorder import CLOSED, Status
from domain.promise import Basis
from domain.reasons import PromiseReason, label
from portal.models import Backorder, BackorderPromise, SalesOrderLine, Shipment
from portal.presentation import quantity
from portal.promise_strip import Point

ZERO = Decimal(0)

STATUS_WORDS: dict[Status, str] = {
    Status.AWAITING_SUPPLY: "Waiting for goods",
    Status.PARTIALLY_ALLOCATED: "Partly reserved for you",
    Status.ALLOCATED: "Reserved for you",
    Status.PICKING: "Being packed",
    Status.PARTIALLY_SHIPPED: "Partly on its way",
    Status.SHIPPED: "On its way",
    Status.DELIVERED: "Delivered",
    Status.CANCELLED: "Cancelled",
}

CAUSES: dict[str, str] = {
    PromiseReason.PLANNED: "Planned from the usual delivery time",
    PromiseReason.SUPPLIER_CONFIRMED: "Our supplier confirmed the date",
    PromiseReason.SUPPLIER_MOVED: "Our supplier moved the date",
    PromiseReason.SUPPLIER_REJECTED: "Our supplier can't deliver as planned",
    PromiseReason.SUPPLY_REPLANNED: "We planned your delivery anew",
    PromiseReason.GOODS_ALLOCATED: "Your goods are here and reserved for you",
    PromiseReason.ALLOCATION_RELEASED: "Goods that were reserved for you were needed elsewhere",
}

BASES: dict[str, str] = {
    Basis.PLANNED: "This is our plan; our supplier has not confirmed it yet.",
    Basis.CONFIRMED: "Our supplier has confirmed it.",
    Basis.STOCK: "The goods are here.",
}


@dataclass(frozen=True)
class Story:
    """Answers to a customer's four questions. `day` is None when no date can be given or none is to come."""

    status: Status
    words: str
    now: str
    since: datetime
    next: str
    day: date | None
    late: bool
    can_cancel: bool


@dataclass(frozen=True)
class Event:
    """One entry of the timeline, as templates/_macros/record.html draws it."""

    at: datetime
    title: str
    text: str = ""
    icon: str = "circle-dot"
    tone: str = "quiet"
    actor: str = ""


def cause(promise: BackorderPromise) -> str:
    """Why a date is what it is: "Our supplier moved the date (material shortage)"."""
    words = CAUSES.get(promise.reason_code) or label(promise.reason_code)
    if promise.supply_reason_code:
        return f"{words} ({label(promise.supply_reason_code).lower()})"
    return words


def story(backorder: Backorder, parcels: Sequence[Shipment], today: date) -> Story:
    status = Status(backorder.status)
    units = backorder.quantities
    wanted = backorder.cancel_requested_at
    ended = status in CLOSED
    stopping = wanted is not None and not ended
    travels = status in CLOSED or status is Status.SHIPPED
    day = None if ended or stopping else backorder.promised_date
    late = day is not None and day < today and not travels
    return Story(
        status=status,
        words="Being cancelled" if stopping else STATUS_WORDS[status],
        now="You asked us to cancel it." if stopping else _now(backorder, status, parcels),
        since=wanted if wanted is not None and stopping else backorder.status_since,
        next=(
            "We take it out of our plans and confirm by mail, usually within a few minutes."
            if stopping
            else _next(backorder, status, late)
        ),
        day=day,
        late=late,
        can_cancel=not ended and not stopping and units.shipped < units.owed,
    )


def _amount(backorder: Backorder, value: Decimal) -> str:
    return quantity(value, backorder.product.unit)


def _now(backorder: Backorder, status: Status, parcels: Sequence[Shipment]) -> str:
    units = backorder.quantities
    owed = _amount(backorder, units.owed)
    match status:
        case Status.AWAITING_SUPPLY if backorder.promised_date is None:
            return "It is not in stock, and we don't know yet when it will be."
        case Status.AWAITING_SUPPLY:
            return "It is on order with our supplier and has not reached us yet."
        case Status.PARTIALLY_ALLOCATED:
            here = quantity(units.allocated)
            return f"{here} of {owed} are here and reserved for you; we wait for the rest."
        case Status.ALLOCATED:
            return f"All {owed} are in our warehouse, reserved for you."
        case Status.PICKING:
            return "It is being picked and packed in our warehouse."
        case Status.PARTIALLY_SHIPPED:
            return f"{quantity(units.shipped)} of {owed} have left our warehouse."
        case Status.SHIPPED:
            carriers = " and ".join(sorted({each.carrier for each in parcels if each.delivered_at is None}))
            return f"It is on its way to you{f' with {carriers}' if carriers else ''}."
        case Status.DELIVERED:
            return f"All {owed} have reached you."
        case _:
            why = f": {label(backorder.cancel_reason_code).lower()}" if backorder.cancel_reason_code else ""
            return f"It was cancelled{why}."


def _next(backorder: Backorder, status: Status, late: bool) -> str:
    if status in CLOSED:
        return "Nothing more is to come."
    if status is Status.SHIPPED:
        return "The carrier brings it to you."
    if late:
        return "It should have been with you by now. We are after it, and write to you when there is a new date."
    if backorder.promised_date is None:
        return "A person here is looking for goods. We write to you as soon as there is a date."
    if status in (Status.ALLOCATED, Status.PICKING):
        return "It leaves our warehouse next, and should be with you on this day."
    return f"It should be with you on this day. {BASES.get(backorder.promise_basis or '', '')}".strip()


def strip_points(
    backorder: Backorder, promises: Sequence[BackorderPromise], parcels: Sequence[Shipment], today: date
) -> list[Point]:
    """The dates of the promise, for the promise strip. `promises` oldest first."""
    points = [Point("requested", backorder.requested_date, "You asked for")]
    told: date | None = None
    for each in promises:
        if each.promised_date is not None and each.promised_date != told:
            points.append(Point("original" if told is None else "revised", each.promised_date, cause=cause(each)))
            told = each.promised_date
    if backorder.status == Status.DELIVERED:
        arrived = [each.delivered_at.date() for each in parcels if each.delivered_at is not None]
        points += [Point("actual", max(arrived))] if arrived else []
    elif backorder.closed_at is None:
        points.append(Point("today", today))
    return points


def timeline(
    backorder: Backorder, promises: Sequence[BackorderPromise], parcels: Sequence[Shipment]
) -> list[Event]:
    """What happened, newest first. `promises` oldest first."""
    owed = _amount(backorder, backorder.quantity)
    events = [
        Event(backorder.opened_at, "You ordered it", f"{owed} could not be taken from stock.", "shopping-cart")
    ]
    events += _promised(promises)
    for each in parcels:
        what = f"{_amount(backorder, each.quantity)} with {each.carrier}, tracking number {each.tracking_number}"
        events.append(Event(each.shipped_at, "Shipped", what, "truck", "info"))
        if each.delivered_at is not None:
            events.append(
                Event(each.delivered_at, "Delivered", _amount(backorder, each.quantity), "circle-check", "good")
            )
    if backorder.cancel_requested_at is not None:
        why = label(backorder.cancel_reason_code) if backorder.cancel_reason_code else ""
        events.append(Event(backorder.cancel_requested_at, "Cancelling was asked for", why, "ban"))
    if backorder.closed_at is not None and backorder.status == Status.CANCELLED:
        events.append(Event(backorder.closed_at, "Cancelled", "Nothing more is to come.", "ban"))
    return sorted(events, key=lambda each: each.at)[::-1]  # of one instant: what is named later


def _promised(promises: Sequence[BackorderPromise]) -> list[Event]:
    events = []
    told: date | None = None
    for each in promises:
        day = each.promised_date
        said = f"{day:%A} {day.day} {day:%B %Y}" if day else ""
        if day is None:
            events.append(Event(each.at, "The date no longer holds", f"{cause(each)}.", "calendar-x", "bad"))
        elif told is None:
            events.append(Event(each.at, f"We promised {said}", f"{cause(each)}.", "calendar-check", "info"))
        elif day != told:
            earlier = day < told
            title = f"Moved {'earlier' if earlier else 'later'}, to {said}"
            tone = "good" if earlier else "wait"
            events.append(Event(each.at, title, f"{cause(each)}.", "calendar-clock", tone))
        else:
            events.append(Event(each.at, f"{said} stands", f"{cause(each)}.", "calendar-check", "good"))
        told = day
    return events


@dataclass(frozen=True)
class Part:
    """What came from stock of an order line, or what had to wait; `number` is that of its backorder."""

    number: str | None
    quantity: Decimal
    status: Status
    words: str
    since: datetime
    day: date | None
    wants_day: bool


def parts(line: SalesOrderLine, parcels: Sequence[Shipment], today: date) -> list[Part]:
    """An order line in its one or two parts. `parcels` are all of the line's."""
    backorder = line.backorder
    from_stock = line.quantity - (backorder.quantity if backorder else ZERO)
    found = [_from_stock(line, from_stock, parcels)] if from_stock > ZERO else []
    if backorder is not None:
        told = story(backorder, [each for each in parcels if each.backorder_id == backorder.id], today)
        found.append(
            Part(
                number=backorder.number,
                quantity=backorder.quantity,
                status=told.status,
                words=told.words,
                since=told.since,
                day=told.day,
                wants_day=told.status not in CLOSED and backorder.cancel_requested_at is None,
            )
        )
    return found


def part_to_tell(found: Sequence[Part]) -> Part:
    """Of an order line's parts, the one that a single row should tell of: what is still to come, and of
    that what had to wait."""
    to_come = [each for each in found if each.status not in CLOSED]
    return (to_come or found)[-1]


def _from_stock(line: SalesOrderLine, quantity: Decimal, parcels: Sequence[Shipment]) -> Part:
    own = [each for each in parcels if each.backorder_id is None]
    shipped = sum((each.quantity for each in own), ZERO)
    arrived = [each.delivered_at for each in own if each.delivered_at is not None]
    since = line.order.ordered_at
    status = Status.ALLOCATED
    if shipped > ZERO:
        since = max(each.shipped_at for each in own)
        status = Status.SHIPPED if shipped >= quantity else Status.PARTIALLY_SHIPPED
    if arrived and sum((each.quantity for each in own if each.delivered_at is not None), ZERO) >= quantity:
        since = max(arrived)
        status = Status.DELIVERED
    return Part(None, quantity, status, STATUS_WORDS[status], since, None, False)
