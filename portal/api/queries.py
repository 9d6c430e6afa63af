"""What the API reads. Every list is one page by key, with a number of queries that doesn't grow with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from flask import abort
from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import joinedload, selectinload

from domain.replenishment import LineStatus
from domain.roles import Permission
from portal import access
from portal.api.paging import Page, take_page
from portal.database import STAFF, db, set_party
from portal.models import (
    Allocation,
    Backorder,
    BackorderPromise,
    Customer,
    Notice,
    PickList,
    PickListLine,
    Product,
    ProductAlternative,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SalesOrder,
    SalesOrderLine,
    Shipment,
    SoftPeg,
    Stock,
    Supplier,
    Warehouse,
)

Asked = dict[str, Any]

ZERO = Decimal(0)
AWAITING = {"supplier": LineStatus.AWAITING_SUPPLIER, "buyer": LineStatus.AWAITING_BUYER}

BACKORDER_WITH = (
    joinedload(Backorder.order_line).joinedload(SalesOrderLine.order),
    joinedload(Backorder.product),
    joinedload(Backorder.customer),
)
LINE_WITH = (joinedload(PurchaseOrderLine.product), joinedload(PurchaseOrderLine.supplier))
ORDER_WITH = (
    joinedload(SalesOrder.customer),
    selectinload(SalesOrder.lines).options(
        joinedload(SalesOrderLine.product), joinedload(SalesOrderLine.backorder)
    ),
)
SHIPMENT_WITH = (
    joinedload(Shipment.order_line).joinedload(SalesOrderLine.order),
    joinedload(Shipment.backorder),
    joinedload(Shipment.product),
    joinedload(Shipment.warehouse),
)


@dataclass(frozen=True)
class Peg:
    """A quantity that is meant for a backorder: of a purchase order line to come, or (hard) here already."""

    quantity: Decimal
    date: date
    hard: bool
    po_number: str | None = None
    line_number: int | None = None


@dataclass(frozen=True)
class BackorderDetail:
    backorder: Backorder
    promises: Sequence[BackorderPromise]
    pegs: Sequence[Peg]
    notices: Sequence[Notice]


def order(number: str) -> SalesOrder:
    """An order with all that its answer shows. The caller has checked that the user may see it."""
    return db.session.scalars(select(SalesOrder).where(SalesOrder.number == number).options(*ORDER_WITH)).one()


def orders(asked: Asked) -> Page:
    query = select(SalesOrder).options(*ORDER_WITH)
    customer_id = access.the_user().customer_id
    if customer_id is not None:
        query = query.where(SalesOrder.customer_id == customer_id)
    if asked["customer"]:
        query = query.where(SalesOrder.customer_id == _id_of(Customer, Customer.code, asked["customer"]))
    return take_page(db.session(), "orders", query, [SalesOrder.id], asked)


def backorders(asked: Asked) -> Page:
    query = select(Backorder).options(*BACKORDER_WITH)
    customer_id = access.the_user().customer_id
    if customer_id is not None:
        query = query.where(Backorder.customer_id == customer_id)
    if asked["status"]:
        query = query.where(Backorder.status == asked["status"])
    if asked["sku"]:
        query = query.where(Backorder.product_id == _id_of(Product, Product.sku, asked["sku"]))
    if asked["customer"]:
        query = query.where(Backorder.customer_id == _id_of(Customer, Customer.code, asked["customer"]))
    if asked["supplier"]:
        query = query.where(_supplied_by(_id_of(Supplier, Supplier.code, asked["supplier"])))
    return take_page(db.session(), "backorders", query, [Backorder.id], asked)


def _id_of(model: Any, key: Any, wanted: str) -> Any:
    return select(model.id).where(key == wanted).scalar_subquery()


def _supplied_by(supplier_id: Any) -> Any:
    """Whose goods come from a supplier: planned, or reserved already."""
    planned = exists().where(
        SoftPeg.backorder_id == Backorder.id,
        SoftPeg.schedule_id == PurchaseOrderSchedule.id,
        PurchaseOrderSchedule.supplier_id == supplier_id,
    )
    reserved = exists().where(
        Allocation.backorder_id == Backorder.id,
        Allocation.line_id == PurchaseOrderLine.id,
        PurchaseOrderLine.supplier_id == supplier_id,
    )
    return or_(planned, reserved)


def backorder_detail(backorder: Backorder) -> BackorderDetail:
    """A backorder with its ledger, pegs and notices. A customer learns neither whose supply it is nor who
    acted on it."""
    session = db.session
    loaded = session.scalars(
        select(Backorder)
        .where(Backorder.id == backorder.id)
        .options(*BACKORDER_WITH)
        .execution_options(populate_existing=True)
    ).one()
    return BackorderDetail(
        loaded,
        session.scalars(
            select(BackorderPromise)
            .where(BackorderPromise.backorder_id == loaded.id)
            .order_by(BackorderPromise.id)
        ).all(),
        _pegs(loaded.id),
        session.scalars(select(Notice).where(Notice.backorder_id == loaded.id).order_by(Notice.id)).all(),
    )


def _pegs(backorder_id: int) -> list[Peg]:
    """The pegs of a backorder that the user may see. Supply and reservations are rows that only staff reads,
    so a customer's are read as staff, and lose all but quantity and date."""
    user = access.the_user()
    if user.customer_id is None:
        return _soft_pegs(backorder_id) + _hard_pegs(backorder_id)
    set_party(db.session(), STAFF)
    try:
        pegs = _soft_pegs(backorder_id) + _hard_pegs(backorder_id)
    finally:
        set_party(db.session(), user.party)
    return [Peg(each.quantity, each.date, each.hard) for each in pegs]


