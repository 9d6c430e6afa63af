"""The customer's own pages, signed in or behind the signed link of a mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from domain.errors import RuleViolation
from domain.roles import Permission
from portal import access
from portal.database import db, utcnow
from portal.errors import status_of
from portal.forms import take_faults
from portal.models import Backorder, SalesOrder
from portal.orders import queries, story
from portal.orders.forms import CancelForm
from portal.presentation import quantity
from portal.services import backorders
from portal.shell import viewer_zone

own = Blueprint("my", __name__, url_prefix="/my")
tracking = Blueprint("track", __name__, url_prefix="/track")


@dataclass(frozen=True)
class Ways:
    """Where the pages about one backorder lead to: they are the same behind a link and signed in."""

    record: str
    cancel: str
    back: tuple[str, str] | None = None


@own.get("/orders")
@access.require(Permission.SEE_OWN_ORDERS)
def my_orders() -> str:
    show_all = request.args.get("show") == "all"
    customer_id = access.the_user().customer_id or 0
    today = _today()
    lines = queries.own_lines(db.session(), customer_id, only_open=not show_all, after=request.args.get("cursor"))
    return render_template(
        "orders/my_orders.html",
        rows=[(each.line, story.parts(each.line, each.parcels, today)) for each in lines.items],
        told=story.part_to_tell,
        show_all=show_all,
        next=url_for(".my_orders", cursor=lines.next_cursor, **({"show": "all"} if show_all else {}))
        if lines.next_cursor
        else None,
        customer_id=customer_id,
    )


@own.get("/orders/<path:number>")
@access.require(Permission.SEE_OWN_ORDERS)
def my_order(number: str) -> str:
    order: SalesOrder = access.order(number)
    lines = queries.lines_of(db.session(), order, with_stock=False)
    today = _today()
    return render_template(
        "orders/my_order.html",
        order=order,
        parts=[(each, part) for each in lines for part in story.parts(each.line, each.parcels, today)],
        parcels=[parcel for each in lines for parcel in each.parcels],
    )


def _today() -> date:
    return utcnow().astimezone(viewer_zone()).date()


@own.get("/backorders/<number>")
@access.require(Permission.SEE_OWN_ORDERS)
def my_backorder(number: str) -> str:
    return _show(access.backorder(number), _own_ways(number))


@own.route("/backorders/<number>/cancel", methods=["GET", "POST"])
@access.require(Permission.SEE_OWN_ORDERS)
def cancel_mine(number: str) -> str | Response | tuple[str, int]:
    return _cancel(access.backorder(number), _own_ways(number))


def _own_ways(number: str) -> Ways:
    return Ways(
        url_for("my.my_backorder", number=number),
        url_for("my.cancel_mine", number=number),
        ("My orders", url_for("my.my_orders")),
    )


@tracking.get("/<token>")
def track(token: str) -> str:
    return _show(access.tracked_backorder(token), _link_ways(token))


@tracking.route("/<token>/cancel", methods=["GET", "POST"])
def cancel_tracked(token: str) -> str | Response | tuple[str, int]:
    """Mail programs open links by themselves, so a GET only asks."""
    return _cancel(access.tracked_backorder(token), _link_ways(token))


def _link_ways(token: str) -> Ways:
    return Ways(url_for("track.track", token=token), url_for("track.cancel_tracked", token=token))


def _show(backorder: Backorder, ways: Ways) -> str:
    session = db.session()
    today = _today()
    parcels = [
        each
        for each in queries.parcels_of(session, [backorder.order_line_id])[backorder.order_line_id]
        if each.backorder_id == backorder.id
    ]
    promises = queries.promises_of(session, backorder)
    return render_template(
        "orders/my_backorder.html",
        backorder=backorder,
        line=backorder.order_line,
        story=story.story(backorder, parcels, today),
        points=story.strip_points(backorder, promises, parcels, today),
        events=story.timeline(backorder, promises, parcels),
        parcels=parcels,
        said=queries.said_of(session, backorder),
        ways=ways,
    )


def _cancel(backorder: Backorder, ways: Ways) -> str | Response | tuple[str, int]:
    form = CancelForm()
    status = 200
    if form.validate_on_submit():
        try:
            backorders.request_cancel(db.session(), access.who(), backorder.number, form.reason_code.data)
        except RuleViolation as violation:
            take_faults(form, violation)
            status = status_of(violation)
        else:
            flash("We are cancelling it, and confirm by mail.", "success")
            return redirect(ways.record)
    elif form.is_submitted():
        status = 422
    units = backorder.quantities
    left = quantity(units.owed - units.shipped, backorder.product.unit)
    page = render_template("orders/cancel.html", form=form, backorder=backorder, left=left, ways=ways)
    return page, status
