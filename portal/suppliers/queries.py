"""What the supplier's desk reads. Row-level security holds every query to the supplier's own rows; the
supplier is named all the same, so that the index of the queue is used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from domain.replenishment import LineStatus
from portal import paging
from portal.models import (
    Product,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    Receipt,
    SupplierAnswer,
    SupplyPromise,
)

#: Days ahead within which a promised delivery counts as coming due.
SOON_DAYS = 7
ROWS = 25

Line = PurchaseOrderLine
OPEN = (
    LineStatus.AWAITING_SUPPLIER,
    LineStatus.AWAITING_BUYER,
    LineStatus.CONFIRMED,
    LineStatus.PARTIALLY_RECEIVED,
)
COMING = (LineStatus.CONFIRMED, LineStatus.PARTIALLY_RECEIVED)


class Tab(StrEnum):
    ANSWER = "answer"
    AGAIN = "again"
    DUE = "due"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True)
class Filters:
    tab: Tab
    #: Part of a purchase order number or SKU.
    text: str = ""
    #: Only lines that customers wait for.
    waited_for: bool = False


def _asked_again() -> ColumnElement[bool]:
    """The buyer turned down what was proposed and asks once more."""
    return exists().where(
        SupplierAnswer.line_id == Line.id,
        SupplierAnswer.decision == "reject",
        SupplierAnswer.decided_at >= Line.asked_at,
    )


def _due_soon(today: date) -> ColumnElement[bool]:
    return exists().where(
        PurchaseOrderSchedule.line_id == Line.id,
        PurchaseOrderSchedule.replaced_at.is_(None),
        PurchaseOrderSchedule.received_quantity < PurchaseOrderSchedule.quantity,
        PurchaseOrderSchedule.due_date <= today + timedelta(days=SOON_DAYS),
    )


def _belongs(tab: Tab, today: date) -> ColumnElement[bool]:
    asked = Line.status == LineStatus.AWAITING_SUPPLIER
    coming = Line.status.in_(COMING)
    match tab:
        case Tab.ANSWER:
            return and_(asked, ~_asked_again())
        case Tab.AGAIN:
            return and_(asked, _asked_again())
        case Tab.DUE:
            return and_(coming, _due_soon(today))
        case Tab.WAITING:
            return Line.status == LineStatus.AWAITING_BUYER
    return or_(Line.status.notin_(OPEN), and_(coming, ~_due_soon(today)))


def counts(session: Session, supplier_id: int, today: date) -> dict[Tab, int]:
    """How many lines each tab holds; what is done is not counted, since it only grows."""
    tabs = [tab for tab in Tab if tab is not Tab.DONE]
    row = session.execute(
        select(*(func.count().filter(_belongs(tab, today)) for tab in tabs)).where(
            Line.supplier_id == supplier_id, Line.status.in_(OPEN)
        )
    ).one()
    return dict(zip(tabs, row, strict=True))


def _order(tab: Tab) -> tuple[list[ColumnElement[Any]], tuple[type, ...]]:
    """What hurts most first: escalated lines, then the earliest date. What is done: newest first."""
    if tab is Tab.DONE:
        return [-Line.id], (int,)
    day = func.coalesce(Line.promised_date, Line.requested_date) if tab is Tab.DUE else Line.requested_date
    return [case((Line.escalated, 0), else_=1), day, Line.id], (int, date, int)


def lines(
    session: Session, supplier_id: int, filters: Filters, today: date, cursor: str | None
) -> paging.Page[PurchaseOrderLine]:
    keys, types = _order(filters.tab)
    query = (
        select(Line, *keys)
        .join(Line.product)
        .where(Line.supplier_id == supplier_id, _belongs(filters.tab, today))
        .options(joinedload(Line.product), selectinload(Line.schedule))
        .order_by(*keys)
        .limit(ROWS + 1)
    )
    if filters.text:
        query = query.where(
            or_(
                Line.po_number.icontains(filters.text, autoescape=True),
                Product.sku.icontains(filters.text, autoescape=True),
            )
        )
    if filters.waited_for:
        query = query.where(Line.waiting_customers > 0)
    after = paging.key_of(cursor, *types)
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*after))
    page = paging.page(session.execute(query).all(), ROWS, lambda row: tuple(row[1:]))
    return paging.Page([row[0] for row in page.items], page.next_cursor)


def lines_by_id(session: Session, supplier_id: int, ids: list[int]) -> dict[int, PurchaseOrderLine]:
    """Those of the supplier's lines that have one of these ids."""
    rows = session.scalars(
        select(Line)
        .where(Line.supplier_id == supplier_id, Line.id.in_(ids))
        .options(joinedload(Line.product), selectinload(Line.schedule))
    )
    return {row.id: row for row in rows}


def ledger(session: Session, line_id: int) -> list[SupplyPromise]:
    """The promise ledger of a line, as it was written."""
    return list(
        session.scalars(
            select(SupplyPromise).where(SupplyPromise.line_id == line_id).order_by(SupplyPromise.id).limit(500)
        )
    )


def receipts(session: Session, line_id: int) -> list[Receipt]:
    return list(
        session.scalars(
            select(Receipt)
            .where(Receipt.line_id == line_id)
            .options(joinedload(Receipt.warehouse))
            .order_by(Receipt.id.desc())
            .limit(100)
        )
    )


def said(session: Session, line_id: int) -> list[SupplierAnswer]:
    """What was answered to a line, newest first."""
    return list(
        session.scalars(
            select(SupplierAnswer)
            .where(SupplierAnswer.line_id == line_id)
            .order_by(SupplierAnswer.id.desc())
            .limit(100)
        )
    )
