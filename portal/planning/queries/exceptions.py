"""What needs a planner: found, counted, weighed and ordered by the database.

A *kind* says what is wrong with a *thing* (a purchase order line or a backorder). A thing may be wrong in
several ways and then stands under each kind, and once, under the most pressing, in the list of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    Date,
    Integer,
    Select,
    and_,
    cast,
    distinct,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from domain.replenishment import LineStatus
from portal import paging
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

ROWS = 25
Line = PurchaseOrderLine
LINE, BACKORDER = "line", "backorder"
#: The priority of what nobody waits for: after all who do.
NOBODY_WAITS = 10


class Kind(StrEnum):
    """In the order in which they press: what stops others, then what is worst for the customer."""

    PROPOSED = "proposed"
    UNANSWERED = "unanswered"
    UNCOVERED = "uncovered"
    LATE = "late"
    SLIPPED = "slipped"
    MAIL = "mail"


ALL = "all"


@dataclass(frozen=True)
class Filters:
    supplier_code: str = ""
    sku: str = ""


@dataclass(frozen=True)
class Found:
    """Which thing, why it is here, and how much it hurts."""

    kind: Kind
    thing: str
    id: int
    priority: int
    days_late: int
    value: Decimal


@dataclass(frozen=True)
class Tally:
    count: int
    money: Sums


def owed() -> Any:
    """What of a backorder has not left the building."""
    return Backorder.quantity - Backorder.cancelled_quantity - Backorder.shipped_quantity


def needed() -> Any:
    """What of a backorder still has to be allocated."""
    return owed() - Backorder.allocated_quantity


def _lateness(today: date) -> Any:
    """Days from the day a customer wanted the goods to the day they can have them, never negative."""
    expected = func.greatest(func.coalesce(Backorder.promised_date, today), today)
    return func.greatest(cast(expected, Date) - Backorder.requested_date, 0)


def _pegged() -> Select[Any]:
    """One row a peg: a line, a backorder that waits for it, and what the pegged quantity is worth."""
    return (
        select(
            PurchaseOrderSchedule.line_id.label("line_id"),
            SalesOrderLine.currency,
            (SoftPeg.quantity * func.coalesce(SalesOrderLine.unit_price, 0)).label("value"),
        )
        .select_from(SoftPeg)
        .join(PurchaseOrderSchedule, PurchaseOrderSchedule.id == SoftPeg.schedule_id)
        .join(Backorder, Backorder.id == SoftPeg.backorder_id)
        .join(SalesOrderLine, SalesOrderLine.id == Backorder.order_line_id)
    )


def _lines(kind: Kind, condition: Any, today: date, filters: Filters) -> Select[Any]:
    weights = (
        _pegged()
        .add_columns(Backorder.priority, _lateness(today).label("days_late"))
        .subquery(f"pegged_{kind.value}")
    )
    behind = (
        select(
            weights.c.line_id,
            func.min(weights.c.priority).label("priority"),
            func.max(weights.c.days_late).label("days_late"),
            func.sum(weights.c.value).label("value"),
        )
        .group_by(weights.c.line_id)
        .subquery(f"behind_{kind.value}")
    )
    query = (
        select(
            literal(kind.value).label("kind"),
            literal(list(Kind).index(kind)).label("rank"),
            literal(LINE).label("thing"),
            Line.id.label("id"),
            func.coalesce(behind.c.priority, NOBODY_WAITS).label("priority"),
            cast(
                func.coalesce(behind.c.days_late, func.greatest(literal(today) - Line.requested_date, 0)), Integer
            ).label("days_late"),
            func.coalesce(behind.c.value, 0).label("value"),
        )
        .outerjoin(behind, behind.c.line_id == Line.id)
        .where(Line.closed_at.is_(None), condition)
    )
    if filters.supplier_code:
        query = query.join(Supplier, Supplier.id == Line.supplier_id).where(Supplier.code == filters.supplier_code)
    if filters.sku:
        query = query.join(Product, Product.id == Line.product_id).where(Product.sku == filters.sku)
    return query


def waits_for_supplier(code: str) -> Any:
    """Whether a backorder is planned to be filled by a supplier."""
    return exists().where(
        SoftPeg.backorder_id == Backorder.id,
        SoftPeg.schedule_id == PurchaseOrderSchedule.id,
        PurchaseOrderSchedule.supplier_id == Supplier.id,
        Supplier.code == code,
    )


def is_late(today: date) -> Any:
    """Whether the day a backorder was promised (or wanted) for has passed with goods still owed."""
    return and_(
        Backorder.closed_at.is_(None),
        owed() > 0,
        func.coalesce(Backorder.promised_date, Backorder.requested_date) < today,
    )


def _backorders(kind: Kind, condition: Any, today: date, filters: Filters) -> Select[Any]:
    query = (
        select(
            literal(kind.value).label("kind"),
            literal(list(Kind).index(kind)).label("rank"),
            literal(BACKORDER).label("thing"),
            Backorder.id.label("id"),
            Backorder.priority.label("priority"),
            cast(_lateness(today), Integer).label("days_late"),
            (owed() * func.coalesce(SalesOrderLine.unit_price, 0)).label("value"),
        )
        .join(SalesOrderLine, SalesOrderLine.id == Backorder.order_line_id)
        .where(Backorder.closed_at.is_(None), condition)
    )
    if filters.supplier_code:
        query = query.where(waits_for_supplier(filters.supplier_code))
    if filters.sku:
        query = query.join(Product, Product.id == Backorder.product_id).where(Product.sku == filters.sku)
    return query


def _exceptions(today: date, filters: Filters) -> CTE:
    """Every exception under its kind, and every thing once more under `all`."""
    asked = Line.status == LineStatus.AWAITING_SUPPLIER
    slipped = or_(
        Backorder.promised_date > Backorder.original_promised_date,
        Backorder.promised_date > Backorder.requested_date,
    )
    each = union_all(
        _lines(Kind.PROPOSED, Line.status == LineStatus.AWAITING_BUYER, today, filters),
        _lines(Kind.UNANSWERED, and_(asked, or_(Line.reminders > 0, Line.escalated)), today, filters),
        _lines(Kind.MAIL, Line.notice_risk.is_not(None), today, filters),
        _backorders(Kind.UNCOVERED, Backorder.uncovered_quantity > 0, today, filters),
        _backorders(Kind.LATE, is_late(today), today, filters),
        _backorders(Kind.SLIPPED, and_(owed() > 0, slipped), today, filters),
        _backorders(Kind.MAIL, Backorder.notice_risk.is_not(None), today, filters),
    ).cte("each_kind")
    once = (
        select(
            literal(ALL).label("list"),
            each.c.kind,
            each.c.thing,
            each.c.id,
            each.c.priority,
            each.c.days_late,
            each.c.value,
        )
        .ext(distinct_on(each.c.thing, each.c.id))
        .order_by(each.c.thing, each.c.id, each.c.rank)
        .subquery("once")
    )
    by_kind = select(
        each.c.kind.label("list"),
        each.c.kind,
        each.c.thing,
        each.c.id,
        each.c.priority,
        each.c.days_late,
        each.c.value,
    )
    return union_all(by_kind, select(once)).cte("exceptions")


def tallies(session: Session, today: date, filters: Filters) -> dict[str, Tally]:
    """How many exceptions each list holds, and the money behind them. Lists: each Kind's value, and ALL."""
    found = _exceptions(today, filters)
    pegs = _pegged().subquery("pegs")
    money = union_all(
        select(
            literal(BACKORDER).label("thing"),
            Backorder.id.label("id"),
            SalesOrderLine.currency.label("currency"),
            (owed() * func.coalesce(SalesOrderLine.unit_price, 0)).label("value"),
        )
        .join(SalesOrderLine, SalesOrderLine.id == Backorder.order_line_id)
        .where(Backorder.closed_at.is_(None)),
        select(literal(LINE), pegs.c.line_id, pegs.c.currency, pegs.c.value),
    ).subquery("money")
    rows = session.execute(
        select(
            found.c.list,
            money.c.currency,
            func.count(distinct(tuple_(found.c.thing, found.c.id))),
            func.sum(money.c.value),
        )
        .outerjoin(money, and_(money.c.thing == found.c.thing, money.c.id == found.c.id))
        .group_by(func.grouping_sets(tuple_(found.c.list), tuple_(found.c.list, money.c.currency)))
        .add_columns(func.grouping(money.c.currency))
    ).all()
    counts = {row[0]: row[2] for row in rows if row[4] == 1}
    return {
        name: Tally(counts.get(name, 0), Sums.of((row[1], row[3]) for row in rows if row[0] == name and row[1]))
        for name in (ALL, *Kind)
    }


def page(session: Session, which: str, today: date, filters: Filters, cursor: str | None) -> paging.Page[Found]:
    """One list, what hurts most first: the customers' priority, then days late, then the money behind it
    (figures of different currencies are compared as they are)."""
    found = _exceptions(today, filters)
    keys = (found.c.priority, -found.c.days_late, -found.c.value, found.c.thing, found.c.id)
    query = select(found).where(found.c.list == which).order_by(*keys).limit(ROWS + 1)
    after = paging.key_of(cursor, int, int, Decimal, str, int)
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*after))
    rows: Sequence[Found] = [
        Found(Kind(row.kind), row.thing, row.id, row.priority, row.days_late, row.value)
        for row in session.execute(query)
    ]
    return paging.page(rows, ROWS, lambda row: (row.priority, -row.days_late, -row.value, row.thing, row.id))
