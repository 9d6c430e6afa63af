"""What the warehouse reads: what is due at the door, what is to be picked, packed, shipped and delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, func, literal, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.models import (
    Allocation,
    AllocationRun,
    PickList,
    PickListLine,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    Receipt,
    SalesOrderLine,
    Shipment,
    Warehouse,
)
from portal.paging import Page, key_of, page

PAGE = 30
#: Days ahead that "due" reaches: what may come this week.
DUE_DAYS = 7


def warehouses(session: Session) -> Sequence[Warehouse]:
    return session.scalars(select(Warehouse).order_by(Warehouse.is_default.desc(), Warehouse.code)).all()


@dataclass(frozen=True)
class Due:
    line: PurchaseOrderLine
    day: date


def _due() -> tuple[ColumnElement[date], ColumnElement[bool]]:
    """The first day on which something of a line is still to come, and that the line is open."""
    first = (
        select(func.min(PurchaseOrderSchedule.due_date))
        .where(
            PurchaseOrderSchedule.line_id == PurchaseOrderLine.id,
            PurchaseOrderSchedule.replaced_at.is_(None),
            PurchaseOrderSchedule.received_quantity < PurchaseOrderSchedule.quantity,
        )
        .correlate(PurchaseOrderLine)
        .scalar_subquery()
    )
    return func.coalesce(first, PurchaseOrderLine.requested_date), PurchaseOrderLine.closed_at.is_(None)


def to_receive(session: Session, today: date, *, po: str, warehouse: str, after: str | None) -> Page[Due]:
    """Open lines that are overdue or due within the week, the most overdue first. With `po` (a purchase
    order's number or a SKU), all open lines of it: goods also come before their day."""
    day, is_open = _due()
    query = (
        select(PurchaseOrderLine, day.label("day"))
        .where(is_open)
        .options(
            joinedload(PurchaseOrderLine.product),
            joinedload(PurchaseOrderLine.supplier),
            joinedload(PurchaseOrderLine.warehouse),
        )
        .order_by(day, PurchaseOrderLine.id)
        .limit(PAGE + 1)
    )
    if po:
        query = query.where(
            PurchaseOrderLine.po_number.in_({po, po.upper()})
            | PurchaseOrderLine.product.has(sku=po)
            | PurchaseOrderLine.product.has(sku=po.upper())
        )
    else:
        query = query.where(day <= today + timedelta(days=DUE_DAYS))
    if warehouse:
        query = query.where(PurchaseOrderLine.warehouse.has(code=warehouse))
    key = key_of(after, date, int)
    if key:
        query = query.where(tuple_(day, PurchaseOrderLine.id) > tuple_(*map(literal, key)))
    found = [Due(line, first) for line, first in session.execute(query)]
    return page(found, PAGE, lambda each: (each.day, each.line.id))


@dataclass(frozen=True)
class Arrival:
    """A receipt, and what its allocation decided; None while it is being decided."""

    receipt: Receipt
    run: AllocationRun | None

    @property
    def served(self) -> list[tuple[str, str]]:
        """Who got how much of it, by backorder."""
        if self.run is None:
            return []
        shares = self.run.outcome.get("shares", [])
        return [(each["backorder"], each["quantity"]) for each in shares if Decimal(each["quantity"]) > 0]


def arrivals(session: Session, *, warehouse: str, after: str | None) -> Page[Arrival]:
    """What was received, newest first."""
    query = (
        select(Receipt, AllocationRun)
        .outerjoin(AllocationRun, AllocationRun.key == literal("receipt-").concat(Receipt.number))
        .options(joinedload(Receipt.line), joinedload(Receipt.product), joinedload(Receipt.warehouse))
        .order_by(Receipt.id.desc())
        .limit(PAGE + 1)
    )
    if warehouse:
        query = query.where(Receipt.warehouse.has(code=warehouse))
    key = key_of(after, int)
    if key:
        query = query.where(Receipt.id < key[0])
    found = [Arrival(receipt, run) for receipt, run in session.execute(query)]
    return page(found, PAGE, lambda each: (each.receipt.id,))


@dataclass(frozen=True)
class ListRow:
    pick_list: PickList
    to_pick: int
    done: int
    backordered: int


def pick_lists(session: Session, *, warehouse: str) -> list[ListRow]:
    """Lists that are open or being picked: at most one open a warehouse, and those that are under way."""
    waiting, ready = PickListLine.status == "to_pick", PickListLine.status.in_(("picked", "packed"))
    query = (
        select(
            PickList,
            func.count(PickListLine.id).filter(waiting),
            func.count(PickListLine.id).filter(ready),
            func.count(PickListLine.id).filter(waiting, Allocation.backorder_id.is_not(None)),
        )
        .outerjoin(PickListLine, PickListLine.pick_list_id == PickList.id)
        .outerjoin(Allocation, Allocation.id == PickListLine.allocation_id)
        .where(PickList.status != "closed")
        .group_by(PickList.id)
        .having(func.count(PickListLine.id).filter(PickListLine.status.notin_(("shipped", "dropped"))) > 0)
        .options(selectinload(PickList.warehouse))
        .order_by(PickList.status.desc(), PickList.id)
        .limit(200)
    )
    if warehouse:
        query = query.where(PickList.warehouse.has(code=warehouse))
    return [ListRow(*row) for row in session.execute(query)]


def lines_of(session: Session, pick_list: PickList) -> list[PickListLine]:
    """All lines of a list, with what is printed of each."""
    return list(
        session.scalars(
            select(PickListLine)
            .where(PickListLine.pick_list_id == pick_list.id)
            .options(*_line_facts())
            .order_by(PickListLine.id)
        )
    )


def _line_facts() -> tuple[object, ...]:
    allocation = joinedload(PickListLine.allocation)
    return (
        allocation.joinedload(Allocation.backorder),
        allocation.joinedload(Allocation.product),
        allocation.joinedload(Allocation.customer),
        allocation.joinedload(Allocation.order_line).joinedload(SalesOrderLine.order),
    )


def to_ship(session: Session, *, warehouse: str, after: str | None) -> Page[PickListLine]:
    """What is picked or packed and has not left, oldest list first."""
    query = (
        select(PickListLine)
        .join(PickListLine.pick_list)
        .where(PickList.status == "picking", PickListLine.status.in_(("picked", "packed")))
        .options(*_line_facts(), joinedload(PickListLine.pick_list).joinedload(PickList.warehouse))
        .order_by(PickListLine.id)
        .limit(PAGE + 1)
    )
    if warehouse:
        query = query.where(PickList.warehouse.has(code=warehouse))
    key = key_of(after, int)
    if key:
        query = query.where(PickListLine.id > key[0])
    return page(session.scalars(query).all(), PAGE, lambda each: (each.id,))


def shipments(session: Session, *, warehouse: str, delivered: bool, after: str | None) -> Page[Shipment]:
    """Parcels that are on their way, or that have arrived; newest first."""
    query = (
        select(Shipment)
        .where(Shipment.delivered_at.is_not(None) if delivered else Shipment.delivered_at.is_(None))
        .options(
            joinedload(Shipment.product),
            joinedload(Shipment.warehouse),
            joinedload(Shipment.backorder),
            joinedload(Shipment.order_line).options(
                joinedload(SalesOrderLine.order), joinedload(SalesOrderLine.customer)
            ),
        )
        .order_by(Shipment.id.desc())
        .limit(PAGE + 1)
    )
    if warehouse:
        query = query.where(Shipment.warehouse.has(code=warehouse))
    key = key_of(after, int)
    if key:
        query = query.where(Shipment.id < key[0])
    return page(session.scalars(query).all(), PAGE, lambda each: (each.id,))


def carriers(session: Session) -> list[str]:
    """Carriers of the newest parcels, to choose from while typing."""
    newest = select(Shipment.carrier).order_by(Shipment.id.desc()).limit(200).subquery()
    return list(session.scalars(select(newest.c.carrier).distinct().order_by(newest.c.carrier).limit(12)))


@dataclass(frozen=True)
class Counts:
    """What waits behind each tab."""

    to_receive: int
    pick_lists: int
    to_ship: int
    under_way: int


def counts(session: Session, today: date, *, warehouse: str) -> Counts:
    day, is_open = _due()
    here = {
        "line": PurchaseOrderLine.warehouse.has(code=warehouse) if warehouse else True,
        "list": PickList.warehouse.has(code=warehouse) if warehouse else True,
        "parcel": Shipment.warehouse.has(code=warehouse) if warehouse else True,
    }
    due = (
        select(func.count())
        .select_from(PurchaseOrderLine)
        .where(is_open, day <= today + timedelta(days=DUE_DAYS), here["line"])
    )
    unfinished = PickList.lines.any(PickListLine.status.notin_(("shipped", "dropped")))
    lists = select(func.count()).select_from(PickList).where(PickList.status != "closed", unfinished, here["list"])
    ready = (
        select(func.count())
        .select_from(PickListLine)
        .join(PickListLine.pick_list)
        .where(and_(PickList.status == "picking", PickListLine.status.in_(("picked", "packed"))), here["list"])
    )
    parcels = select(func.count()).select_from(Shipment).where(Shipment.delivered_at.is_(None), here["parcel"])
    row = session.execute(
        select(due.scalar_subquery(), lists.scalar_subquery(), ready.scalar_subquery(), parcels.scalar_subquery())
    ).one()
    return Counts(*row)
