"""Taking a customer's order: what stock covers is reserved at once, what it does not becomes a backorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.errors import Conflict, Fault, RuleViolation
from domain.priority import priority
from domain.quantities import far_date_fault, future_date_fault, quantity_fault
from portal.models import Allocation, Customer, Product, SalesOrder, SalesOrderLine, Stock, Warehouse
from portal.services.backorders import open_backorder
from portal.services.picking import put_on_pick_list
from portal.services.purchasing import default_warehouse
from portal.services.transaction import Context, announce, lock_products, next_number, record, service

ZERO = Decimal(0)

#: How many lines one order may hold.
MOST_LINES = 500


@dataclass(frozen=True)
class OrderLineDraft:
    sku: str
    quantity: Decimal
    requested_date: date
    line_number: int | None = None
    unit_price: Decimal | None = None


@dataclass(frozen=True)
class OrderDraft:
    customer_code: str
    lines: Sequence[OrderLineDraft]
    number: str | None = None
    ordered_at: datetime | None = None


@service
def create_order(
    session: Session, who: Context, draft: OrderDraft, *, past_dates_allowed: bool = False
) -> SalesOrder:
    """Book an order. Raises RuleViolation with every fault, Conflict when the number is taken.

    `past_dates_allowed` is for orders that were placed elsewhere and may be overdue already.
    """
    return take_order(session, who, draft, past_dates_allowed=past_dates_allowed)


def take_order(
    session: Session, who: Context, draft: OrderDraft, *, past_dates_allowed: bool = False
) -> SalesOrder:
    """The same within a transaction that does more than this one order."""
    customer, products = _check(session, who, draft, past_dates_allowed)
    lock_products(session, [product.id for product in products.values()])
    order = SalesOrder(
        number=draft.number or next_number(session, "sales_order_number", "SO"),
        customer_id=customer.id,
        ordered_at=draft.ordered_at or who.now,
    )
    session.add(order)
    session.flush()
    for position, one in enumerate(draft.lines, start=1):
        add_line(session, who, order, customer, products[one.sku], one, one.line_number or position)
    record(
        session,
        who,
        "sales_order.created",
        "sales_order",
        order.number,
        after={"customer": customer.code, "lines": len(draft.lines)},
    )
    session.flush()
    return order


def _check(
    session: Session, who: Context, draft: OrderDraft, past_dates_allowed: bool
) -> tuple[Customer, dict[str, Product]]:
    faults: list[Fault | None] = []
    customer = session.scalar(select(Customer).where(Customer.code == draft.customer_code))
    if customer is None:
        faults.append(Fault("customer_code", "not_found", f"There is no customer {draft.customer_code}"))
    if not draft.lines:
        faults.append(Fault("lines", "required", "An order needs at least one line"))
    if len(draft.lines) > MOST_LINES:
        faults.append(Fault("lines", "too_many", f"An order holds at most {MOST_LINES} lines"))
    skus = {one.sku for one in draft.lines}
    products = {each.sku: each for each in session.scalars(select(Product).where(Product.sku.in_(skus)))}
    day_fault = far_date_fault if past_dates_allowed else future_date_fault
    for index, one in enumerate(draft.lines):
        product = products.get(one.sku)
        if product is None:
            faults.append(Fault(f"lines.{index}.sku", "not_found", f"There is no product {one.sku}"))
        faults.append(quantity_fault(f"lines.{index}.quantity", one.quantity, product.unit if product else ""))
        faults.append(day_fault(f"lines.{index}.requested_date", one.requested_date, who.now.date()))
    numbers = [one.line_number for one in draft.lines if one.line_number is not None]
    if len(set(numbers)) < len(numbers):
        faults.append(Fault("lines", "same_number_twice", "Two lines have the same line number"))
    found_faults = [fault for fault in faults if fault]
    if found_faults or customer is None:
        raise RuleViolation(found_faults)
    if draft.number and session.scalar(select(SalesOrder.id).where(SalesOrder.number == draft.number)):
        raise Conflict([Fault("number", "taken", f"There is an order {draft.number} already")])
    return customer, products


def add_line(
    session: Session,
    who: Context,
    order: SalesOrder,
    customer: Customer,
    product: Product,
    draft: OrderLineDraft,
    line_number: int,
) -> SalesOrderLine:
    """One line of a locked product: reserve what is free, open a backorder for the rest."""
    line = SalesOrderLine(
        order_id=order.id,
        line_number=line_number,
        customer_id=customer.id,
        product_id=product.id,
        quantity=draft.quantity,
        requested_date=draft.requested_date,
        unit_price=draft.unit_price if draft.unit_price is not None else product.price,
        currency=product.currency,
    )
    session.add(line)
    session.flush()
    short = _reserve(session, line)
    if short > ZERO:
        turn = priority(customer.tier, draft.requested_date, order.ordered_at.date())
        open_backorder(session, who, line, short, turn, _expected_warehouse(session, product))
    announce(session, f"customer:{customer.id}")
    return line


def _reserve(session: Session, line: SalesOrderLine) -> Decimal:
    """Take free units for a line, from the fullest warehouse first, so that parcels are few. Backorders of
    the product that wait already are served before any new order; what is left short is returned."""
    short = line.quantity
    stocks = session.scalars(
        select(Stock)
        .join(Stock.warehouse)
        .where(Stock.product_id == line.product_id, Stock.on_hand > Stock.allocated)
        .order_by((Stock.on_hand - Stock.allocated).desc(), Warehouse.code)
        .with_for_update(of=Stock)
    )
    for stock in stocks:
        taken = min(short, stock.free)
        if taken <= ZERO:
            break
        stock.allocated += taken
        allocation = Allocation(
            order_line_id=line.id,
            customer_id=line.customer_id,
            product_id=line.product_id,
            warehouse_id=stock.warehouse_id,
            quantity=taken,
        )
        session.add(allocation)
        session.flush()
        put_on_pick_list(session, allocation)
        short -= taken
    return short


def _expected_warehouse(session: Session, product: Product) -> Warehouse:
    """Where a backorder's goods will come to: the product's fullest shelf, else the default warehouse."""
    warehouse = session.scalar(
        select(Warehouse)
        .join(Stock, Stock.warehouse_id == Warehouse.id)
        .where(Stock.product_id == product.id)
        .order_by(Stock.on_hand.desc(), Warehouse.code)
        .limit(1)
    )
    return warehouse or default_warehouse(session)
