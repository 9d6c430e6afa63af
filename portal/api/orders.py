"""Sales orders: what customers want."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from domain.roles import Permission
from portal import access
from portal.api import queries
from portal.api.calls import ApiBlueprint, acts, allowed, fetched
from portal.api.fields import Code, Day, In, Instant, Number, Out, Quantity
from portal.api.paging import Page, Paged, page_of
from portal.database import db
from portal.models import SalesOrder
from portal.services import orders
from portal.services.orders import MOST_LINES, OrderDraft, OrderLineDraft

blueprint = ApiBlueprint("Orders", "What customers ordered. What stock doesn't cover becomes a backorder.")


class OrderLineIn(In):
    sku = Code(required=True)
    quantity = Quantity(required=True)
    requested_date = Day(required=True, metadata={"description": "The day the customer wants it."})


class OrderIn(In):
    number = Code(load_default=None, allow_none=True, metadata={"description": "Yours; left out, one is given."})
    customer_code = Code(required=True)
    lines = ma.fields.List(
        ma.fields.Nested(OrderLineIn), required=True, validate=ma.validate.Length(1, MOST_LINES)
    )


class OrderLineOut(Out):
    line_number = ma.fields.Integer()
    sku = ma.fields.String(attribute="product.sku")
    quantity = Number()
    requested_date = ma.fields.Date()
    backorder_number = ma.fields.String(
        attribute="backorder.number",
        allow_none=True,
        metadata={"description": "The backorder of what was short; null when stock covered the line."},
    )
    backordered_quantity = Number(attribute="backorder.quantity", allow_none=True)


class OrderOut(Out):
    number = ma.fields.String()
    customer_code = ma.fields.String(attribute="customer.code")
    ordered_at = Instant()
    lines = ma.fields.List(ma.fields.Nested(OrderLineOut))


class OrderFilter(Paged):
    customer = Code(load_default=None)


@blueprint.route("/orders", methods=["POST"])
@allowed(Permission.CREATE_ORDERS)
@acts
@blueprint.arguments(OrderIn)
@blueprint.response(201, OrderOut)
def create_order(asked: dict[str, Any]) -> SalesOrder:
    """Book an order

    Free stock is reserved at once; each line that is short gets a backorder. All lines or none.
    """
    lines = [OrderLineDraft(**line) for line in asked["lines"]]
    draft = OrderDraft(asked["customer_code"], lines, asked["number"])
    booked = orders.create_order(db.session(), access.who("api"), draft)
    return queries.order(booked.number)


@blueprint.route("/orders")
@allowed(Permission.SEE_BACKORDERS, Permission.SEE_OWN_ORDERS)
@blueprint.arguments(OrderFilter, location="query")
@blueprint.response(200, page_of(OrderOut, "Order"))
def list_orders(asked: dict[str, Any]) -> Page:
    """Orders, oldest first; a customer's people get their own"""
    return queries.orders(asked)


@blueprint.route("/orders/<path:number>")
@fetched(access.order)
@blueprint.response(200, OrderOut)
def get_order(order: SalesOrder) -> SalesOrder:
    """One order with its lines"""
    return queries.order(order.number)
