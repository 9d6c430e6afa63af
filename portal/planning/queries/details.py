"""The things behind the exceptions of one page, with all that a row says of them, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, joinedload

from portal.models import (
    Backorder,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SalesOrderLine,
    SoftPeg,
    SupplierAnswer,
)
from portal.planning.amounts import Sums


@dataclass(frozen=True)
class Behind:
    """Who and what waits for a purchase order line."""

    customers: int = 0
    quantity: Decimal = Decimal(0)
    money: Sums = field(default_factory=Sums)


def lines(session: Session, ids: Collection[int]) -> dict[int, PurchaseOrderLine]:
    found = session.scalars(
        select(PurchaseOrderLine)
        .where(PurchaseOrderLine.id.in_(ids))
        .options(
            joinedload(PurchaseOrderLine.product),
            joinedload(PurchaseOrderLine.supplier),
            joinedload(PurchaseOrderLine.order).joinedload(PurchaseOrder.buyer),
        )
    )
    return {line.id: line for line in found}


def backorders(session: Session, ids: Collection[int]) -> dict[int, Backorder]:
    found = session.scalars(
        select(Backorder)
        .where(Backorder.id.in_(ids))
        .options(
            joinedload(Backorder.customer),
            joinedload(Backorder.product),
            joinedload(Backorder.owner),
            joinedload(Backorder.warehouse),
            joinedload(Backorder.order_line).joinedload(SalesOrderLine.order),
        )
    )
    return {backorder.id: backorder for backorder in found}


def behind(session: Session, line_ids: Collection[int]) -> dict[int, Behind]:
    """What waits for each of these lines; lines that nobody waits for are not in it."""
    rows = session.execute(
        select(
            PurchaseOrderSchedule.line_id,
            SoftPeg.customer_id,
            SalesOrderLine.currency,
            func.sum(SoftPeg.quantity),
            func.sum(SoftPeg.quantity * SalesOrderLine.unit_price),
        )
        .join(PurchaseOrderSchedule, PurchaseOrderSchedule.id == SoftPeg.schedule_id)
        .join(Backorder, Backorder.id == SoftPeg.backorder_id)
        .join(SalesOrderLine, SalesOrderLine.id == Backorder.order_line_id)
        .where(PurchaseOrderSchedule.line_id.in_(line_ids))
        .group_by(PurchaseOrderSchedule.line_id, SoftPeg.customer_id, SalesOrderLine.currency)
    ).all()
    by_line = defaultdict(list)
    for row in rows:
        by_line[row[0]].append(row)
    return {
        line_id: Behind(
            customers=len({row[1] for row in mine}),
            quantity=sum((row[3] for row in mine), Decimal(0)),
            money=Sums.of((row[2], row[4]) for row in mine),
        )
        for line_id, mine in by_line.items()
    }


def pending(session: Session, line_ids: Collection[int]) -> dict[int, SupplierAnswer]:
    """The proposal that waits for a decision, by line."""
    found = session.scalars(
        select(SupplierAnswer).where(
            SupplierAnswer.line_id.in_(line_ids),
            SupplierAnswer.outcome == "awaiting_buyer",
            SupplierAnswer.decided_at.is_(None),
            SupplierAnswer.withdrawn_at.is_(None),
        )
    )
    return {answer.line_id: answer for answer in found}


def next_lines(session: Session, backorder_ids: Collection[int]) -> dict[int, PurchaseOrderLine]:
    """The purchase order line whose goods each of these backorders waits for first."""
    rows = session.execute(
        select(SoftPeg.backorder_id, PurchaseOrderSchedule.line_id)
        .join(PurchaseOrderSchedule, PurchaseOrderSchedule.id == SoftPeg.schedule_id)
        .where(SoftPeg.backorder_id.in_(backorder_ids))
        .ext(distinct_on(SoftPeg.backorder_id))
        .order_by(SoftPeg.backorder_id, PurchaseOrderSchedule.due_date, PurchaseOrderSchedule.id)
    ).all()
    found = lines(session, {line_id for _, line_id in rows})
    return {backorder_id: found[line_id] for backorder_id, line_id in rows}
