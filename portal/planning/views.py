"""The planning desk: exceptions first, where supply is short, lines, suppliers, ordering by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from domain.errors import RuleViolation
from domain.reminders import Audience
from domain.replenishment import LineStatus
from domain.roles import Permission
from portal import access
from portal.database import db, utcnow
from portal.forms import take_faults
from portal.planning import backorder_views, line_views, product_views
from portal.planning.deciding import decision_of, take_decision
from portal.planning.filters import address, chips, given
from portal.planning.forms import DecisionForm, OrderForm
from portal.planning.queries import bottlenecks, exceptions, lines, products
from portal.planning.queries.exceptions import ALL, Kind
from portal.planning.rows import KINDS, rows
from portal.planning.stories import newest_first, of_answers
from portal.presentation import status_label
from portal.services import purchasing
from portal.services.transaction import amount, local_day

desk = Blueprint("planning", __name__, url_prefix="/planning")

BOTTLENECKS = "bottlenecks"


def register(app: Flask) -> None:
    app.register_blueprint(desk)
    app.register_blueprint(line_views.desk)
    app.register_blueprint(backorder_views.desk)
    app.register_blueprint(product_views.desk)


def _today() -> date:
    return local_day(utcnow(), access.the_user().time_zone)


@desk.route("", methods=["GET", "POST"])
@access.require(Permission.SEE_SUPPLY)
def home() -> str | Response | tuple[str, int]:
    if request.method == "GET":
        return _home()
    access.demand(Permission.DECIDE_ANSWERS)
    form = DecisionForm()
    line = access.purchase_order_line(form.line_id or abort(404))
    number = f"{line.po_number}/{line.line_number}"
    code = take_decision(form, line)
    if code == 200:
        word = "approved" if decision_of() == "approve" else "turned down; the supplier is asked again"
        flash(f"The proposal for {number} was {word}.", "success")
        return redirect(address("planning.home", request.args))
    return _home(form), code


def _home(refused: DecisionForm | None = None) -> str:
    session, today = db.session(), _today()
    in_force = given("supplier", "sku")
    filters = exceptions.Filters(in_force.get("supplier", ""), in_force.get("sku", ""))
    tallies = exceptions.tallies(session, today, filters)
    which = request.args.get("tab", ALL)
    if which not in (ALL, BOTTLENECKS, *Kind):
        which = ALL
    here = request.args.to_dict()
    may = access.the_user().may
    page = exceptions.page(session, which, today, filters, request.args.get("cursor"))
    words = {"supplier": lambda code: f"Supplier {code}", "sku": lambda sku: f"SKU {sku}"}
    bad_line = refused.line_id if refused is not None else None
    return render_template(
        "planning/home.html",
        tabs=[
            {
                "label": label,
                "href": address("planning.home", in_force, tab=name),
                "count": tallies[name].count if name in tallies else None,
                "active": name == which,
            }
            for name, label in (
                (ALL, "All"),
                *((kind.value, KINDS[kind].label) for kind in Kind),
                (BOTTLENECKS, "Bottlenecks"),
            )
        ],
        which=which,
        kinds=KINDS,
        kind=KINDS.get(Kind(which)) if which in set(Kind) else None,
        tallies=tallies,
        tally=tallies.get(which),
        rows=rows(session, page.items, may) if which != BOTTLENECKS else [],
        by_supplier=bottlenecks.by_supplier(session, today) if which == BOTTLENECKS else [],
        by_product=bottlenecks.by_product(session, today) if which == BOTTLENECKS else [],
        filters=in_force,
        chips=chips("planning.home", in_force, words, tab=which),
        clear=address("planning.home", {}, tab=which),
        next_page=address("planning.home", here, cursor=page.next_cursor) if page.next_cursor else None,
        first_page=address("planning.home", here, cursor=None) if "cursor" in here else None,
        here=address("planning.home", here),
        tab_address=lambda name: address("planning.home", in_force, tab=name),
        may_decide=may(Permission.DECIDE_ANSWERS),
        refused=refused,
        bad_line=bad_line,
    )


@desk.get("/lines")
@access.require(Permission.SEE_SUPPLY)
def all_lines() -> str:
    """Purchase order lines, filtered by whoever's answer is awaited, supplier, SKU, status."""
    session, today = db.session(), _today()
    in_force = given("awaiting", "status", "supplier", "sku", "q", "late")
    if in_force.get("status") not in (None, "all", *LineStatus):
        in_force.pop("status")
    if in_force.get("awaiting") not in (None, *lines.AWAITING):
        in_force.pop("awaiting")
    filters = lines.Filters(
        awaiting=in_force.get("awaiting", ""),
        supplier_code=in_force.get("supplier", ""),
        sku=in_force.get("sku", ""),
        status=in_force.get("status", ""),
        text=in_force.get("q", ""),
        late="late" in in_force,
    )
    page = lines.page(session, filters, today, request.args.get("cursor"))
    words = {
        "awaiting": lambda whom: f"Waiting on the {whom}",
        "status": lambda code: "Open and closed" if code == "all" else status_label(code),
        "supplier": lambda code: f"Supplier {code}",
        "sku": lambda sku: f"SKU {sku}",
        "q": lambda text: f"“{text}”",
        "late": lambda _on: "Late",
    }
    return render_template(
        "planning/lines.html",
        lines=page.items,
        filters=in_force,
        statuses=[(status.value, status_label(status)) for status in LineStatus],
        chips=chips("planning.all_lines", in_force, words),
        clear=url_for("planning.all_lines"),
        next_page=address("planning.all_lines", in_force, cursor=page.next_cursor) if page.next_cursor else None,
        first_page=address("planning.all_lines", in_force) if "cursor" in request.args else None,
        here=address("planning.all_lines", request.args),
        may_order=access.the_user().may(Permission.RAISE_PURCHASE_ORDERS),
    )


