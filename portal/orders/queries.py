"""What the pages about orders read. Row-level security narrows every one of these to whose rows they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from domain.notices import CUSTOMER_KINDS, NoticeStatus
from portal.models import (
    Allocation,
    Backorder,
    BackorderPromise,
    Customer,
    Notice,
    SalesOrder,
    SalesOrderLine,
    Shipment,
)
from portal.paging import Page, key_of, page

ZERO = Decimal(0)
PAGE = 30

#: Notices that reached, or will reach, the customer: what was taken back was never said.
SAID = (NoticeStatus.SENT, NoticeStatus.SENDING, NoticeStatus.REFUSED)


@dataclass(frozen=True)
class Line:
    """An order line with all that its readers ask of it. `reserved` is None where a customer reads."""

    line: SalesOrderLine
    parcels: Sequence[Shipment]
    reserved: Decimal | None = None

    @property
    def backorder(self) -> Backorder | None:
        return self.line.backorder

    @property
    def delivered(self) -> Decimal:
        return sum((each.quantity for each in self.parcels if each.delivered_at is not None), ZERO)

    @property
    def shipped(self) -> Decimal:
        return sum((each.quantity for each in self.parcels), ZERO)

    @property
    def from_stock(self) -> Decimal:
        """What was reserved when the order was taken."""
        return self.line.quantity - (self.line.backorder.quantity if self.line.backorder else ZERO)


def _delivered() -> Any:
    return (
        select(func.coalesce(func.sum(Shipment.quantity), 0))
        .where(Shipment.order_line_id == SalesOrderLine.id, Shipment.delivered_at.is_not(None))
        .correlate(SalesOrderLine)
        .scalar_subquery()
    )


def own_lines(session: Session, customer_id: int, *, only_open: bool, after: str | None) -> Page[Line]:
    """A customer's order lines, newest first; `only_open`: those of which something is still to come."""
    query = (
        select(SalesOrderLine)
        .outerjoin(SalesOrderLine.backorder)
        .options(
            contains_eager(SalesOrderLine.backorder),
            joinedload(SalesOrderLine.order),
            joinedload(SalesOrderLine.product),
        )
        .where(SalesOrderLine.customer_id == customer_id)
        .order_by(SalesOrderLine.id.desc())
        .limit(PAGE + 1)
    )
    if only_open:
        owed = SalesOrderLine.quantity - func.coalesce(Backorder.cancelled_quantity, 0)
        query = query.where(owed > _delivered())
    key = key_of(after, int)
    if key:
        query = query.where(SalesOrderLine.id < key[0])
    found = page(session.scalars(query).unique().all(), PAGE, lambda line: (line.id,))
    parcels = parcels_of(session, [line.id for line in found.items])
    return Page([Line(line, parcels[line.id]) for line in found.items], found.next_cursor)


def parcels_of(session: Session, line_ids: Sequence[int]) -> dict[int, list[Shipment]]:
    """Parcels by order line, oldest first."""
    found: dict[int, list[Shipment]] = defaultdict(list)
    if line_ids:
        query = select(Shipment).where(Shipment.order_line_id.in_(line_ids)).order_by(Shipment.id)
        for each in session.scalars(query):
            found[each.order_line_id].append(each)
    return found


def lines_of(session: Session, order: SalesOrder, *, with_stock: bool) -> list[Line]:
    """The lines of one order; `with_stock` adds what is reserved, which only staff may see."""
    lines = session.scalars(
        select(SalesOrderLine)
        .where(SalesOrderLine.order_id == order.id)
        .options(joinedload(SalesOrderLine.product), joinedload(SalesOrderLine.backorder))
        .order_by(SalesOrderLine.line_number)
    ).all()
    ids = [line.id for line in lines]
    parcels = parcels_of(session, ids)
    reserved: dict[int, Decimal] = {}
    if with_stock:
        left = Allocation.quantity - Allocation.shipped_quantity - Allocation.released_quantity
        rows = session.execute(
            select(Allocation.order_line_id, func.sum(left))
            .where(Allocation.order_line_id.in_(ids))
            .group_by(Allocation.order_line_id)
        )
        reserved = {row[0]: row[1] for row in rows}
    return [Line(line, parcels[line.id], reserved.get(line.id, ZERO) if with_stock else None) for line in lines]


