"""The life of a backorder, step by step."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from domain.backorder import Status, check_cancellable
from domain.errors import RuleViolation
from domain.notices import NoticeKind
from domain.reasons import BackorderReason, CancelReason, PromiseReason
from portal.models import Allocation, Backorder, PickListLine, SalesOrderLine, Stock, Warehouse
from portal.services import people, purchasing
from portal.services.allocation import post_allocation
from portal.services.backorders_state import restate
from portal.services.notice_writing import tell_customer
from portal.services.outbox import post_start
from portal.services.pegging import Cause, draft, replan, touch
from portal.services.transaction import (
    Context,
    announce,
    found,
    lock_products,
    next_number,
    record,
    service,
    system,
)
from portal.services.views import backorder_view
from workflows.contract import BACKORDER_WORKFLOW, BackorderJob, BackorderView

ZERO = Decimal(0)
#: What every step and view of a backorder reads with it.
ALONGSIDE = (joinedload(Backorder.product), joinedload(Backorder.customer), joinedload(Backorder.warehouse))


def by_number(session: Session, number: str, *, lock: bool = False) -> Backorder:
    """A backorder, its product locked first when it is to be changed. Raises NotFound."""
    query = select(Backorder).where(Backorder.number == number).options(*ALONGSIDE)
    if lock:
        product_id = found(
            session.scalar(select(Backorder.product_id).where(Backorder.number == number)),
            "number",
            "backorder",
            number,
        )
        lock_products(session, [product_id])
        query = query.with_for_update(of=Backorder).execution_options(populate_existing=True)
    return found(session.scalar(query), "number", "backorder", number)


def open_backorder(
    session: Session, who: Context, line: SalesOrderLine, short: Decimal, priority: int, warehouse: Warehouse
) -> Backorder:
    """Open a backorder for the short quantity of an order line; its workflow does the rest."""
    backorder = Backorder(
        number=next_number(session, "backorder_number", "BO"),
        order_line_id=line.id,
        customer_id=line.customer_id,
        product_id=line.product_id,
        warehouse_id=warehouse.id,
        quantity=short,
        priority=priority,
        ordered_at=line.order.ordered_at,
        requested_date=line.requested_date,
        reason_code=(
            BackorderReason.OUT_OF_STOCK if short == line.quantity else BackorderReason.INSUFFICIENT_STOCK
        ),
        opened_at=who.now,
        status_since=who.now,
    )
    session.add(backorder)
    session.flush()
    post_start(
        session,
        BACKORDER_WORKFLOW,
        backorder.workflow_id,
        BackorderJob(backorder.number),
        summary=f"{line.product.sku} · {short.normalize():f} {line.product.unit}",
    )
    record(
        session,
        who,
        "backorder.opened",
        "backorder",
        backorder.number,
        after={
            "order": line.order.number,
            "line": line.line_number,
            "quantity": short,
            "priority": priority,
            "reason_code": backorder.reason_code,
        },
    )
    announce(session, "planning", f"customer:{backorder.customer_id}")
    return backorder


@service
def plan_supply(session: Session, number: str, now: datetime) -> BackorderView:
    """First step of a backorder's life: peg it, order what is missing, promise a date, tell the customer."""
    backorder = by_number(session, number, lock=True)
    new = backorder.planned_at is None and backorder.closed_at is None
    if new and backorder.cancel_requested_at is None:
        _plan(session, backorder, system(now))
    return _seen(session, backorder, now)


def _plan(session: Session, backorder: Backorder, who: Context) -> None:
    session.info["woken"].add(backorder.id)  # it is its own workflow that asks
    drafted = draft(session, backorder.product_id)
    handed_over = {each.id for each in drafted.waiting if each.owner_id is not None}  # they wait for a person
    missing = sum((quantity for key, quantity in drafted.plan.uncovered.items() if key not in handed_over), ZERO)
    if missing > ZERO:
        purchasing.order_missing(session, who, backorder.product, backorder.warehouse, missing)
    replan(session, backorder.product_id, who, Cause(PromiseReason.PLANNED))
    backorder.planned_at = who.now
    if backorder.uncovered_quantity > ZERO:
        person = people.buyer(session)
        backorder.owner_id = person.id if person else None
    tell_customer(session, backorder, NoticeKind.OPENED, "once", {})


