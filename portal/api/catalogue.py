"""Products, suppliers, customers, warehouses and stock, to read."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from domain.roles import Permission
from portal import access
from portal.api import queries
from portal.api.calls import ApiBlueprint, allowed
from portal.api.fields import Code, Number, Out
from portal.api.paging import Page, Paged, page_of
from portal.models import Product

blueprint = ApiBlueprint("Catalogue", "Products, suppliers, customers, warehouses and stock.")

STAFF_ONLY = {"only_for_staff": True, "description": "Only for staff."}


class ProductOut(Out):
    """Suppliers and customers see what a product is; staff also see how it is bought and sold."""

    sku = ma.fields.String()
    name = ma.fields.String()
    unit = ma.fields.String()
    category = ma.fields.String(allow_none=True)
    price = Number(allow_none=True, metadata=STAFF_ONLY)
    currency = ma.fields.String(metadata=STAFF_ONLY)
    lead_time_days = ma.fields.Integer(allow_none=True, metadata=STAFF_ONLY)
    preferred_supplier_code = ma.fields.String(
        attribute="preferred_supplier.code", allow_none=True, metadata=STAFF_ONLY
    )
    alternative_skus = ma.fields.List(ma.fields.String(), metadata=STAFF_ONLY)

    def get_attribute(self, obj: Product, attr: str, default: Any) -> Any:
        if attr in SAID_TO_STAFF and not _staff():
            return ma.missing
        if attr == "alternative_skus":
            return [each.alternative.sku for each in obj.alternatives]
        return super().get_attribute(obj, attr, default)


SAID_TO_STAFF = frozenset(
    field.attribute or name
    for name, field in ProductOut().fields.items()
    if field.metadata.get("only_for_staff", False)
)


def _staff() -> bool:
    user = access.the_user()
    return user.supplier_id is None and user.customer_id is None


class SupplierOut(Out):
    code = ma.fields.String()
    name = ma.fields.String()
    country = ma.fields.String(allow_none=True)
    time_zone = ma.fields.String()
    days_early_tolerance = ma.fields.Integer()
    days_late_tolerance = ma.fields.Integer()
    under_tolerance_percent = Number()
    over_tolerance_percent = Number()


class CustomerOut(Out):
    code = ma.fields.String()
    name = ma.fields.String()
    tier = ma.fields.String(metadata={"enum": ["A", "B", "C"]})
    country = ma.fields.String(allow_none=True)
    time_zone = ma.fields.String()


class WarehouseOut(Out):
    code = ma.fields.String()
    name = ma.fields.String()
    country = ma.fields.String(allow_none=True)
    time_zone = ma.fields.String()
    handling_days = ma.fields.Integer()


class StockOut(Out):
    sku = ma.fields.String(attribute="product.sku")
    warehouse_code = ma.fields.String(attribute="warehouse.code")
    on_hand = Number()
    allocated = Number(metadata={"description": "The part of it that is reserved for customers."})
    free = Number()


class ProductFilter(Paged):
    category = Code(load_default=None)


class StockFilter(Paged):
    sku = Code(load_default=None)
    warehouse = Code(load_default=None)


@blueprint.route("/products")
@allowed()
@blueprint.arguments(ProductFilter, location="query")
@blueprint.response(200, page_of(ProductOut, "Product"))
def list_products(asked: dict[str, Any]) -> Page:
    """Products"""
    return queries.products(asked)


@blueprint.route("/products/<path:sku>")
@allowed()
@blueprint.response(200, ProductOut)
def get_product(sku: str) -> Product:
    """One product"""
    return queries.product(sku)


@blueprint.route("/suppliers")
@allowed(Permission.SEE_SUPPLY)
@blueprint.arguments(Paged, location="query")
@blueprint.response(200, page_of(SupplierOut, "Supplier"))
def list_suppliers(asked: dict[str, Any]) -> Page:
    """Suppliers and how far they may move a date by themselves"""
    return queries.suppliers(asked)


@blueprint.route("/customers")
@allowed(Permission.SEE_BACKORDERS)
@blueprint.arguments(Paged, location="query")
@blueprint.response(200, page_of(CustomerOut, "Customer"))
def list_customers(asked: dict[str, Any]) -> Page:
    """Customers"""
    return queries.customers(asked)


@blueprint.route("/warehouses")
@allowed()
@blueprint.arguments(Paged, location="query")
@blueprint.response(200, page_of(WarehouseOut, "Warehouse"))
def list_warehouses(asked: dict[str, Any]) -> Page:
    """Warehouses"""
    return queries.warehouses(asked)


@blueprint.route("/stock")
@allowed(Permission.SEE_SUPPLY)
@blueprint.arguments(StockFilter, location="query")
@blueprint.response(200, page_of(StockOut, "Stock"))
def list_stock(asked: dict[str, Any]) -> Page:
    """What lies in the warehouses, and how much of it is free"""
    return queries.stock(asked)
