"""What the demo company's people do, and what is still to be done by its workflows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from domain.backorder import CLOSED
from domain.reasons import CancelReason, SupplyReason
from domain.replenishment import Action, Answer, Decision, LineStatus, Outcome, ScheduleLine
from portal.models import (
    Allocation,
    Backorder,
    PickList,
    PickListLine,
    Product,
    PurchaseOrderLine,
    SalesOrder,
    SalesOrderLine,
    Shipment,
    Stock,
)
from portal.services import answers, backorders, picking, receiving, shipping
from portal.services.transaction import joined
from workers.demo.shape import Company, Fate
from workers.demo.world import World

#: Pick list lines shipped in one transaction.
LINES_A_WALK = 20

#: What was ordered longer ago than this has left the house, where it was in stock.
SHIPPED_AFTER = timedelta(days=6)

CARRIERS = ("DHL", "UPS", "GLS", "DB Schenker", "DPD")

#: What a supplier says, and by how many days it is later, for each fate in which it says something.
SAYS = {
    Fate.SLIGHTLY_LATER: (1, SupplyReason.TRANSPORT_DELAY, "One day later; the lorry is full."),
    Fate.MUCH_LATER: (12, SupplyReason.MATERIAL_SHORTAGE, "Our mill is late with the steel."),
    Fate.APPROVED: (9, SupplyReason.CAPACITY, "The press is booked out until then."),
}
SILENT = (Fate.UNANSWERED, Fate.CANCELLED, Fate.NO_SOURCE, Fate.ON_ORDER)


# ---- what the workflows still have to do ----


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(query) or 0


def unplanned(session: Session) -> int:
    return _count(
        session,
        select(func.count(Backorder.id)).where(Backorder.planned_at.is_(None), Backorder.closed_at.is_(None)),
    )


def unasked(session: Session) -> int:
    line = PurchaseOrderLine
    return _count(
        session,
        select(func.count(line.id)).where(line.status == LineStatus.AWAITING_SUPPLIER, line.asked_at.is_(None)),
    )


def not_allocated(session: Session, skus: Sequence[str]) -> int:
    """Backorders of these products that still need goods."""
    needed = (
        Backorder.quantity
        - Backorder.cancelled_quantity
        - Backorder.allocated_quantity
        - Backorder.shipped_quantity
    )
    return _count(
        session,
        select(func.count(Backorder.id))
        .join(Product, Product.id == Backorder.product_id)
        .where(Product.sku.in_(skus), needed > 0),
    )


def not_cancelled(session: Session, skus: Sequence[str]) -> int:
    return _count(
        session,
        select(func.count(Backorder.id))
        .join(Product, Product.id == Backorder.product_id)
        .where(Product.sku.in_(skus), Backorder.cancel_requested_at.is_not(None), Backorder.closed_at.is_(None)),
    )


# ---- suppliers and buyers ----


def lines_to_answer(session: Session, made: Company) -> list[tuple[int, Fate]]:
    """Lines that wait for an answer and are to get one."""
    rows = session.execute(
        select(PurchaseOrderLine.id, Product.sku)
        .join(Product, Product.id == PurchaseOrderLine.product_id)
        .where(
            PurchaseOrderLine.status.in_((LineStatus.AWAITING_SUPPLIER, LineStatus.AWAITING_BUYER)),
            Product.sku.in_([sku for sku, fate in made.fates.items() if fate not in SILENT]),
        )
        .order_by(PurchaseOrderLine.id)
    )
    return [(line_id, made.fates[sku]) for line_id, sku in rows]


def answer(session: Session, world: World, line_id: int, fate: Fate) -> None:
    """The supplier says what the line's fate is; of one fate a buyer approves it at once."""
    line = session.get_one(PurchaseOrderLine, line_id)
    if line.status == LineStatus.AWAITING_SUPPLIER:
        supplier = world.who(line.supplier.name, "web")
        verdict = answers.answer_line(session, supplier, line_id, _answer(line, fate))
        waits = verdict.outcome is Outcome.AWAITING_BUYER
    else:
        waits = True  # said before loading was interrupted
    if waits and fate is Fate.APPROVED:
        buyer = world.who("Bea Lindholm", "web")
        answers.decide(session, buyer, line_id, Decision.APPROVE, "The customers were asked and can wait")


def _answer(line: PurchaseOrderLine, fate: Fate) -> Answer:
    if fate is Fate.REJECTED:
        return Answer(Action.REJECT, (), SupplyReason.DISCONTINUED, "We no longer make this size.")
    if fate not in SAYS:
        return Answer(Action.ACCEPT)
    days, reason, words = SAYS[fate]
    day = line.requested_date + timedelta(days=days)
    return Answer(Action.PROPOSE, (ScheduleLine(line.open_quantity, day),), reason, words)


# ---- the warehouse ----


def lines_to_receive(session: Session, skus: Sequence[str]) -> list[int]:
    """Lines of these products on which nothing has come yet."""
    return list(
        session.scalars(
            select(PurchaseOrderLine.id)
            .join(Product, Product.id == PurchaseOrderLine.product_id)
            .where(
                Product.sku.in_(skus),
                PurchaseOrderLine.closed_at.is_(None),
                PurchaseOrderLine.received_quantity == 0,
            )
            .order_by(PurchaseOrderLine.id)
        )
    )


