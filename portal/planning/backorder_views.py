"""Backorders, as our own people see them: the list, the record, cancelling."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from domain.backorder import CLOSED, Status, WaitingOn
from domain.errors import Conflict, RuleViolation
from domain.roles import Permission
from portal import access, gateway
from portal.database import db, utcnow
from portal.forms import take_faults
from portal.models import Backorder
from portal.planning import promises, stories
from portal.planning.amounts import Sums
from portal.planning.filters import address, chips, given
from portal.planning.forms import CancelForm
from portal.planning.line_views import may_open_engine
from portal.planning.queries import backorders as queries
from portal.planning.queries import details, lines
from portal.planning.rows import owner_of
from portal.presentation import quantity, status_label
from portal.services import backorders
from portal.services.transaction import local_day
from portal.services.views import waiting_for

desk = Blueprint("backorders", __name__, url_prefix="/backorders")


def _today() -> date:
    return local_day(utcnow(), access.the_user().time_zone)


@desk.get("")
@access.require(Permission.SEE_BACKORDERS)
def all_backorders() -> str:
    session, today = db.session(), _today()
    in_force = given("status", "waiting_on", "sku", "customer", "supplier", "q", "late")
    if in_force.get("status") not in (None, "all", *Status):
        in_force.pop("status")
    if in_force.get("waiting_on") not in (None, *WaitingOn):
        in_force.pop("waiting_on")
    if not access.the_user().may(Permission.SEE_SUPPLY):
        in_force.pop("supplier", None)
    filters = queries.Filters(
        status=in_force.get("status", ""),
        sku=in_force.get("sku", ""),
        customer_code=in_force.get("customer", ""),
        supplier_code=in_force.get("supplier", ""),
        waiting_on=in_force.get("waiting_on", ""),
        late="late" in in_force,
        text=in_force.get("q", ""),
    )
    page = queries.page(session, filters, today, request.args.get("cursor"))
    supply = details.next_lines(session, {each.id for each in page.items})
    words = {
        "status": lambda code: "Open and closed" if code == "all" else status_label(code),
        "waiting_on": lambda whom: f"Waiting on {whom}",
        "sku": lambda sku: f"SKU {sku}",
        "customer": lambda code: f"Customer {code}",
        "supplier": lambda code: f"Supplier {code}",
        "q": lambda text: f"“{text}”",
        "late": lambda _on: "Late",
    }
    return render_template(
        "backorders/list.html",
        rows=[(each, owner_of(each, supply.get(each.id))) for each in page.items],
        filters=in_force,
        statuses=[(status.value, status_label(status)) for status in Status],
        waiting_ons=[(whom.value, whom.value.capitalize()) for whom in WaitingOn if whom is not WaitingOn.NOBODY],
        chips=chips("backorders.all_backorders", in_force, words),
        clear=url_for("backorders.all_backorders"),
        next_page=(
            address("backorders.all_backorders", in_force, cursor=page.next_cursor) if page.next_cursor else None
        ),
        first_page=address("backorders.all_backorders", in_force) if "cursor" in request.args else None,
        here=address("backorders.all_backorders", request.args),
        sees_supply=access.the_user().may(Permission.SEE_SUPPLY),
        money=_money,
    )


def _money(backorder: Backorder) -> str:
    """What is still owed is worth."""
    quantities, order_line = backorder.quantities, backorder.order_line
    owed = quantities.owed - quantities.shipped
    return Sums.of([(order_line.currency, owed * (order_line.unit_price or 0))]).as_money or "–"


@desk.get("/<number>")
@access.require(Permission.SEE_BACKORDERS)
def record(number: str) -> str:
    session = db.session()
    user = access.the_user()
    backorder = queries.whole(session, access.backorder(number).id)
    unit = backorder.product.unit
    ledger = queries.ledger(session, backorder.id)
    pegs = queries.pegs(session, backorder.id)
    allocations = queries.allocations(session, backorder.id)
    shipments = queries.shipments(session, backorder.id)
    supply = details.next_lines(session, {backorder.id}).get(backorder.id)
    line_ids = {peg.schedule.line_id for peg in pegs} | {one.line_id for one in allocations if one.line_id}
    threads = _threads(
        backorder,
        promises=stories.of_promises(ledger),
        supplier=[
            event
            for one in queries.answers(session, line_ids)
            for event in stories.of_answers([one], unit, f"{one.line.po_number}/{one.line.line_number}")
        ],
        goods=stories.of_goods(allocations, shipments, unit),
        notices=stories.of_notices(queries.notices(session, backorder.id)),
        record=stories.of_audit(lines.audit(session, "backorder", backorder.number)),
    )
    delivered = [one.delivered_at for one in shipments if one.delivered_at is not None]
    return render_template(
        "backorders/record.html",
        backorder=backorder,
        quantities=backorder.quantities,
        closed=backorder.status in CLOSED,
        late=backorder.closed_at is None and (backorder.promised_date or backorder.requested_date) < _today(),
        next_step=waiting_for(backorder, supply),
        owner=owner_of(backorder, supply),
        points=promises.backorder_points(
            backorder,
            ledger,
            local_day(max(delivered), backorder.customer.time_zone) if delivered else None,
            _today(),
        ),
        cause=ledger[-1] if ledger else None,
        pegs=pegs,
        allocations=allocations,
        runs=[(run, _shares(run.inputs, run.outcome)) for run in queries.runs(session, backorder)],
        money=_money(backorder),
        **threads,
        sees_supply=user.may(Permission.SEE_SUPPLY),
        may_cancel=_may_cancel(backorder),
        may_order=user.may(Permission.RAISE_PURCHASE_ORDERS) and backorder.uncovered_quantity > 0,
        engine=gateway.workflow_page(access.settings(), backorder.workflow_id) if may_open_engine() else None,
        topic=f"backorder:{backorder.number}",
    )


def _threads(backorder: Backorder, **threads: object) -> dict[str, object]:
    """The timeline, all of it or the part that the address asks for, and the addresses of its parts."""
    shown = request.args.get("show", "")
    if shown not in stories.THREADS:
        shown = ""
    parts = [
        {
            "label": label,
            "href": url_for("backorders.record", number=backorder.number, show=name or None, _anchor="story"),
            "active": name == shown,
        }
        for name, label in (("", "Everything"), *stories.THREADS.items())
    ]
    wanted = [events for name, events in threads.items() if shown in ("", name)]
    return {"events": stories.newest_first(*wanted), "threads": parts}  # type: ignore[arg-type]  # each is a story


def _shares(inputs: dict[str, object], outcome: dict[str, object]) -> list[dict[str, object]]:
    """Who stood in line in an allocation run, in turn, with what each got."""
    shares = {share["backorder"]: share for share in outcome["shares"]}  # type: ignore[attr-defined]  # JSON
    waiting = sorted(
        inputs["waiting"],  # type: ignore[call-overload]  # JSON
        key=lambda one: (one["priority"], one["ordered_at"], one.get("id", 0)),
    )
    return [{**one, **shares.get(one["backorder"], {"quantity": "0", "short": one["needed"]})} for one in waiting]


def _may_cancel(backorder: Backorder) -> bool:
    quantities = backorder.quantities
    return (
        access.the_user().may(Permission.CANCEL_BACKORDERS)
        and quantities.shipped < quantities.owed
        and backorder.cancel_requested_at is None
    )


@desk.route("/<number>/cancel", methods=["GET", "POST"])
@access.require(Permission.CANCEL_BACKORDERS)
def cancel(number: str) -> str | Response | tuple[str, int]:
    backorder = access.backorder(number)
    form = CancelForm()
    if request.method == "GET":
        return _cancel_page(backorder, form)
    if not form.validate():
        return _cancel_page(backorder, form), 422
    try:
        backorders.request_cancel(db.session(), access.who(), number, form.reason_code.data)
    except RuleViolation as violation:
        take_faults(form, violation)
        return _cancel_page(access.backorder(number), form), 409 if isinstance(violation, Conflict) else 422
    flash(f"{number} is being cancelled. The customer is told as soon as it is done.", "success")
    return redirect(url_for("backorders.record", number=number))


def _cancel_page(backorder: Backorder, form: CancelForm) -> str:
    session = db.session()
    others, wanted = queries.others_in_turn(session, backorder)
    unit = backorder.product.unit
    quantities = backorder.quantities
    planned = sum((peg.quantity for peg in queries.pegs(session, backorder.id)), Decimal(0))
    left = quantities.owed - quantities.shipped
    consequences = [f"{quantity(left, unit)} of {backorder.product.name} will not be delivered."]
    if quantities.shipped:
        consequences.append(f"{quantity(quantities.shipped, unit)} has been shipped and stays with the customer.")
    if quantities.allocated:
        consequences.append(f"{quantity(quantities.allocated, unit)} reserved goods are given back.")
    if planned:
        consequences.append(f"{quantity(planned, unit)} that is on its way is free for others.")
    if others:
        words = "other backorder waits" if others == 1 else "other backorders wait"
        consequences.append(f"{others} {words} for {quantity(wanted, unit)} of it and may come sooner.")
    consequences.append(f"{backorder.customer.name} is told by mail.")
    return render_template(
        "backorders/cancel.html",
        backorder=backorder,
        form=form,
        consequences=consequences,
        left=left,
        possible=left > 0,
    )
