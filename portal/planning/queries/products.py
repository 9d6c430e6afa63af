"""One product: what lies where, what is to come, who waits in which turn, what may be offered instead."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from portal.models import (
    Backorder,
    Product,
    ProductAlternative,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    Stock,
)
from portal.planning.queries.exceptions import needed

MOST = 100


def by_sku(session: Session, sku: str) -> Product | None:
    return session.scalar(
        select(Product).where(Product.sku == sku).options(joinedload(Product.preferred_supplier))
    )


def stock(session: Session, product_id: int) -> Sequence[Stock]:
    return session.scalars(
        select(Stock)
        .where(Stock.product_id == product_id)
        .options(joinedload(Stock.warehouse))
        .order_by(Stock.warehouse_id)
    ).all()


def supply(session: Session, product_id: int) -> Sequence[PurchaseOrderSchedule]:
    """What is still to come, earliest first."""
    return session.scalars(
        select(PurchaseOrderSchedule)
        .join(PurchaseOrderSchedule.line)
        .where(
            PurchaseOrderLine.product_id == product_id,
            PurchaseOrderLine.closed_at.is_(None),
            PurchaseOrderSchedule.replaced_at.is_(None),
            PurchaseOrderSchedule.received_quantity < PurchaseOrderSchedule.quantity,
        )
        .options(
            joinedload(PurchaseOrderSchedule.line).joinedload(PurchaseOrderLine.supplier),
            joinedload(PurchaseOrderSchedule.line).joinedload(PurchaseOrderLine.warehouse),
        )
        .order_by(PurchaseOrderSchedule.due_date, PurchaseOrderSchedule.id)
        .limit(MOST)
    ).all()


def waiting(session: Session, product_id: int) -> Sequence[Backorder]:
    """Who still needs some of it, in their turn."""
    return session.scalars(
        select(Backorder)
        .where(Backorder.product_id == product_id, Backorder.closed_at.is_(None), needed() > 0)
        .options(joinedload(Backorder.customer))
        .order_by(Backorder.priority, Backorder.ordered_at, Backorder.id)
        .limit(MOST)
    ).all()


def alternatives(session: Session, product_id: int) -> list[tuple[Product, Decimal]]:
    """What may be offered instead, best first, with what of it is free everywhere."""
    free = (
        select(Stock.product_id, func.sum(Stock.on_hand - Stock.allocated).label("free"))
        .group_by(Stock.product_id)
        .subquery()
    )
    rows = session.execute(
        select(Product, func.coalesce(free.c.free, 0))
        .join(ProductAlternative, ProductAlternative.alternative_id == Product.id)
        .outerjoin(free, free.c.product_id == Product.id)
        .where(ProductAlternative.product_id == product_id)
        .order_by(ProductAlternative.rank)
        .limit(MOST)
    ).all()
    return [(product, Decimal(quantity)) for product, quantity in rows]


def uncovered(session: Session, product_id: int) -> Decimal:
    """What of all open backorders of a product no supply covers."""
    total = session.scalar(
        select(func.coalesce(func.sum(Backorder.uncovered_quantity), 0)).where(
            Backorder.product_id == product_id, Backorder.closed_at.is_(None)
        )
    )
    return Decimal(total or 0)