@service
def settle(session: Session, number: str, now: datetime) -> BackorderView:
    """Read where a backorder stands, and note that its workflow has seen it."""
    return _seen(session, by_number(session, number, lock=False), now)


def _seen(session: Session, backorder: Backorder, now: datetime) -> BackorderView:
    backorder.settled_version = backorder.version
    session.flush()
    return backorder_view(session, backorder, now)


@service
def request_cancel(session: Session, who: Context, number: str, reason_code: str) -> Backorder:
    """Ask for a backorder to be cancelled; its workflow undoes what was done for it.

    Only the backorder's own row is written, so that a customer can ask for their own.
    """
    if reason_code not in set(CancelReason):
        raise RuleViolation.of(
            "reason_code",
            "unknown",
            f"'{reason_code}' is not a reason; choose one of {', '.join(CancelReason)}",
        )
    backorder = found(
        session.scalar(
            select(Backorder)
            .where(Backorder.number == number)
            .with_for_update(of=Backorder)
            .execution_options(populate_existing=True)
        ),
        "number",
        "backorder",
        number,
    )
    check_cancellable(backorder.quantities)
    if backorder.cancel_requested_at is None:
        backorder.cancel_requested_at = who.now
        backorder.cancel_reason_code = reason_code
        record(session, who, "backorder.cancel_requested", "backorder", number, after={"reason_code": reason_code})
        touch(session, backorder, "cancel_requested")
    return backorder


@service
def cancel(session: Session, number: str, reason_code: str, now: datetime, message_id: str = "") -> BackorderView:
    """Undo what was done for a backorder: release its goods, free its supply for others, tell the customer.

    What has been shipped stays shipped; only what is still owed is cancelled. A second call changes nothing.
    """
    backorder = by_number(session, number, lock=True)
    if backorder.closed_at is None and backorder.status != Status.SHIPPED:
        session.info["woken"].add(backorder.id)
        _cancel(session, backorder, reason_code, system(now))
    return _seen(session, backorder, now)


def _cancel(session: Session, backorder: Backorder, reason_code: str, who: Context) -> None:
    before = {"status": backorder.status, "allocated": backorder.allocated_quantity}
    released = _release_goods(session, backorder)
    backorder.picking_quantity = ZERO
    backorder.allocated_quantity = ZERO
    cancelled = backorder.quantity - backorder.shipped_quantity - backorder.cancelled_quantity
    backorder.cancelled_quantity += cancelled
    backorder.cancel_reason_code = backorder.cancel_reason_code or reason_code
    restate(backorder, who.now)
    backorder.uncovered_quantity = ZERO
    backorder.owner_id = None
    touch(session, backorder, "cancel_requested")
    tell_customer(
        session, backorder, NoticeKind.CANCELLED, "once", {"quantity": cancelled, "reason_code": reason_code}
    )
    for warehouse in released:
        post_allocation(session, f"release-{backorder.number}-{warehouse.code}", backorder.product, warehouse)
    record(
        session,
        who,
        "backorder.cancelled",
        "backorder",
        backorder.number,
        before=before,
        after={"status": backorder.status, "cancelled": cancelled},
        reason=reason_code,
    )
    session.flush()
    replan(session, backorder.product_id, who, Cause(PromiseReason.SUPPLY_REPLANNED))


def _release_goods(session: Session, backorder: Backorder) -> list[Warehouse]:
    """Give back what is reserved and not shipped; the warehouses that now have free units."""
    open_ones = session.scalars(
        select(Allocation)
        .where(
            Allocation.backorder_id == backorder.id,
            Allocation.shipped_quantity + Allocation.released_quantity < Allocation.quantity,
        )
        .order_by(Allocation.id)
        .with_for_update()
    ).all()
    released: dict[int, Warehouse] = {}
    for one in open_ones:
        left = one.open_quantity
        one.picking_quantity = ZERO
        one.released_quantity += left
        stock = session.get_one(Stock, (one.product_id, one.warehouse_id), with_for_update=True)
        stock.allocated -= left
        released[one.warehouse_id] = one.warehouse
        for line in session.scalars(
            select(PickListLine).where(
                PickListLine.allocation_id == one.id, PickListLine.status.notin_(("shipped", "dropped"))
            )
        ):
            line.status = "dropped"
    return list(released.values())