def _soft_pegs(backorder_id: int) -> list[Peg]:
    rows = db.session.execute(
        select(
            SoftPeg.quantity,
            PurchaseOrderSchedule.due_date,
            PurchaseOrderLine.po_number,
            PurchaseOrderLine.line_number,
        )
        .join(PurchaseOrderSchedule, PurchaseOrderSchedule.id == SoftPeg.schedule_id)
        .join(PurchaseOrderLine, PurchaseOrderLine.id == PurchaseOrderSchedule.line_id)
        .where(SoftPeg.backorder_id == backorder_id)
        .order_by(PurchaseOrderSchedule.due_date, PurchaseOrderSchedule.id)
    )
    return [Peg(row.quantity, row.due_date, False, row.po_number, row.line_number) for row in rows]


def _hard_pegs(backorder_id: int) -> list[Peg]:
    rows = db.session.execute(
        select(
            (Allocation.quantity - Allocation.released_quantity).label("quantity"),
            Allocation.at,
            PurchaseOrderLine.po_number,
            PurchaseOrderLine.line_number,
        )
        .outerjoin(PurchaseOrderLine, PurchaseOrderLine.id == Allocation.line_id)
        .where(Allocation.backorder_id == backorder_id, Allocation.quantity > Allocation.released_quantity)
        .order_by(Allocation.id)
    )
    return [Peg(row.quantity, row.at.astimezone(UTC).date(), True, row.po_number, row.line_number) for row in rows]


def purchase_order_lines(asked: Asked) -> Page:
    query = select(PurchaseOrderLine).options(*LINE_WITH)
    supplier_id = access.the_user().supplier_id
    if supplier_id is not None:
        query = query.where(PurchaseOrderLine.supplier_id == supplier_id)
    if asked["awaiting"]:
        query = query.where(PurchaseOrderLine.status == AWAITING[asked["awaiting"]])
    if asked["supplier"]:
        query = query.where(PurchaseOrderLine.supplier_id == _id_of(Supplier, Supplier.code, asked["supplier"]))
    if asked["sku"]:
        query = query.where(PurchaseOrderLine.product_id == _id_of(Product, Product.sku, asked["sku"]))
    return take_page(db.session(), "purchase-order-lines", query, [PurchaseOrderLine.id], asked)


def pick_lists(asked: Asked) -> Page:
    """Pick lists with their lines; those that are still worked on, unless a status is asked for."""
    to_line = selectinload(PickList.lines).joinedload(PickListLine.allocation)
    query = select(PickList).options(
        joinedload(PickList.warehouse),
        to_line.joinedload(Allocation.backorder),
        to_line.joinedload(Allocation.product),
        to_line.joinedload(Allocation.customer),
        to_line.joinedload(Allocation.order_line).joinedload(SalesOrderLine.order),
    )
    if asked["status"]:
        query = query.where(PickList.status == asked["status"])
    else:
        query = query.where(PickList.status != "closed")
    if asked["warehouse"]:
        query = query.where(PickList.warehouse_id == _id_of(Warehouse, Warehouse.code, asked["warehouse"]))
    return take_page(db.session(), "pick-lists", query, [PickList.id], asked)


def visible_shipment(shipment_id: int) -> Shipment:
    """A shipment that this user may see: staff who see backorders, or its customer's own people. Else 404."""
    user = access.the_user()
    found = db.session.scalar(select(Shipment).where(Shipment.id == shipment_id).options(*SHIPMENT_WITH))
    if found is None or user.supplier_id is not None or user.customer_id not in (None, found.customer_id):
        abort(404)
    if user.customer_id is None:
        access.demand(Permission.SEE_BACKORDERS)
    return found


def shipments(asked: Asked) -> Page:
    query = select(Shipment).options(*SHIPMENT_WITH)
    customer_id = access.the_user().customer_id
    if customer_id is not None:
        query = query.where(Shipment.customer_id == customer_id)
    if asked["backorder"]:
        query = query.where(Shipment.backorder_id == _id_of(Backorder, Backorder.number, asked["backorder"]))
    return take_page(db.session(), "shipments", query, [Shipment.id], asked)


def _products() -> Select[Any]:
    return select(Product).options(
        joinedload(Product.preferred_supplier),
        selectinload(Product.alternatives).joinedload(ProductAlternative.alternative),
    )


def product(sku: str) -> Product:
    found = db.session.scalar(_products().where(Product.sku == sku))
    return found if found is not None else abort(404)


def products(asked: Asked) -> Page:
    query = _products()
    if asked["category"]:
        query = query.where(Product.category == asked["category"])
    return take_page(db.session(), "products", query, [Product.id], asked)


def suppliers(asked: Asked) -> Page:
    return take_page(db.session(), "suppliers", select(Supplier), [Supplier.id], asked)


def customers(asked: Asked) -> Page:
    return take_page(db.session(), "customers", select(Customer), [Customer.id], asked)


def warehouses(asked: Asked) -> Page:
    return take_page(db.session(), "warehouses", select(Warehouse), [Warehouse.id], asked)


def stock(asked: Asked) -> Page:
    query = select(Stock).options(joinedload(Stock.product), joinedload(Stock.warehouse))
    if asked["sku"]:
        query = query.where(Stock.product_id == _id_of(Product, Product.sku, asked["sku"]))
    if asked["warehouse"]:
        query = query.where(Stock.warehouse_id == _id_of(Warehouse, Warehouse.code, asked["warehouse"]))
    return take_page(db.session(), "stock", query, [Stock.product_id, Stock.warehouse_id], asked)