@desk.get("/suppliers/<path:code>")
@access.require(Permission.SEE_SUPPLY)
def supplier(code: str) -> str:
    session = db.session()
    found = lines.supplier(session, code) or abort(404)
    ladder = [(day, Audience.SUPPLIER) for day in found.reminder_days]
    ladder += [(found.buyer_day, Audience.BUYER), (found.manager_day, Audience.SUPPLY_CHAIN_MANAGER)]
    answers = lines.answers_of_supplier(session, found.id)
    return render_template(
        "planning/supplier.html",
        supplier=found,
        counts=lines.counts_of_supplier(session, found.id, _today()),
        lines=lines.open_of_supplier(session, found.id),
        ladder=sorted(ladder, key=lambda step: (step[0], list(Audience).index(step[1]))),
        events=newest_first(
            *(
                of_answers([one], one.line.product.unit, f"{one.line.po_number}/{one.line.line_number}")
                for one in answers
            )
        ),
    )


@desk.route("/order", methods=["GET", "POST"])
@access.require(Permission.RAISE_PURCHASE_ORDERS)
def order() -> str | Response | tuple[str, int]:
    """Raise a purchase order line by hand; `?backorder=` or `?sku=` says for what."""
    session = db.session()
    form = OrderForm()
    form.warehouse_code.choices = [SelectChoice(one.code, one.name) for one in lines.warehouses(session)]
    if request.method == "GET":
        _suggest(form, session)
        return _order_page(form)
    if not form.validate():
        return _order_page(form), 422
    try:
        line = purchasing.raise_line(
            session,
            access.who(),
            sku=form.sku.data,
            supplier_code=form.supplier_code.data,
            quantity=form.quantity.data,
            requested_date=form.requested_date.data,
            warehouse_code=form.warehouse_code.data,
        )
    except RuleViolation as violation:
        take_faults(form, violation)
        return _order_page(form), 422
    served = line.waiting_customers
    flash(
        f"{line.po_number}/{line.line_number} is ordered from {line.supplier.name}"
        f" and covers {served} {'backorder' if served == 1 else 'backorders'}.",
        "success",
    )
    return redirect(url_for("lines.record", po_number=line.po_number, line_number=line.line_number))


def _order_page(form: OrderForm) -> str:
    return render_template(
        "planning/order.html", form=form, back=url_for("planning.home", tab=Kind.UNCOVERED.value)
    )


def _suggest(form: OrderForm, session: Session) -> None:
    """Fill in what is known: the missing quantity, the preferred supplier, its lead time."""
    asked = given("backorder", "sku")
    product = None
    if "backorder" in asked:
        backorder = access.backorder(asked["backorder"])
        product = backorder.product
        form.warehouse_code.data = backorder.warehouse.code
    elif "sku" in asked:
        product = products.by_sku(session, asked["sku"])
    if product is None:
        return
    form.sku.data = product.sku
    missing = products.uncovered(session, product.id)
    if missing > 0:
        form.quantity.data = Decimal(amount(missing))
    if product.preferred_supplier is not None:
        form.supplier_code.data = product.preferred_supplier.code
    if product.lead_time_days is not None:
        form.requested_date.data = _today() + timedelta(days=product.lead_time_days)
