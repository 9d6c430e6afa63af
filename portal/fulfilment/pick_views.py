"""One pick list: on paper, on a phone, and for a scanner that types like a keyboard."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from domain.errors import RuleViolation
from domain.roles import Permission
from portal import access
from portal.database import db
from portal.errors import status_of
from portal.forms import take_faults
from portal.fulfilment import queries
from portal.fulfilment.forms import ScanForm, ShipForm
from portal.models import PickListLine
from portal.presentation import quantity
from portal.services import picking, shipping

lists = Blueprint("pick_list", __name__, url_prefix="/warehouse/pick-lists")

DONE = frozenset({"shipped", "dropped"})


@lists.get("/<number>")
@access.require(Permission.SHIP_GOODS)
def show(number: str) -> tuple[str, int]:
    return _page(number, ScanForm(), None, 200)


def _page(number: str, scan: ScanForm, refused: ShipForm | None, status: int) -> tuple[str, int]:
    pick_list = access.pick_list(number)
    lines = picking.in_picking_order(queries.lines_of(db.session(), pick_list))
    page = render_template(
        "fulfilment/pick_list.html",
        pick_list=pick_list,
        lines=[line for line in lines if line.status not in DONE],
        done=[line for line in lines if line.status in DONE],
        to_pick=sum(line.status == "to_pick" for line in lines),
        ready=sum(line.status in ("picked", "packed") for line in lines),
        scan=scan,
        refused=refused,
        carriers=queries.carriers(db.session()),
    )
    return page, status


@lists.post("/<number>/start")
@access.require(Permission.SHIP_GOODS)
def start(number: str) -> Response:
    access.pick_list(number)
    try:
        picking.start_picking(db.session(), access.who(), number)
    except RuleViolation as violation:
        flash(str(violation), "error")
    else:
        flash(f"You are picking {number}. What is allocated from now on goes to the next list.", "success")
    return redirect(url_for(".show", number=number))


@lists.post("/<number>/lines/<int:line_id>/<any(picked, packed):status>")
@access.require(Permission.SHIP_GOODS)
def mark(number: str, line_id: int, status: str) -> Response:
    access.pick_list(number)
    try:
        picking.mark_line(db.session(), access.who(), number, line_id, status)
    except RuleViolation as violation:
        flash(str(violation), "error")
    return redirect(url_for(".show", number=number) + f"#line-{line_id}")


@lists.post("/<number>/scan")
@access.require(Permission.SHIP_GOODS)
def scan(number: str) -> Response | tuple[str, int]:
    """A scanner types a SKU and presses Enter: the first line of it that is still to pick is picked."""
    pick_list = access.pick_list(number)
    form = ScanForm()
    if not form.validate_on_submit():
        return _page(number, form, None, 422)
    lines = picking.in_picking_order(queries.lines_of(db.session(), pick_list))
    line, refusal = _scanned(lines, form.code.data)
    if line is None:
        form.code.errors = [refusal]
        form.code.data = ""  # the next scan begins in an empty field
        return _page(number, form, None, 422)
    allocation = line.allocation
    said = f"{quantity(line.quantity, allocation.product.unit)} of {allocation.product.name}"
    order, line_id = allocation.order_line.order.number, line.id
    try:
        picking.mark_line(db.session(), access.who(), number, line_id, "picked")
    except RuleViolation as violation:
        take_faults(form, violation)
        return _page(number, form, None, status_of(violation))
    flash(f"Picked: {said} for {order}.", "success")
    return redirect(url_for(".show", number=number))


def _scanned(lines: list[PickListLine], code: str) -> tuple[PickListLine | None, str]:
    """The line that a scanned code means, or why there is none."""
    own = [line for line in lines if line.allocation.product.sku.casefold() == code.casefold()]
    if not own:
        return None, f"{code} is not on this list. Put it back"
    for line in own:
        if line.status == "to_pick":
            return line, ""
    return None, f"All of {code} on this list is picked already. Put it back"


@lists.post("/<number>/ship")
@access.require(Permission.SHIP_GOODS)
def ship(number: str) -> Response | tuple[str, int]:
    """Ship one line of this list, whole."""
    pick_list = access.pick_list(number)
    form = ShipForm()
    if not form.validate_on_submit():
        return _page(number, ScanForm(formdata=None), form, 422)
    own = {str(line.id) for line in queries.lines_of(db.session(), pick_list)}
    line_id = int(form.line_id.data) if form.line_id.data in own else 0
    try:
        shipment = shipping.ship_line(
            db.session(), access.who(), line_id, form.carrier.data, form.tracking_number.data
        )
    except RuleViolation as violation:
        take_faults(form, violation)
        return _page(number, ScanForm(formdata=None), form, status_of(violation))
    flash(f"{shipment.number} has left with {shipment.carrier}. The customer is told.", "success")
    return redirect(url_for(".show", number=number))
