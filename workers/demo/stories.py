"""Backorders of the past, told with the clock set back: each step at its day, all of one in one transaction,
so that its workflows begin where the tale ends and find it as if they had been there all along."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.replenishment import Action, Answer
from portal.models import Backorder, PurchaseOrderLine, SalesOrder, SoftPeg
from portal.models.supply import PurchaseOrderSchedule
from portal.services import allocation, answers, asking, backorders, orders, receiving, replenishment, shipping
from portal.services.transaction import Context, joined
from workers.demo.shape import Story, Tale
from workflows.contract import AllocationJob, LineRef


def tell(session: Session, story: Story, now: datetime) -> bool:
    """Make a story come true; False when it has been told already."""
    if session.scalar(select(SalesOrder.id).where(SalesOrder.number == story.order_number)) is not None:
        return False
    with joined(session):
        backorder, line = _order(session, story, now)
        if story.tale is not Tale.SILENT:
            answered = _at(now, story.days_ago - 1)
            answers.answer_line(session, _supplier(line, answered), line.id, Answer(Action.ACCEPT))
            replenishment.settle_line(session, _ref(line), answered)
        if story.tale is Tale.DONE:
            _deliver(session, backorder, line, story, now)
    return True


def _at(now: datetime, days_ago: int) -> datetime:
    """Some time in the morning of that day."""
    return datetime.combine(now.date() - timedelta(days=days_ago), time(8, 20), UTC)


def _ref(line: PurchaseOrderLine) -> LineRef:
    return LineRef(line.po_number, line.line_number)


def _supplier(line: PurchaseOrderLine, now: datetime) -> Context:
    return Context(actor=f"{line.supplier.name}", channel="web", now=now)


def _order(session: Session, story: Story, now: datetime) -> tuple[Backorder, PurchaseOrderLine]:
    ordered = _at(now, story.days_ago)
    who = Context(actor="Tom Hadley", channel="web", now=ordered)
    draft = orders.OrderDraft(
        story.customer,
        [orders.OrderLineDraft(story.sku, story.quantity, story.requested_date, 1)],
        story.order_number,
        ordered,
    )
    order = orders.create_order(session, who, draft, past_dates_allowed=True)
    backorder = session.scalars(select(Backorder).where(Backorder.order_line_id == order.lines[0].id)).one()
    backorders.plan_supply(session, backorder.number, ordered)
    line = session.scalars(
        select(PurchaseOrderLine)
        .join(PurchaseOrderSchedule, PurchaseOrderSchedule.line_id == PurchaseOrderLine.id)
        .join(SoftPeg, SoftPeg.schedule_id == PurchaseOrderSchedule.id)
        .where(SoftPeg.backorder_id == backorder.id)
        .order_by(PurchaseOrderLine.id.desc())
        .limit(1)
    ).one()
    asking.ask(session, _ref(line), ordered)
    return backorder, line


def _deliver(session: Session, backorder: Backorder, line: PurchaseOrderLine, story: Story, now: datetime) -> None:
    """The goods came on the day, and went to the customer the next; they have arrived."""
    came = min(datetime.combine(line.requested_date, time(9), UTC), now - timedelta(days=4))
    warehouse = Context(actor="Willem de Boer", channel="web", now=came)
    receipt = receiving.receive(
        session,
        warehouse,
        receiving.ReceiptDraft(line.po_number, line.line_number, line.quantity, received_at=came),
    )
    job = AllocationJob(
        f"receipt-{receipt.number}", story.sku, receipt.warehouse.code, line.po_number, line.line_number
    )
    allocation.allocate_goods(session, job, came)
    replenishment.settle_line(session, _ref(line), came)
    left = Context(actor="Aisha Rahman", channel="web", now=came + timedelta(days=1, hours=2))
    parcel = shipping.Parcel(backorder.quantity, "DHL", f"JD{backorder.id:012}")
    shipment = shipping.ship_backorder(session, left, backorder.number, parcel)
    arrived = Context(actor="DHL", channel="carrier", now=came + timedelta(days=2, hours=5))
    shipping.deliver(session, arrived, shipment.id)
