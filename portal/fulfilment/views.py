"""The warehouse desk: one tab a job, each row with its one next action."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from domain.errors import RuleViolation
from domain.roles import Permission
from portal import access
from portal.database import db, utcnow
from portal.errors import status_of
from portal.forms import take_faults
from portal.fulfilment import pick_views, queries
from portal.fulfilment.forms import ReceiveForm, ShipForm
from portal.presentation import quantity
from portal.services import receiving, shipping
from portal.shell import viewer_zone

desk = Blueprint("warehouse", __name__, url_prefix="/warehouse")

#: Kept in the session: who works in one building does not choose it at every page.
CHOSEN = "warehouse"


def register(app: Flask) -> None:
    app.register_blueprint(desk)
    app.register_blueprint(pick_views.lists)


def _today() -> date:
    return utcnow().astimezone(viewer_zone()).date()


def _place() -> str:
    """The code of the warehouse that this person works in; empty for all."""
    if "warehouse" in request.args:
        session[CHOSEN] = request.args["warehouse"].strip()
    return str(session.get(CHOSEN, ""))


def _page(template: str, tab: str, status: int = 200, **facts: Any) -> tuple[str, int]:
    place = _place()
    counts = queries.counts(db.session(), _today(), warehouse=place)
    return (
        render_template(
            f"fulfilment/{template}.html",
            tabs=[
                {"label": label, "href": url_for(f"warehouse.{name}"), "count": count, "active": name == tab}
                for name, label, count in (
                    ("to_receive", "To receive", counts.to_receive),
                    ("pick_lists", "Pick lists", counts.pick_lists),
                    ("to_ship", "To pack and ship", counts.to_ship),
                    ("handed_over", "Handed over", counts.under_way),
                    ("arrivals", "Received", None),
                )
            ],
            place=place,
            places=queries.warehouses(db.session()),
            **facts,
        ),
        status,
    )


@desk.get("")
@access.require(Permission.RECEIVE_GOODS, Permission.SHIP_GOODS)
def to_receive() -> tuple[str, int]:
    return _receive_page(None, 200)


def _receive_page(refused: ReceiveForm | None, status: int) -> tuple[str, int]:
    po = request.args.get("po", "").strip()
    due = queries.to_receive(db.session(), _today(), po=po, warehouse=_place(), after=request.args.get("cursor"))
    return _page(
        "receive",
        "to_receive",
        status,
        rows=due.items,
        po=po,
        refused=refused,
        may_receive=access.the_user().may(Permission.RECEIVE_GOODS),
        next=url_for(".to_receive", po=po or None, cursor=due.next_cursor) if due.next_cursor else None,
    )


@desk.post("/receipts")
@access.require(Permission.RECEIVE_GOODS)
def receive() -> Response | tuple[str, int]:
    form = ReceiveForm()
    if not form.validate_on_submit():
        return _receive_page(form, 422)
    line = access.purchase_order_line(form.line_id.data)
    draft = receiving.ReceiptDraft(
        line.po_number,
        line.line_number,
        form.quantity.data,
        form.warehouse_code.data or None,
        version=form.version.data,
    )
    try:
        receipt = receiving.receive(db.session(), access.who(), draft)
    except RuleViolation as violation:
        take_faults(form, violation)
        return _receive_page(form, status_of(violation))
    what = quantity(receipt.quantity, receipt.product.unit)
    flash(f"{receipt.number}: {what} of {receipt.product.name} received. It is being allocated.", "success")
    return redirect(url_for(".to_receive", po=request.args.get("po") or None))


@desk.get("/received")
@access.require(Permission.RECEIVE_GOODS, Permission.SHIP_GOODS)
def arrivals() -> tuple[str, int]:
    found = queries.arrivals(db.session(), warehouse=_place(), after=request.args.get("cursor"))
    return _page(
        "arrivals",
        "arrivals",
        rows=found.items,
        next=url_for(".arrivals", cursor=found.next_cursor) if found.next_cursor else None,
    )


@desk.get("/pick-lists")
@access.require(Permission.SHIP_GOODS)
def pick_lists() -> tuple[str, int]:
    return _page("pick_lists", "pick_lists", rows=queries.pick_lists(db.session(), warehouse=_place()))


@desk.get("/to-ship")
@access.require(Permission.SHIP_GOODS)
def to_ship() -> tuple[str, int]:
    return _ship_page(None, 200)


def _ship_page(refused: ShipForm | None, status: int) -> tuple[str, int]:
    found = queries.to_ship(db.session(), warehouse=_place(), after=request.args.get("cursor"))
    return _page(
        "to_ship",
        "to_ship",
        status,
        rows=found.items,
        refused=refused,
        carriers=queries.carriers(db.session()),
        next=url_for(".to_ship", cursor=found.next_cursor) if found.next_cursor else None,
    )


@desk.post("/shipments")
@access.require(Permission.SHIP_GOODS)
def ship() -> Response | tuple[str, int]:
    form = ShipForm()
    if not form.validate_on_submit():
        return _ship_page(form, 422)
    line_id = int(form.line_id.data) if (form.line_id.data or "").isdecimal() else 0
    try:
        shipment = shipping.ship_line(
            db.session(), access.who(), line_id, form.carrier.data, form.tracking_number.data
        )
    except RuleViolation as violation:
        take_faults(form, violation)
        return _ship_page(form, status_of(violation))
    flash(f"{shipment.number} has left with {shipment.carrier}. The customer is told.", "success")
    return redirect(url_for(".to_ship"))


@desk.get("/handed-over")
@access.require(Permission.SHIP_GOODS)
def handed_over() -> tuple[str, int]:
    delivered = request.args.get("show") == "delivered"
    found = queries.shipments(
        db.session(), warehouse=_place(), delivered=delivered, after=request.args.get("cursor")
    )
    show = "delivered" if delivered else None
    return _page(
        "handed_over",
        "handed_over",
        rows=found.items,
        delivered=delivered,
        next=url_for(".handed_over", show=show, cursor=found.next_cursor) if found.next_cursor else None,
    )


@desk.post("/shipments/<number>/delivered")
@access.require(Permission.SHIP_GOODS)
def delivered(number: str) -> Response:
    shipment = access.shipment(number)
    shipping.deliver(db.session(), access.who(), shipment.id)
    flash(f"{number} has been delivered. The customer is told.", "success")
    return redirect(url_for(".handed_over"))
