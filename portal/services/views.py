"""What a workflow is told about the thing it drives: ids and states, never names, addresses or prices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from domain import backorder as rules
from domain.calendars import morning
from domain.notices import NoticeStatus
from domain.replenishment import LineStatus
from portal.models import Backorder, Notice, PurchaseOrderLine, PurchaseOrderSchedule, SoftPeg
from portal.services.transaction import local_day
from workflows.contract import BackorderView, LineView

UNSENT = (NoticeStatus.PENDING, NoticeStatus.SENDING)


def next_supply(session: Session, backorder_id: int) -> PurchaseOrderLine | None:
    """The purchase order line whose goods a backorder waits for first."""
    return session.scalar(
        select(PurchaseOrderLine)
        .join(PurchaseOrderSchedule, PurchaseOrderSchedule.line_id == PurchaseOrderLine.id)
        .join(SoftPeg, SoftPeg.schedule_id == PurchaseOrderSchedule.id)
        .where(SoftPeg.backorder_id == backorder_id)
        .order_by(PurchaseOrderSchedule.due_date, PurchaseOrderSchedule.id)
        .limit(1)
        .options(joinedload(PurchaseOrderLine.supplier))
    )


def waiting_for(backorder: Backorder, supply: PurchaseOrderLine | None) -> str:
    """What has to happen next, in words without names."""
    match backorder.waiting_on:
        case rules.WaitingOn.CARRIER:
            return "delivery to the customer"
        case rules.WaitingOn.WAREHOUSE:
            return "picking and shipping"
        case rules.WaitingOn.NOBODY:
            return ""
        case rules.WaitingOn.BUYER if supply is None or backorder.uncovered_quantity > 0:
            return "supply: no open purchase order covers all of it"
    if supply is None:
        return "supply"
    line = f"{supply.po_number} line {supply.line_number}"
    if supply.status == LineStatus.AWAITING_BUYER:
        return f"a decision on the supplier's proposal for {line}"
    if supply.status == LineStatus.AWAITING_SUPPLIER:
        return f"the supplier's answer to {line}"
    return f"goods of {line}"


def backorder_view(session: Session, backorder: Backorder, now: datetime) -> BackorderView:
    supply = next_supply(session, backorder.id)
    today = local_day(now, backorder.warehouse.time_zone)
    closed = backorder.closed_at is not None
    return BackorderView(
        number=backorder.number,
        stage=str(backorder.status),
        waiting_on=str(backorder.waiting_on),
        waiting_for=waiting_for(backorder, supply),
        sku=backorder.product.sku,
        customer_code=backorder.customer.code,
        supplier_code=supply.supplier.code if supply else "",
        warehouse_code=backorder.warehouse.code,
        priority=backorder.priority,
        promised_date=backorder.promised_date.isoformat() if backorder.promised_date else None,
        promise_basis=backorder.promise_basis,
        look_again_at=None if closed else _day_after(backorder.promised_date, backorder.warehouse.time_zone, now),
        late=rules.is_late(backorder.promised_date, backorder.requested_date, today, backorder.quantities),
        cancel_wanted=backorder.cancel_requested_at is not None and not closed,
        cancel_reason_code=backorder.cancel_reason_code or "",
        closed=closed,
        notices=list(
            session.scalars(
                select(Notice.id)
                .where(Notice.backorder_id == backorder.id, Notice.status.in_(UNSENT))
                .order_by(Notice.id)
            )
        ),
    )


def line_view(session: Session, line: PurchaseOrderLine, now: datetime) -> LineView:
    closed = line.closed_at is not None
    owed = line.status == LineStatus.AWAITING_SUPPLIER
    due = max((each.due_date for each in line.schedule), default=None)
    if closed:
        look_again = None
    elif owed:
        look_again = line.next_reminder_at
    else:
        look_again = _day_after(due, line.warehouse.time_zone, now)
    waiting_on, waiting_for_what = {
        LineStatus.AWAITING_SUPPLIER: ("supplier", "an answer"),
        LineStatus.AWAITING_BUYER: ("buyer", "a decision on the supplier's proposal"),
        LineStatus.CONFIRMED: ("supplier", "goods"),
        LineStatus.PARTIALLY_RECEIVED: ("supplier", "the rest of the goods"),
    }.get(LineStatus(line.status), ("nobody", ""))
    return LineView(
        po_number=line.po_number,
        line_number=line.line_number,
        stage=str(line.status),
        waiting_on=waiting_on,
        waiting_for=waiting_for_what,
        sku=line.product.sku,
        supplier_code=line.supplier.code,
        warehouse_code=line.warehouse.code,
        due_date=due.isoformat() if due else None,
        reminders=line.reminders,
        escalated=line.escalated,
        look_again_at=look_again,
        waiting_customers=line.waiting_customers,
        closed=closed,
        notices=list(
            session.scalars(
                select(Notice.id).where(Notice.line_id == line.id, Notice.status.in_(UNSENT)).order_by(Notice.id)
            )
        ),
    )


def _day_after(day: date | None, time_zone: str, now: datetime) -> datetime | None:
    """Nine o'clock on the morning after a day, when it lies ahead: the time to see that it has passed."""
    if day is None:
        return None
    instant = morning(day + timedelta(days=1), ZoneInfo(time_zone)).astimezone(UTC)
    return instant if instant > now else None
