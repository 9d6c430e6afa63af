"""Plan supply for all who wait for a product, and carry every change on to what customers are promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session, joinedload

from domain import backorder as rules
from domain import pegging
from domain.allocation import Waiting
from domain.notices import NoticeKind
from domain.pegging import Supply
from domain.promise import Basis, PeggedSupply, Promise, is_news, promise
from domain.reasons import PromiseReason
from domain.replenishment import LineStatus
from portal.models import (
    Backorder,
    BackorderPromise,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SoftPeg,
    Stock,
)
from portal.services import people
from portal.services.notice_writing import date_is_about_to_be_told, tell_customer
from portal.services.outbox import post_signal
from portal.services.transaction import Context, announce, local_day

ZERO = Decimal(0)
#: Stands for units that lie free on a shelf and whose allocation is under way.
ON_THE_SHELF = 0

_PROMISE = insert(BackorderPromise.__table__).inline()  # type: ignore[arg-type]  # a declarative class's table is a Table


@dataclass
class Cause:
    """Why supply is planned anew, told to the customers whose dates move by it."""

    reason: PromiseReason
    supply_reason_code: str | None = None
    #: Backorders whose customers hear of the new date by another notice of the same transaction.
    told_otherwise: Collection[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Draft:
    """Supply planned for all who wait for a product, before anything is written."""

    waiting: list[Backorder]
    schedules: dict[int, PurchaseOrderSchedule]
    plan: pegging.Plan


def waiting_for(session: Session, product_id: int) -> list[Backorder]:
    """All open backorders of a product, locked, in their turn."""
    found = session.scalars(
        select(Backorder)
        .where(Backorder.product_id == product_id, Backorder.closed_at.is_(None))
        .order_by(Backorder.id)
        .options(joinedload(Backorder.customer), joinedload(Backorder.warehouse))
        .with_for_update(of=Backorder)
        .execution_options(populate_existing=True)
    ).all()
    return sorted(found, key=lambda each: each.turn)


def draft(session: Session, product_id: int) -> Draft:
    """Plan the open supply of a locked product for all who wait for it."""
    waiting = [each for each in waiting_for(session, product_id) if each.quantities.needed > ZERO]
    schedules = _open_schedules(session, product_id)
    free = session.scalar(
        select(func.coalesce(func.sum(Stock.on_hand - Stock.allocated), 0)).where(Stock.product_id == product_id)
    )
    supplies = [Supply(each.id, each.due_date, each.open_quantity, each.confirmed) for each in schedules.values()]
    supplies.append(Supply(ON_THE_SHELF, date.min, Decimal(free or 0), True))
    plan = pegging.peg([Waiting(each.turn, each.quantities.needed) for each in waiting], supplies)
    return Draft(waiting, schedules, plan)


def replan(session: Session, product_id: int, who: Context, cause: Cause) -> None:
    """Peg all open supply of a locked product to all who wait for it, and re-promise those it moves.

    The caller holds the product's lock. Planning again without a change writes nothing.
    """
    session.flush()
    drafted = draft(session, product_id)
    waiting, schedules, plan = drafted.waiting, drafted.schedules, drafted.plan
    pegs: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for peg in plan.pegs:
        pegs[peg.backorder_id][peg.schedule_line_id] = peg.quantity
    _write_pegs(session, product_id, waiting, pegs)
    _count_waiting(session, schedules, pegs)
    for each in waiting:
        mine = pegs[each.id]
        _reposition(session, each, mine, schedules, plan.uncovered.get(each.id, ZERO), who)
        if ON_THE_SHELF in mine:
            continue  # its allocation run is on the way and will say what is promised
        new = _promise(each, [(schedules[key], quantity) for key, quantity in mine.items()], who)
        repromise(session, each, new, who, cause)


def _promise(
    backorder: Backorder, pegged: list[tuple[PurchaseOrderSchedule, Decimal]], who: Context
) -> Promise | None:
    """The date that these pegs give. Supply that is past due can be here today at the earliest; a promise
    that rests on it stands as it is, late, until something else moves it."""
    today = local_day(who.now, backorder.warehouse.time_zone)
    needed, handling = backorder.quantities.needed, backorder.warehouse.handling_days

    def promised(earliest: date) -> Promise | None:
        supply = [PeggedSupply(max(one.due_date, earliest), amount, one.confirmed) for one, amount in pegged]
        return promise(needed, supply, today, handling)

    as_planned = promised(date.min)
    if as_planned is not None and as_planned.day == backorder.promised_date:
        return as_planned
    return promised(today)


def _open_schedules(session: Session, product_id: int) -> dict[int, PurchaseOrderSchedule]:
    rows = session.scalars(
        select(PurchaseOrderSchedule)
        .join(PurchaseOrderSchedule.line)
        .where(
            PurchaseOrderLine.product_id == product_id,
            PurchaseOrderLine.closed_at.is_(None),
            PurchaseOrderSchedule.replaced_at.is_(None),
            PurchaseOrderSchedule.received_quantity < PurchaseOrderSchedule.quantity,
        )
        .options(
            joinedload(PurchaseOrderSchedule.line).options(
                joinedload(PurchaseOrderLine.supplier),
                joinedload(PurchaseOrderLine.product),
                joinedload(PurchaseOrderLine.warehouse),
            )
        )
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def _write_pegs(
    session: Session, product_id: int, waiting: list[Backorder], pegs: dict[int, dict[int, Decimal]]
) -> None:
    """Make the stored soft pegs those of the plan, touching only what differs."""
    of_product = select(Backorder.id).where(Backorder.product_id == product_id).scalar_subquery()
    stored = {
        (row.backorder_id, row.schedule_id): row.quantity
        for row in session.execute(
            select(SoftPeg.backorder_id, SoftPeg.schedule_id, SoftPeg.quantity).where(
                SoftPeg.backorder_id.in_(of_product)
            )
        )
    }
    customers = {each.id: each.customer_id for each in waiting}
    planned = {
        (backorder_id, schedule_id): quantity
        for backorder_id, mine in pegs.items()
        for schedule_id, quantity in mine.items()
        if schedule_id != ON_THE_SHELF
    }
    for backorder_id, schedule_id in stored.keys() - planned.keys():
        session.execute(
            delete(SoftPeg).where(SoftPeg.backorder_id == backorder_id, SoftPeg.schedule_id == schedule_id)
        )
    new = [
        {
            "backorder_id": backorder_id,
            "schedule_id": schedule_id,
            "customer_id": customers[backorder_id],
            "quantity": quantity,
        }
        for (backorder_id, schedule_id), quantity in planned.items()
        if (backorder_id, schedule_id) not in stored
    ]
    if new:
        session.execute(insert(SoftPeg), new)
    for (backorder_id, schedule_id), quantity in planned.items():
        if stored.get((backorder_id, schedule_id), quantity) != quantity:
            session.execute(
                update(SoftPeg)
                .where(SoftPeg.backorder_id == backorder_id, SoftPeg.schedule_id == schedule_id)
                .values(quantity=quantity)
            )


def _count_waiting(
    session: Session, schedules: dict[int, PurchaseOrderSchedule], pegs: dict[int, dict[int, Decimal]]
) -> None:
    """Note on each line how many customers wait for it, which is all that its supplier may know."""
    customers: dict[int, set[int]] = defaultdict(set)
    quantities: dict[int, Decimal] = defaultdict(Decimal)
    for backorder_id, mine in pegs.items():
        for schedule_id, quantity in mine.items():
            if schedule_id != ON_THE_SHELF:
                line_id = schedules[schedule_id].line_id
                customers[line_id].add(backorder_id)
                quantities[line_id] += quantity
    for line in {each.line_id: each.line for each in schedules.values()}.values():
        count = len(customers[line.id])
        if (line.waiting_customers, line.waiting_quantity) != (count, quantities[line.id]):
            line.waiting_customers = count
            line.waiting_quantity = quantities[line.id]
            announce(session, f"supplier:{line.supplier_id}")


def _reposition(
    session: Session,
    backorder: Backorder,
    mine: dict[int, Decimal],
    schedules: dict[int, PurchaseOrderSchedule],
    uncovered: Decimal,
    who: Context,
) -> None:
    """Note what is uncovered and whose move it is; a gap that planning can't close gets a named person."""
    awaits_buyer = any(
        schedules[key].line.status == LineStatus.AWAITING_BUYER for key in mine if key != ON_THE_SHELF
    )
    move = rules.waiting_on(backorder.quantities, covered=uncovered == ZERO, line_awaits_buyer=awaits_buyer)
    owner = backorder.owner_id
    if move is rules.WaitingOn.BUYER and owner is None and backorder.planned_at is not None:
        person = people.buyer(session)
        owner = person.id if person else None
    elif move is not rules.WaitingOn.BUYER:
        owner = None
    if (backorder.uncovered_quantity, backorder.waiting_on, backorder.owner_id) != (uncovered, move, owner):
        backorder.uncovered_quantity = uncovered
        backorder.waiting_on = move
        backorder.owner_id = owner
        touch(session, backorder, "supply_changed")


