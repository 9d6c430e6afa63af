"""Taking orders, the list of them, and one order as staff read it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from domain.errors import RuleViolation
from domain.roles import Permission
from portal import access
from portal.database import db
from portal.errors import status_of
from portal.forms import take_faults
from portal.orders import customer_views, queries
from portal.orders.forms import OrderForm
from portal.services import orders

desk = Blueprint("orders", __name__, url_prefix="/orders")


def register(app: Flask) -> None:
    app.register_blueprint(desk)
    app.register_blueprint(customer_views.own)
    app.register_blueprint(customer_views.tracking)


STATES = {"": "All", "short": "Short", "late": "Late"}


@desk.get("")
@access.require(Permission.SEE_BACKORDERS)
def index() -> str:
    wanted = queries.OrderFilter(
        customer=request.args.get("customer", "").strip(),
        sku=request.args.get("sku", "").strip(),
        state=request.args.get("state", "") if request.args.get("state") in STATES else "",
        since=_day(request.args.get("since", "")),
    )
    found = queries.orders(db.session(), wanted, request.args.get("cursor"))
    return render_template(
        "orders/index.html",
        rows=found.items,
        wanted=wanted,
        tabs=[
            {"label": words, "href": _address(wanted, state=code), "active": code == wanted.state}
            for code, words in STATES.items()
        ],
        chips=_chips(wanted),
        next=_address(wanted, cursor=found.next_cursor) if found.next_cursor else None,
        may_create=access.the_user().may(Permission.CREATE_ORDERS),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _address(wanted: queries.OrderFilter, **changes: Any) -> str:
    values = {
        "customer": wanted.customer,
        "sku": wanted.sku,
        "state": wanted.state,
        "since": wanted.since.isoformat() if wanted.since else "",
    } | changes
    return url_for("orders.index", **{name: value for name, value in values.items() if value})


def _chips(wanted: queries.OrderFilter) -> list[dict[str, str]]:
    given = (
        ("customer", "Customer", wanted.customer),
        ("sku", "SKU", wanted.sku),
        ("since", "Since", wanted.since.isoformat() if wanted.since else ""),
    )
    return [
        {"label": f"{label}: {value}", "remove": _address(wanted, **{name: ""})}
        for name, label, value in given
        if value
    ]


@desk.route("/new", methods=["GET", "POST"])
@access.require(Permission.CREATE_ORDERS)
def new() -> str | Response | tuple[str, int]:
    form = OrderForm(data={"customer_code": request.args.get("customer", "")})
    if not form.is_submitted():
        return render_template("orders/new.html", form=form)
    if "add_line" in request.form:
        if len(form.lines) < orders.MOST_LINES:
            form.lines.append_entry()
        return render_template("orders/new.html", form=form, added=True)
    if not form.validate_all():
        return render_template("orders/new.html", form=form), 422
    try:
        order = orders.create_order(db.session(), access.who(), form.draft())
    except RuleViolation as violation:
        take_faults(form, form.in_own_words(violation))
        return render_template("orders/new.html", form=form), status_of(violation)
    flash(f"Order {order.number} is taken.", "success")
    return redirect(url_for("orders.record", number=order.number))


@desk.get("/<path:number>")
@access.require(Permission.SEE_BACKORDERS, Permission.SEE_OWN_ORDERS)
def record(number: str) -> str | Response:
    """One order; its customer is shown the customer's page of it."""
    order = access.order(number)
    if access.the_user().customer_id is not None:
        return redirect(url_for("my.my_order", number=number))
    lines = queries.lines_of(db.session(), order, with_stock=True)
    short = [each.backorder for each in lines if each.backorder is not None and each.backorder.closed_at is None]
    return render_template(
        "orders/record.html",
        order=order,
        lines=lines,
        short=short,
        topics=" ".join(f"backorder:{each.number}" for each in short[:20]),
        parcels=[parcel for each in lines for parcel in each.parcels],
        may_see_customer=access.the_user().may(Permission.SEE_SERVICE_DESK),
        may_create=access.the_user().may(Permission.CREATE_ORDERS),
    )
