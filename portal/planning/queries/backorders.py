"""Backorders for our own people: the list, and one backorder with all that happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from portal import paging
from portal.models import (
    Allocation,
    AllocationRun,
    Backorder,
    BackorderPromise,
    Customer,
    Notice,
    Product,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SalesOrderLine,
    Shipment,
    SoftPeg,
    SupplierAnswer,
)
from portal.planning.queries.exceptions import is_late, needed, waits_for_supplier

ROWS = 25
#: How many entries of each kind a timeline takes in.
STORY = 100


@dataclass(frozen=True)
class Filters:
    """`status` is a backorder's status, `all`, or nothing for what is open."""

    status: str = ""
    sku: str = ""
    customer_code: str = ""
    supplier_code: str = ""
    waiting_on: str = ""
    late: bool = False
    text: str = ""


def page(session: Session, filters: Filters, today: date, cursor: str | None) -> paging.Page[Backorder]:
    """By the customers' priority, then the day the goods are wanted."""
    keys = (Backorder.priority, Backorder.requested_date, Backorder.id)
    query = (
        select(Backorder)
        .join(Backorder.customer)
        .join(Backorder.product)
        .options(
            joinedload(Backorder.customer),
            joinedload(Backorder.product),
            joinedload(Backorder.owner),
            joinedload(Backorder.warehouse),
            joinedload(Backorder.order_line),
        )
        .order_by(*keys)
        .limit(ROWS + 1)
    )
    if filters.status and filters.status != "all":
        query = query.where(Backorder.status == filters.status)
    elif not filters.status:
        query = query.where(Backorder.closed_at.is_(None))
    if filters.sku:
        query = query.where(Product.sku == filters.sku)
    if filters.customer_code:
        query = query.where(Customer.code == filters.customer_code)
    if filters.supplier_code:
        query = query.where(waits_for_supplier(filters.supplier_code))
    if filters.waiting_on:
        query = query.where(Backorder.waiting_on == filters.waiting_on)
    if filters.late:
        query = query.where(is_late(today))
    if filters.text:
        query = query.where(
            or_(
                Backorder.number.icontains(filters.text, autoescape=True),
                Customer.name.icontains(filters.text, autoescape=True),
            )
        )
    after = paging.key_of(cursor, int, date, int)
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*after))
    return paging.page(session.scalars(query).all(), ROWS, lambda row: (row.priority, row.requested_date, row.id))


def whole(session: Session, backorder_id: int) -> Backorder:
    return session.scalars(
        select(Backorder)
        .where(Backorder.id == backorder_id)
        .options(
            joinedload(Backorder.customer),
            joinedload(Backorder.product),
            joinedload(Backorder.owner),
            joinedload(Backorder.warehouse),
            joinedload(Backorder.order_line).joinedload(SalesOrderLine.order),
        )
    ).one()


def ledger(session: Session, backorder_id: int) -> Sequence[BackorderPromise]:
    """The promise ledger, as it was written."""
    return session.scalars(
        select(BackorderPromise)
        .where(BackorderPromise.backorder_id == backorder_id)
        .order_by(BackorderPromise.id)
        .limit(STORY)
    ).all()


def notices(session: Session, backorder_id: int) -> Sequence[Notice]:
    return session.scalars(
        select(Notice).where(Notice.backorder_id == backorder_id).order_by(Notice.id.desc()).limit(STORY)
    ).all()


def pegs(session: Session, backorder_id: int) -> Sequence[SoftPeg]:
    """The supply that is planned for a backorder, earliest first."""
    return session.scalars(
        select(SoftPeg)
        .join(SoftPeg.schedule)
        .where(SoftPeg.backorder_id == backorder_id)
        .options(
            joinedload(SoftPeg.schedule)
            .joinedload(PurchaseOrderSchedule.line)
            .joinedload(PurchaseOrderLine.supplier),
        )
        .order_by(PurchaseOrderSchedule.due_date, PurchaseOrderSchedule.id)
        .limit(STORY)
    ).all()


def allocations(session: Session, backorder_id: int) -> Sequence[Allocation]:
    """The hard pegs, oldest first."""
    return session.scalars(
        select(Allocation)
        .where(Allocation.backorder_id == backorder_id)
        .options(joinedload(Allocation.warehouse), joinedload(Allocation.line))
        .order_by(Allocation.id)
        .limit(STORY)
    ).all()


def shipments(session: Session, backorder_id: int) -> Sequence[Shipment]:
    return session.scalars(
        select(Shipment).where(Shipment.backorder_id == backorder_id).order_by(Shipment.id).limit(STORY)
    ).all()


def answers(session: Session, line_ids: set[int]) -> Sequence[SupplierAnswer]:
    """What suppliers said to the lines that fill, or filled, a backorder."""
    return session.scalars(
        select(SupplierAnswer)
        .where(SupplierAnswer.line_id.in_(line_ids))
        .options(joinedload(SupplierAnswer.line))
        .order_by(SupplierAnswer.id.desc())
        .limit(STORY)
    ).all()


def runs(session: Session, backorder: Backorder, limit: int = 5) -> Sequence[AllocationRun]:
    """The newest decisions about goods that this backorder stood in line for, also where it got nothing."""
    return session.scalars(
        select(AllocationRun)
        .where(
            AllocationRun.product_id == backorder.product_id,
            AllocationRun.inputs.contains({"waiting": [{"backorder": backorder.number}]}),
        )
        .options(joinedload(AllocationRun.warehouse))
        .order_by(AllocationRun.id.desc())
        .limit(limit)
    ).all()


def others_in_turn(session: Session, backorder: Backorder) -> tuple[int, Decimal]:
    """How many others wait for the same product, and for how much: those whom a cancelled one helps."""
    count, quantity = session.execute(
        select(func.count(), func.coalesce(func.sum(needed()), 0)).where(
            Backorder.product_id == backorder.product_id,
            Backorder.closed_at.is_(None),
            Backorder.id != backorder.id,
            needed() > 0,
        )
    ).one()
    return count, Decimal(quantity)
