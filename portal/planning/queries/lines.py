"""Purchase order lines for our own people: the list, and one line with all that hangs on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from domain.replenishment import LineStatus
from portal import paging
from portal.models import (
    AuditEvent,
    Backorder,
    Notice,
    Product,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SoftPeg,
    Supplier,
    SupplierAnswer,
    Warehouse,
)

ROWS = 25
Line = PurchaseOrderLine
AWAITING = {"supplier": LineStatus.AWAITING_SUPPLIER, "buyer": LineStatus.AWAITING_BUYER}


@dataclass(frozen=True)
class Filters:
    """`status` is a line's status, `all`, or nothing for what is open. `text` is part of an order's number."""

    awaiting: str = ""
    supplier_code: str = ""
    sku: str = ""
    status: str = ""
    text: str = ""
    late: bool = False


def page(session: Session, filters: Filters, today: date, cursor: str | None) -> paging.Page[PurchaseOrderLine]:
    """The earliest date first: what was promised, else what was asked for."""
    keys: tuple[Any, ...] = (func.coalesce(Line.promised_date, Line.requested_date), Line.id)
    query = (
        select(Line, keys[0])
        .options(joinedload(Line.product), joinedload(Line.supplier))
        .order_by(*keys)
        .limit(ROWS + 1)
    )
    if filters.awaiting:
        query = query.where(Line.status == AWAITING.get(filters.awaiting, filters.awaiting))
    if filters.status and filters.status != "all":
        query = query.where(Line.status == filters.status)
    elif not filters.status:
        query = query.where(Line.closed_at.is_(None))
    if filters.supplier_code:
        query = query.join(Supplier, Supplier.id == Line.supplier_id).where(Supplier.code == filters.supplier_code)
    if filters.sku:
        query = query.join(Product, Product.id == Line.product_id).where(Product.sku == filters.sku)
    if filters.text:
        query = query.where(Line.po_number.icontains(filters.text, autoescape=True))
    if filters.late:
        query = query.where(Line.closed_at.is_(None), keys[0] < today)
    after = paging.key_of(cursor, date, int)
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*after))
    found = paging.page(session.execute(query).all(), ROWS, lambda row: (row[1], row[0].id))
    return paging.Page([row[0] for row in found.items], found.next_cursor)


def pegged(session: Session, line_id: int) -> Sequence[SoftPeg]:
    """What is planned for whom, in the customers' turn."""
    return session.scalars(
        select(SoftPeg)
        .join(SoftPeg.schedule)
        .join(SoftPeg.backorder)
        .where(PurchaseOrderSchedule.line_id == line_id)
        .options(
            joinedload(SoftPeg.schedule),
            joinedload(SoftPeg.backorder).joinedload(Backorder.customer),
            joinedload(SoftPeg.backorder).joinedload(Backorder.order_line),
        )
        .order_by(Backorder.priority, Backorder.ordered_at, Backorder.id, PurchaseOrderSchedule.due_date)
        .limit(200)
    ).all()


def notices(session: Session, line_id: int) -> Sequence[Notice]:
    return session.scalars(
        select(Notice).where(Notice.line_id == line_id).order_by(Notice.id.desc()).limit(100)
    ).all()


def audit(session: Session, entity: str, key: str) -> Sequence[AuditEvent]:
    """The newest events of a thing."""
    return session.scalars(
        select(AuditEvent)
        .where(AuditEvent.entity == entity, AuditEvent.entity_key == key)
        .order_by(AuditEvent.id.desc())
        .limit(100)
    ).all()


def with_buyer(session: Session, line_id: int) -> PurchaseOrderLine:
    return session.scalars(
        select(Line)
        .where(Line.id == line_id)
        .options(
            joinedload(Line.order).joinedload(PurchaseOrder.buyer),
            joinedload(Line.product),
            joinedload(Line.supplier),
            joinedload(Line.warehouse),
            selectinload(Line.schedule),
        )
    ).one()


def supplier(session: Session, code: str) -> Supplier | None:
    return session.scalar(select(Supplier).where(Supplier.code == code))


def open_of_supplier(session: Session, supplier_id: int, limit: int = 20) -> Sequence[PurchaseOrderLine]:
    """A supplier's open lines: those it has to answer first, then by date."""
    return session.scalars(
        select(Line)
        .where(Line.supplier_id == supplier_id, Line.closed_at.is_(None))
        .options(joinedload(Line.product), joinedload(Line.supplier))
        .order_by(
            case((Line.status == LineStatus.AWAITING_SUPPLIER, 0), else_=1),
            func.coalesce(Line.promised_date, Line.requested_date),
            Line.id,
        )
        .limit(limit)
    ).all()


def counts_of_supplier(session: Session, supplier_id: int, today: date) -> dict[str, int]:
    """Open lines, those unanswered, those to decide, those late, and the customers who wait."""
    row = session.execute(
        select(
            func.count(),
            func.count().filter(Line.status == LineStatus.AWAITING_SUPPLIER),
            func.count().filter(Line.status == LineStatus.AWAITING_BUYER),
            func.count().filter(func.coalesce(Line.promised_date, Line.requested_date) < today),
        ).where(Line.supplier_id == supplier_id, Line.closed_at.is_(None))
    ).one()
    return dict(zip(("open", "supplier", "buyer", "late"), row, strict=True))


def answers_of_supplier(session: Session, supplier_id: int, limit: int = 20) -> Sequence[SupplierAnswer]:
    return session.scalars(
        select(SupplierAnswer)
        .where(SupplierAnswer.supplier_id == supplier_id)
        .options(joinedload(SupplierAnswer.line).joinedload(Line.product))
        .order_by(SupplierAnswer.id.desc())
        .limit(limit)
    ).all()


def warehouses(session: Session) -> Sequence[Warehouse]:
    return session.scalars(
        select(Warehouse).order_by(Warehouse.is_default.desc(), Warehouse.code).limit(200)
    ).all()
