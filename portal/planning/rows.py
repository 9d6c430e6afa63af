"""An exception as the planning desk says it: what is wrong, behind it whom and how much, whose move, by when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from flask import url_for
from sqlalchemy.orm import Session

from domain.backorder import WaitingOn
from domain.roles import Permission
from portal.models import Backorder, PurchaseOrderLine, SupplierAnswer
from portal.planning.amounts import Sums
from portal.planning.queries import details
from portal.planning.queries.details import Behind
from portal.planning.queries.exceptions import BACKORDER, LINE, Found, Kind
from portal.planning.stories import dated_quantities
from portal.presentation import quantity


@dataclass(frozen=True)
class Words:
    """What a kind is called, and what it takes to be rid of it."""

    label: str
    help: str


KINDS = {
    Kind.PROPOSED: Words(
        "To decide",
        "Suppliers proposed something outside tolerance. Approve it, or say why not and they are asked again.",
    ),
    Kind.UNANSWERED: Words("Unanswered", "Suppliers who were reminded and still owe an answer. Talk to them."),
    Kind.UNCOVERED: Words(
        "Uncovered", "No open purchase order covers these backorders. Order supply, or offer an alternative."
    ),
    Kind.LATE: Words("Late", "The promised day has passed and goods are still owed. Chase whoever has to move."),
    Kind.SLIPPED: Words(
        "Slipped", "Promised later than at first, or later than wanted. Find earlier supply or an alternative."
    ),
    Kind.MAIL: Words(
        "Not reached", "Mail does not arrive, so somebody doesn't know. Get an address that works and tell them."
    ),
}


@dataclass(frozen=True)
class Row:
    kind: Kind
    number: str
    href: str
    sku: str
    product: str
    status: str
    #: What is wrong, in a sentence.
    what: str
    quantity: str
    customers: int
    money: str
    since: datetime | None
    due: date
    days_late: int
    owner: str
    action: tuple[str, str]
    #: Set where a decision can be taken in the row.
    line: PurchaseOrderLine | None = None
    proposal: SupplierAnswer | None = None


def rows(session: Session, found: Sequence[Found], may: Callable[[Permission], bool]) -> list[Row]:
    """The rows of one page, in the order found. Things that went away meanwhile are left out."""
    line_ids = {each.id for each in found if each.thing == LINE}
    backorder_ids = {each.id for each in found if each.thing == BACKORDER}
    lines = details.lines(session, line_ids)
    behind = details.behind(session, line_ids)
    pending = details.pending(session, line_ids)
    backorders = details.backorders(session, backorder_ids)
    supply = details.next_lines(session, backorder_ids)
    written = []
    for each in found:
        if each.thing == LINE and each.id in lines:
            proposal = pending.get(each.id)
            written.append(_of_line(each, lines[each.id], behind.get(each.id, Behind()), proposal))
        elif each.thing == BACKORDER and each.id in backorders:
            written.append(_of_backorder(each, backorders[each.id], supply.get(each.id), may))
    return written


def _of_line(found: Found, line: PurchaseOrderLine, behind: Behind, proposal: SupplierAnswer | None) -> Row:
    unit = line.product.unit
    buyer = line.order.buyer.name if line.order.buyer else "No buyer is named"
    href = url_for("lines.record", po_number=line.po_number, line_number=line.line_number)
    action = ("Open", href)
    since = line.asked_at
    if found.kind is Kind.PROPOSED and proposal is not None:
        what = f"{line.supplier.name} proposes {dated_quantities(proposal.schedule, unit)} ({proposal.rule})"
        since, action = proposal.answered_at, ("Decide", href)
    elif found.kind is Kind.UNANSWERED:
        times = f"{line.reminders} {'reminder' if line.reminders == 1 else 'reminders'}"
        what = f"{line.supplier.name} has not answered after {times}"
        action = ("Contact the supplier", url_for("planning.supplier", code=line.supplier.code))
    else:
        what = line.notice_risk or "The supplier's answer is awaited"
        action = ("See the contact", url_for("planning.supplier", code=line.supplier.code))
    return Row(
        kind=found.kind,
        number=f"{line.po_number}/{line.line_number}",
        href=href,
        sku=line.product.sku,
        product=line.product.name,
        status=str(line.status),
        what=what,
        quantity=quantity(behind.quantity or line.open_quantity, unit),
        customers=behind.customers,
        money=behind.money.as_money,
        since=since,
        due=line.requested_date,
        days_late=found.days_late,
        owner=f"{line.supplier.name} and {buyer}" if found.kind is Kind.UNANSWERED else buyer,
        action=action,
        line=line,
        proposal=proposal if found.kind is Kind.PROPOSED else None,
    )


def _of_backorder(
    found: Found, backorder: Backorder, supply: PurchaseOrderLine | None, may: Callable[[Permission], bool]
) -> Row:
    unit = backorder.product.unit
    href = url_for("backorders.record", number=backorder.number)
    due = backorder.promised_date or backorder.requested_date
    action = ("Open", href)
    match found.kind:
        case Kind.UNCOVERED:
            what = f"Nothing covers {quantity(backorder.uncovered_quantity, unit)} for {backorder.customer.name}"
            due = backorder.requested_date
            if may(Permission.RAISE_PURCHASE_ORDERS):
                action = ("Order supply", url_for("planning.order", backorder=backorder.number))
        case Kind.LATE:
            what = f"{backorder.customer.name} still waits for {quantity(_open(backorder), unit)}"
            action = _chase(backorder, supply) or action
        case Kind.SLIPPED:
            what = f"Promised to {backorder.customer.name} later than {_measure(backorder)}"
            action = ("See alternatives", url_for("products.record", sku=backorder.product.sku))
        case _:
            what = backorder.notice_risk or f"{backorder.customer.name} could not be told"
            action = ("Tell the customer", href)
    return Row(
        kind=found.kind,
        number=backorder.number,
        href=href,
        sku=backorder.product.sku,
        product=backorder.product.name,
        status=str(backorder.status),
        what=what,
        quantity=quantity(_open(backorder), unit),
        customers=1,
        money=Sums.of([(backorder.order_line.currency, found.value)]).as_money,
        since=backorder.opened_at,
        due=due,
        days_late=found.days_late,
        owner=owner_of(backorder, supply),
        action=action,
    )


def _open(backorder: Backorder) -> Decimal:
    quantities = backorder.quantities
    return quantities.owed - quantities.shipped


def _measure(backorder: Backorder) -> str:
    first, now = backorder.original_promised_date, backorder.promised_date
    if first is not None and now is not None and now > first:
        return f"at first ({first:%a} {first.day} {first:%b})"
    return f"wanted ({backorder.requested_date:%a} {backorder.requested_date.day} {backorder.requested_date:%b})"


def _chase(backorder: Backorder, supply: PurchaseOrderLine | None) -> tuple[str, str] | None:
    if supply is None or backorder.waiting_on not in (WaitingOn.SUPPLIER, WaitingOn.BUYER):
        return None
    href = url_for("lines.record", po_number=supply.po_number, line_number=supply.line_number)
    return (f"Chase {supply.po_number}/{supply.line_number}", href)


def owner_of(backorder: Backorder, supply: PurchaseOrderLine | None) -> str:
    """Whose move it is, by name where there is one."""
    if backorder.owner is not None:
        return backorder.owner.name
    match backorder.waiting_on:
        case WaitingOn.SUPPLIER:
            return supply.supplier.name if supply else "Supplier"
        case WaitingOn.BUYER:
            return supply.order.buyer.name if supply and supply.order.buyer else "Buyer"
        case WaitingOn.WAREHOUSE:
            return f"Warehouse {backorder.warehouse.name}"
        case WaitingOn.CARRIER:
            return "Carrier"
    return "Nobody"
