"""Goods leave the building, and arrive."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from domain.backorder import check_shippable
from domain.errors import Conflict, Fault, RuleViolation
from domain.notices import NoticeKind
from domain.quantities import quantity_fault
from portal.models import Allocation, Backorder, PickListLine, SalesOrderLine, Shipment
from portal.services.backorders import by_number
from portal.services.backorders_state import restate
from portal.services.notice_writing import tell_customer
from portal.services.pegging import touch
from portal.services.picking import close_if_done
from portal.services.receiving import move_stock
from portal.services.transaction import (
    Context,
    announce,
    found,
    lock_products,
    next_number,
    record,
    service,
)

ZERO = Decimal(0)


@dataclass(frozen=True)
class Parcel:
    quantity: Decimal
    carrier: str
    tracking_number: str
    warehouse_code: str | None = None


@service
def ship_backorder(session: Session, who: Context, number: str, parcel: Parcel) -> Shipment:
    """Ship goods that are allocated to a backorder."""
    backorder = by_number(session, number, lock=True)
    _check(parcel, backorder.product.unit)
    check_shippable(backorder.quantities, parcel.quantity)
    allocations = session.scalars(
        select(Allocation)
        .where(Allocation.backorder_id == backorder.id)
        .order_by(Allocation.id)
        .options(joinedload(Allocation.warehouse))
        .with_for_update(of=Allocation)
    ).all()
    shipment = _ship(session, who, backorder.order_line, backorder, list(allocations), parcel)
    return shipment


@service
def ship_line(session: Session, who: Context, pick_line_id: int, carrier: str, tracking_number: str) -> Shipment:
    """Ship one line of a pick list whole, whether or not its customer had to wait for it."""
    pick_line = found(session.get(PickListLine, pick_line_id), "line", "pick list line", pick_line_id)
    lock_products(session, [pick_line.allocation.product_id])
    allocation = session.get_one(Allocation, pick_line.allocation_id, with_for_update=True, populate_existing=True)
    parcel = Parcel(allocation.open_quantity, carrier, tracking_number)
    if parcel.quantity <= ZERO:
        raise Conflict([Fault("line", "nothing_left", "Nothing of this line is left to ship")])
    _check(parcel, allocation.product.unit)
    backorder = allocation.backorder
    if backorder is not None:
        session.refresh(backorder, with_for_update={"of": Backorder})
    return _ship(session, who, allocation.order_line, backorder, [allocation], parcel)


def _check(parcel: Parcel, unit: str) -> None:
    faults = [quantity_fault("quantity", parcel.quantity, unit)]
    if not parcel.carrier.strip():
        faults.append(Fault("carrier", "required", "Name the carrier"))
    if not parcel.tracking_number.strip():
        faults.append(Fault("tracking_number", "required", "Give the tracking number"))
    if any(faults):
        raise RuleViolation([fault for fault in faults if fault])


def _ship(
    session: Session,
    who: Context,
    order_line: SalesOrderLine,
    backorder: Backorder | None,
    allocations: list[Allocation],
    parcel: Parcel,
) -> Shipment:
    source = _one_warehouse(allocations, parcel)
    number = next_number(session, "shipment_number", "SH")
    warehouse = source[0].warehouse
    _take_from_shelf(session, source, parcel.quantity)
    stock = move_stock(session, who, order_line.product, warehouse, -parcel.quantity, "shipment", number)
    stock.allocated -= parcel.quantity
    shipment = Shipment(
        number=number,
        order_line_id=order_line.id,
        backorder_id=backorder.id if backorder else None,
        customer_id=order_line.customer_id,
        product_id=order_line.product_id,
        warehouse_id=warehouse.id,
        quantity=parcel.quantity,
        carrier=parcel.carrier.strip(),
        tracking_number=parcel.tracking_number.strip(),
        shipped_at=who.now,
    )
    session.add(shipment)
    session.flush()
    if backorder is not None:
        backorder.allocated_quantity -= parcel.quantity
        backorder.picking_quantity = sum((each.picking_quantity for each in allocations), ZERO)
        backorder.shipped_quantity += parcel.quantity
        restate(backorder, who.now)
        touch(session, backorder, "shipped")
        tell_customer(
            session,
            backorder,
            NoticeKind.SHIPPED,
            shipment.number,
            {
                "shipment": shipment.number,
                "quantity": parcel.quantity,
                "carrier": shipment.carrier,
                "tracking_number": shipment.tracking_number,
            },
        )
    record(
        session,
        who,
        "shipment.shipped",
        "shipment",
        shipment.number,
        after={
            "order": order_line.order.number,
            "line": order_line.line_number,
            "backorder": backorder.number if backorder else None,
            "quantity": parcel.quantity,
            "carrier": shipment.carrier,
            "tracking_number": shipment.tracking_number,
        },
    )
    announce(session, "warehouse", f"customer:{order_line.customer_id}")
    return shipment


def _one_warehouse(allocations: list[Allocation], parcel: Parcel) -> list[Allocation]:
    """The allocations a parcel is taken from: a parcel leaves from one place."""
    by_place: dict[str, list[Allocation]] = defaultdict(list)
    for each in allocations:
        if each.open_quantity > ZERO:
            by_place[each.warehouse.code].append(each)
    if parcel.warehouse_code:
        by_place = {code: each for code, each in by_place.items() if code == parcel.warehouse_code}  # type: ignore[assignment]  # a narrower dict
    totals = {code: sum((one.open_quantity for one in each), ZERO) for code, each in by_place.items()}
    for code in sorted(totals, key=lambda each: (-totals[each], each)):
        if totals[code] >= parcel.quantity:
            return by_place[code]
    where = ", ".join(f"{quantity.normalize():f} in {code}" for code, quantity in sorted(totals.items()))
    raise RuleViolation.of(
        "quantity",
        "not_in_one_warehouse",
        f"The goods lie in different warehouses ({where or 'none here'}); ship each part by itself",
    )


def _take_from_shelf(session: Session, allocations: list[Allocation], quantity: Decimal) -> None:
    for each in allocations:
        taken = min(each.open_quantity, quantity)
        if taken <= ZERO:
            continue
        each.shipped_quantity += taken
        each.picking_quantity = min(each.picking_quantity, each.open_quantity)
        quantity -= taken
        session.flush()
        if each.open_quantity == ZERO:
            for line in session.scalars(
                select(PickListLine).where(
                    PickListLine.allocation_id == each.id, PickListLine.status.notin_(("shipped", "dropped"))
                )
            ):
                line.status = "shipped"
                session.flush()
                close_if_done(session, line.pick_list_id)


@service
def deliver(session: Session, who: Context, shipment_id: int) -> Shipment:
    """Note that a parcel has arrived. Said twice, it changes nothing the second time."""
    shipment = found(session.get(Shipment, shipment_id), "id", "shipment", shipment_id)
    lock_products(session, [shipment.product_id])
    session.refresh(shipment, with_for_update={"of": Shipment})
    if shipment.delivered_at is not None:
        return shipment
    shipment.delivered_at = who.now
    if shipment.backorder_id is not None:
        backorder = session.get_one(
            Backorder,
            shipment.backorder_id,
            options=[joinedload(Backorder.customer)],
            with_for_update={"of": Backorder},
            populate_existing=True,
        )
        backorder.delivered_quantity += shipment.quantity
        restate(backorder, who.now)
        touch(session, backorder, "delivered")
        tell_customer(
            session,
            backorder,
            NoticeKind.DELIVERED,
            shipment.number,
            {"shipment": shipment.number, "quantity": shipment.quantity},
        )
    record(session, who, "shipment.delivered", "shipment", shipment.number)
    announce(session, "warehouse", f"customer:{shipment.customer_id}")
    return shipment
