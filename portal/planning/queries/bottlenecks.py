"""Where supply is short: by supplier and by product, the worst first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import CTE, Date, Integer, case, cast, distinct, func, select
from sqlalchemy.orm import Session

from portal.models import (
    Backorder,
    Product,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SalesOrderLine,
    SoftPeg,
    Supplier,
)
from portal.planning.amounts import Sums
from portal.planning.queries.exceptions import needed

ROWS = 10


@dataclass(frozen=True)
class Bottleneck:
    """How much hangs on one supplier or product. Days late: the worst, from wanted to promised."""

    code: str
    name: str
    short: Sums
    days_late: int
    customers: int
    money: Sums


def _days_late(today: date) -> Any:
    expected = func.greatest(func.coalesce(Backorder.promised_date, today), today)
    return cast(func.greatest(cast(expected, Date) - Backorder.requested_date, 0), Integer)


def by_supplier(session: Session, today: date) -> list[Bottleneck]:
    """What open backorders are planned to get from each supplier."""
    shares = (
        select(
            Supplier.code.label("code"),
            Supplier.name.label("name"),
            Product.unit.label("unit"),
            SalesOrderLine.currency.label("currency"),
            Backorder.customer_id.label("customer_id"),
            SoftPeg.quantity.label("short"),
            (SoftPeg.quantity * func.coalesce(SalesOrderLine.unit_price, 0)).label("value"),
            _days_late(today).label("days_late"),
        )
        .select_from(SoftPeg)
        .join(PurchaseOrderSchedule, PurchaseOrderSchedule.id == SoftPeg.schedule_id)
        .join(PurchaseOrderLine, PurchaseOrderLine.id == PurchaseOrderSchedule.line_id)
        .join(Supplier, Supplier.id == PurchaseOrderLine.supplier_id)
        .join(Backorder, Backorder.id == SoftPeg.backorder_id)
        .join(SalesOrderLine, SalesOrderLine.id == Backorder.order_line_id)
        .join(Product, Product.id == Backorder.product_id)
        .where(Backorder.closed_at.is_(None))
        .cte("shares")
    )
    return _worst(session, shares)


def by_product(session: Session, today: date) -> list[Bottleneck]:
    """What open backorders still need of each product."""
    shares = (
        select(
            Product.sku.label("code"),
            Product.name.label("name"),
            Product.unit.label("unit"),
            SalesOrderLine.currency.label("currency"),
            Backorder.customer_id.label("customer_id"),
            needed().label("short"),
            (needed() * func.coalesce(SalesOrderLine.unit_price, 0)).label("value"),
            _days_late(today).label("days_late"),
        )
        .select_from(Backorder)
        .join(SalesOrderLine, SalesOrderLine.id == Backorder.order_line_id)
        .join(Product, Product.id == Backorder.product_id)
        .where(Backorder.closed_at.is_(None), needed() > 0)
        .cte("shares")
    )
    return _worst(session, shares)


def _worst(session: Session, shares: CTE) -> list[Bottleneck]:
    """Those on which late customers hang first, then those with the most customers."""
    late = case((shares.c.days_late > 0, shares.c.customer_id))
    order = (
        func.count(distinct(late)).desc(),
        func.count(distinct(shares.c.customer_id)).desc(),
        func.max(shares.c.days_late).desc(),
        shares.c.code,
    )
    heads = session.execute(
        select(
            shares.c.code,
            shares.c.name,
            func.max(shares.c.days_late),
            func.count(distinct(shares.c.customer_id)),
        )
        .group_by(shares.c.code, shares.c.name)
        .order_by(*order)
        .limit(ROWS)
    ).all()
    amounts: dict[str, list[Sequence[Any]]] = defaultdict(list)
    for row in session.execute(
        select(
            shares.c.code,
            shares.c.unit,
            shares.c.currency,
            func.sum(shares.c.short),
            func.sum(shares.c.value),
        )
        .where(shares.c.code.in_([head[0] for head in heads]))
        .group_by(shares.c.code, shares.c.unit, shares.c.currency)
    ):
        amounts[row[0]].append(row)
    return [
        Bottleneck(
            code,
            name,
            short=Sums.of((row[1], row[3]) for row in amounts[code]),
            days_late=days_late,
            customers=customers,
            money=Sums.of((row[2], row[4]) for row in amounts[code]),
        )
        for code, name, days_late, customers in heads
    ]