def repromise(session: Session, backorder: Backorder, new: Promise | None, who: Context, cause: Cause) -> None:
    """Write the promise ledger when the promise is another one, and tell the customer when it is news."""
    day, basis = (new.day, new.basis) if new else (None, None)
    if (day, basis) == (backorder.promised_date, backorder.promise_basis):
        return
    reason = cause.reason
    if reason is PromiseReason.SUPPLIER_MOVED and day == backorder.promised_date and basis is Basis.CONFIRMED:
        reason = PromiseReason.SUPPLIER_CONFIRMED
    session.execute(
        _PROMISE,
        {
            "backorder_id": backorder.id,
            "customer_id": backorder.customer_id,
            "promised_date": day,
            "basis": basis,
            "reason_code": reason,
            "supply_reason_code": cause.supply_reason_code,
            "actor": who.actor,
            "at": who.now,
        },
    )
    backorder.promised_date = day
    backorder.promise_basis = basis
    if backorder.original_promised_date is None:
        backorder.original_promised_date = day
    touch(session, backorder, "supply_changed")
    if backorder.planned_at is None or backorder.id in cause.told_otherwise:
        return  # another notice of this transaction says it
    if is_news(backorder.told_date, day) and not date_is_about_to_be_told(session, backorder.id):
        tell_customer(
            session,
            backorder,
            NoticeKind.PROMISE_CHANGED,
            f"v{backorder.version}",
            {"reason_code": reason, "supply_reason_code": cause.supply_reason_code},
        )


def touch(session: Session, backorder: Backorder, signal: str) -> None:
    """Count a change and wake the backorder's workflow, once in a transaction."""
    backorder.version += 1
    woken: set[int] = session.info.setdefault("woken", set())
    if backorder.id not in woken:
        woken.add(backorder.id)
        post_signal(session, backorder.workflow_id, signal)
        announce(session, f"backorder:{backorder.number}", f"customer:{backorder.customer_id}", "planning")