def receive(session: Session, world: World, line_id: int, *, whole: bool) -> None:
    line = session.get_one(PurchaseOrderLine, line_id)
    half = max(Decimal(1), (line.quantity / 2).to_integral_value())
    quantity = line.quantity if whole else min(half, line.quantity)
    draft = receiving.ReceiptDraft(line.po_number, line.line_number, quantity)
    receiving.receive(session, world.who("Willem de Boer", "web"), draft)


def start_picking(session: Session, world: World) -> None:
    """Somebody takes each open list; what is allocated later goes to the next one."""
    numbers = session.scalars(
        select(PickList.number)
        .where(PickList.status == "open", PickList.id.in_(select(PickListLine.pick_list_id)))
        .order_by(PickList.id)
    ).all()
    for number in numbers:
        picking.start_picking(session, world.who("Aisha Rahman", "web"), number)


def lines_to_ship(session: Session, made: Company, now: datetime) -> list[int]:
    """Lines of started lists that leave: what was in stock and ordered a while ago, and what is fated to."""
    gone = made.of(Fate.SHIPPED, Fate.DELIVERED)
    return list(
        session.scalars(
            select(PickListLine.id)
            .join(PickList, PickList.id == PickListLine.pick_list_id)
            .join(Allocation, Allocation.id == PickListLine.allocation_id)
            .join(Product, Product.id == Allocation.product_id)
            .join(SalesOrderLine, SalesOrderLine.id == Allocation.order_line_id)
            .join(SalesOrder, SalesOrder.id == SalesOrderLine.order_id)
            .where(
                PickList.status == "picking",
                PickListLine.status == "to_pick",
                or_(
                    Product.sku.in_(gone),
                    Allocation.backorder_id.is_(None) & (SalesOrder.ordered_at < now - SHIPPED_AFTER),
                ),
            )
            .order_by(Allocation.product_id, PickListLine.id)
        )
    )


def ship(session: Session, world: World, line_ids: Sequence[int]) -> None:
    """One walk: all of these leave together. Products are locked in the order of their ids."""
    carrier = CARRIERS[line_ids[0] % len(CARRIERS)]
    with joined(session):
        for line_id in line_ids:
            shipping.ship_line(session, world.who("Aisha Rahman", "web"), line_id, carrier, f"PL{line_id:09}")


def deliver(session: Session, world: World, skus: Sequence[str]) -> None:
    """The parcels for those who waited for these products have arrived."""
    shipments = session.scalars(
        select(Shipment.id)
        .join(Product, Product.id == Shipment.product_id)
        .where(Product.sku.in_(skus), Shipment.backorder_id.is_not(None), Shipment.delivered_at.is_(None))
        .order_by(Shipment.id)
    ).all()
    for shipment_id in shipments:
        shipping.deliver(session, world.who("Carrier", "carrier"), shipment_id)


# ---- customers ----


def ask_to_cancel(session: Session, world: World, skus: Sequence[str]) -> None:
    """One of those who wait for each of these products waits no longer."""
    numbers = session.scalars(
        select(func.min(Backorder.number))
        .join(Product, Product.id == Backorder.product_id)
        .where(Product.sku.in_(skus))
        .group_by(Product.id)
    ).all()
    for number in sorted(filter(None, numbers)):
        backorder = session.scalars(select(Backorder).where(Backorder.number == number)).one()
        if backorder.status not in CLOSED and backorder.cancel_requested_at is None:
            backorders.request_cancel(
                session, world.who("Ines Carvalho", "web"), number, CancelReason.CUSTOMER_REQUEST
            )


# ---- so that there is always something to answer ----


def orders_for(session: Session, supplier_code: str, fewest: int) -> list[tuple[str, Decimal]]:
    """Products of a supplier to order, and how much of each to run short, so that at least `fewest` of its lines
    wait for its answer with customers behind them. Empty when there are as many already."""
    waiting = _count(
        session,
        select(func.count(PurchaseOrderLine.id)).where(
            PurchaseOrderLine.status == LineStatus.AWAITING_SUPPLIER,
            PurchaseOrderLine.waiting_customers > 0,
            PurchaseOrderLine.supplier.has(code=supplier_code),
        ),
    )
    if waiting >= fewest:
        return []
    open_supply = select(PurchaseOrderLine.product_id).where(PurchaseOrderLine.closed_at.is_(None))
    products = session.scalars(
        select(Product)
        .where(
            Product.preferred_supplier.has(code=supplier_code),
            Product.lead_time_days.is_not(None),
            Product.id.not_in(open_supply),
        )
        .order_by(Product.sku)
        .limit(fewest - waiting + 2)
    )
    return [(product.sku, _free(session, product) + 10) for product in products]


def _free(session: Session, product: Product) -> Decimal:
    free = session.scalar(select(func.sum(Stock.on_hand - Stock.allocated)).where(Stock.product_id == product.id))
    return Decimal(free or 0)