def promises_of(session: Session, backorder: Backorder) -> Sequence[BackorderPromise]:
    """The promise ledger of a backorder, oldest first."""
    return session.scalars(
        select(BackorderPromise).where(BackorderPromise.backorder_id == backorder.id).order_by(BackorderPromise.id)
    ).all()


def said_of(session: Session, backorder: Backorder) -> Sequence[Notice]:
    """What the customer was written about a backorder, newest first."""
    return session.scalars(
        select(Notice)
        .where(
            Notice.backorder_id == backorder.id,
            Notice.kind.in_(CUSTOMER_KINDS),
            Notice.status.in_(SAID),
        )
        .order_by(Notice.id.desc())
        .limit(50)
    ).all()


@dataclass(frozen=True)
class OrderFilter:
    """What the list of orders is narrowed to; as in its URL."""

    customer: str = ""
    sku: str = ""
    state: str = ""
    since: date | None = None


@dataclass
class OrderRow:
    order: SalesOrder
    lines: int = 0
    short: int = 0
    latest: date | None = None
    undated: bool = False
    products: list[str] = field(default_factory=list)


def orders(session: Session, wanted: OrderFilter, after: str | None) -> Page[OrderRow]:
    """Orders, newest first, each with what of it is short and when the last of it is promised."""
    query = (
        select(SalesOrder).options(joinedload(SalesOrder.customer)).order_by(SalesOrder.id.desc()).limit(PAGE + 1)
    )
    query = _narrowed(query, wanted)
    key = key_of(after, int)
    if key:
        query = query.where(SalesOrder.id < key[0])
    found = page(session.scalars(query).all(), PAGE, lambda order: (order.id,))
    rows = {order.id: OrderRow(order) for order in found.items}
    lines = session.scalars(
        select(SalesOrderLine)
        .where(SalesOrderLine.order_id.in_(rows))
        .options(selectinload(SalesOrderLine.backorder), joinedload(SalesOrderLine.product))
        .order_by(SalesOrderLine.order_id, SalesOrderLine.line_number)
    )
    for line in lines:
        _count(rows[line.order_id], line)
    return Page(list(rows.values()), found.next_cursor)


def _count(row: OrderRow, line: SalesOrderLine) -> None:
    row.lines += 1
    row.products.append(line.product.sku)
    backorder = line.backorder
    if backorder is not None and backorder.closed_at is None:
        row.short += 1
        if backorder.promised_date is None:
            row.undated = True
        elif row.latest is None or backorder.promised_date > row.latest:
            row.latest = backorder.promised_date


def _narrowed(query: Select[Any], wanted: OrderFilter) -> Select[Any]:
    open_ones = (
        select(Backorder.id)
        .join(Backorder.order_line)
        .where(SalesOrderLine.order_id == SalesOrder.id, Backorder.closed_at.is_(None))
        .correlate(SalesOrder)
    )
    if wanted.customer:
        query = query.where(
            SalesOrder.customer_id.in_(select(Customer.id).where(Customer.code == wanted.customer))
        )
    if wanted.sku:
        query = query.where(
            SalesOrder.lines.any(SalesOrderLine.product.has(sku=wanted.sku)),
        )
    if wanted.state == "short":
        query = query.where(open_ones.exists())
    elif wanted.state == "late":
        query = query.where(open_ones.where(Backorder.promised_date < func.current_date()).exists())
    if wanted.since:
        query = query.where(SalesOrder.ordered_at >= wanted.since)
    return query
