"""Receipts, pick lists and shipments: goods in, goods out."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from sqlalchemy.orm import Session

from domain.errors import Fault, NotFound
from domain.roles import Permission
from portal import access
from portal.api import queries
from portal.api.calls import ApiBlueprint, acts, allowed, fetched, must_match, on_version, saw, tagged
from portal.api.fields import Code, In, Instant, Number, Out, Quantity, Text
from portal.api.paging import Page, Paged, page_of
from portal.database import db
from portal.models import PickList, PickListLine, Receipt, Shipment
from portal.services import receiving, shipping
from portal.services.picking import in_picking_order

blueprint = ApiBlueprint("Fulfilment", "Goods received, picked, shipped and delivered.")

LARGEST_LINE_NUMBER = 32767


class ReceiptIn(In):
    po_number = Code(required=True)
    line_number = ma.fields.Integer(required=True, strict=True, validate=ma.validate.Range(1, LARGEST_LINE_NUMBER))
    quantity = Quantity(required=True)
    warehouse_code = Code(
        load_default=None, allow_none=True, metadata={"description": "Where the line was ordered to, if left out."}
    )


class ReceiptOut(Out):
    number = ma.fields.String()
    po_number = ma.fields.String(attribute="line.po_number")
    line_number = ma.fields.Integer(attribute="line.line_number")
    sku = ma.fields.String(attribute="product.sku")
    quantity = Number()
    warehouse_code = ma.fields.String(attribute="warehouse.code")
    received_at = Instant()


class PickListLineOut(Out):
    id = ma.fields.Integer()
    order_number = ma.fields.String(attribute="allocation.order_line.order.number")
    order_line_number = ma.fields.Integer(attribute="allocation.order_line.line_number")
    backorder_number = ma.fields.String(
        attribute="allocation.backorder.number",
        allow_none=True,
        metadata={"description": "Of the backorder that waited for it; null for goods taken from stock."},
    )
    customer_code = ma.fields.String(attribute="allocation.customer.code")
    sku = ma.fields.String(attribute="allocation.product.sku")
    quantity = Number()
    status = ma.fields.String(metadata={"enum": ["to_pick", "picked", "packed", "shipped", "dropped"]})


class PickListOut(Out):
    number = ma.fields.String()
    warehouse_code = ma.fields.String(attribute="warehouse.code")
    status = ma.fields.String(metadata={"enum": ["open", "picking", "closed"]})
    lines = ma.fields.List(
        ma.fields.Nested(PickListLineOut),
        metadata={"description": "In the order to pick: backordered lines first, by their turn."},
    )

    def get_attribute(self, obj: PickList, attr: str, default: Any) -> Any:
        if attr == "lines":
            lines: list[PickListLine] = in_picking_order(obj.lines)
            return lines
        return super().get_attribute(obj, attr, default)


class PickListFilter(Paged):
    warehouse = Code(load_default=None)
    status = ma.fields.String(
        load_default=None,
        validate=ma.validate.OneOf(["open", "picking", "closed"]),
        metadata={"description": "Open ones and those being picked, if left out."},
    )


class ShipmentIn(In):
    backorder_number = Code(required=True)
    quantity = Quantity(required=True)
    carrier = Text(most=80, required=True)
    tracking_number = Text(most=80, required=True)
    warehouse_code = Code(
        load_default=None,
        allow_none=True,
        metadata={"description": "Where it leaves from, when its goods lie in more than one place."},
    )


class ShipmentOut(Out):
    id = ma.fields.Integer()
    number = ma.fields.String()
    backorder_number = ma.fields.String(attribute="backorder.number", allow_none=True)
    order_number = ma.fields.String(attribute="order_line.order.number")
    line_number = ma.fields.Integer(attribute="order_line.line_number")
    sku = ma.fields.String(attribute="product.sku")
    quantity = Number()
    warehouse_code = ma.fields.String(attribute="warehouse.code")
    carrier = ma.fields.String()
    tracking_number = ma.fields.String()
    shipped_at = Instant()
    delivered_at = Instant(allow_none=True)


class ShipmentFilter(Paged):
    backorder = Code(load_default=None)


@blueprint.route("/receipts", methods=["POST"])
@allowed(Permission.RECEIVE_GOODS)
@acts
@blueprint.arguments(ReceiptIn)
@blueprint.response(201, ReceiptOut)
def create_receipt(asked: dict[str, Any]) -> Receipt:
    """Book goods that came for a purchase order line

    Who gets them is decided a moment later, by priority and then by who ordered first.
    """
    return receiving.receive(db.session(), access.who("api"), receiving.ReceiptDraft(**asked))


@blueprint.route("/pick-lists")
@allowed(Permission.SHIP_GOODS, Permission.RECEIVE_GOODS, Permission.SEE_SUPPLY)
@blueprint.arguments(PickListFilter, location="query")
@blueprint.response(200, page_of(PickListOut, "PickList"))
def list_pick_lists(asked: dict[str, Any]) -> Page:
    """Pick lists with their lines, oldest first"""
    return queries.pick_lists(asked)


@blueprint.route("/shipments", methods=["POST"])
@allowed(Permission.SHIP_GOODS)
@acts
@blueprint.arguments(ShipmentIn)
@blueprint.response(201, ShipmentOut)
def create_shipment(asked: dict[str, Any]) -> Shipment:
    """Ship goods that are allocated to a backorder"""
    number = asked.pop("backorder_number")
    try:
        return shipping.ship_backorder(db.session(), access.who("api"), number, shipping.Parcel(**asked))
    except NotFound as missing:
        raise NotFound(Fault("backorder_number", each.code, each.message) for each in missing.faults) from missing


@blueprint.route("/shipments")
@allowed(Permission.SEE_BACKORDERS, Permission.SEE_OWN_ORDERS)
@blueprint.arguments(ShipmentFilter, location="query")
@blueprint.response(200, page_of(ShipmentOut, "Shipment"))
def list_shipments(asked: dict[str, Any]) -> Page:
    """Shipments, oldest first; a customer's people get their own"""
    return queries.shipments(asked)


@blueprint.route("/shipments/<int(max=9223372036854775807):shipment_id>")
@fetched(queries.visible_shipment)
@tagged
@blueprint.response(200, ShipmentOut)
def get_shipment(shipment: Shipment) -> Shipment:
    """One shipment"""
    saw(_version(shipment))
    return shipment


@blueprint.route("/shipments/<int(max=9223372036854775807):shipment_id>/delivered", methods=["POST"])
@fetched(queries.visible_shipment, Permission.SHIP_GOODS)
@on_version
@acts
@blueprint.response(200, ShipmentOut)
def deliver_shipment(shipment: Shipment) -> Shipment:
    """Note that a shipment has arrived; said twice, nothing changes the second time"""
    session: Session = db.session()
    must_match(_version(shipment))
    return shipping.deliver(session, access.who("api"), shipment.id)


def _version(shipment: Shipment) -> int:
    """A shipment changes once in its life, when it arrives."""
    return 1 if shipment.delivered_at is None else 2
