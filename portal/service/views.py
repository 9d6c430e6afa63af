"""The service desk, the search of the top bar, and one customer with all that is open."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from domain.errors import RuleViolation
from domain.roles import Permission
from portal import access
from portal.database import db, utcnow
from portal.errors import status_of
from portal.forms import take_faults
from portal.models import Backorder, Customer, PurchaseOrderLine, SalesOrder
from portal.presentation import quantity
from portal.service import advice, queries, search
from portal.service.forms import CancelForCustomerForm
from portal.services import backorders
from portal.shell import viewer_zone

desk = Blueprint("service", __name__)


def register(app: Flask) -> None:
    app.register_blueprint(desk)


def _today() -> date:
    return utcnow().astimezone(viewer_zone()).date()


@desk.get("/service")
@access.require(Permission.SEE_SERVICE_DESK)
def index() -> str:
    session, today = db.session(), _today()
    asked = search.cleaned(request.args.get("q", ""))
    if asked:
        found = search.find(session, asked, customers=True, supply=False)
        return render_template(
            "service/answers.html",
            asked=asked,
            found=found,
            answers=queries.answers_about(session, found, today),
            availability=queries.availability(session, found.products),
            **_words(),
        )
    chosen = request.args.get("concern")
    concern = advice.Concern(chosen) if chosen in set(advice.Concern) else None
    counts = queries.count_concerns(session, today)
    rows = queries.need_a_word(session, today, concern, request.args.get("cursor"))
    return render_template(
        "service/index.html",
        rows=[(each, advice.advise(each, today)) for each in rows.items],
        concern=concern,
        tabs=[
            {"label": "All", "href": url_for(".index"), "count": counts["all"], "active": concern is None},
            *(
                {
                    "label": advice.CONCERN_WORDS[each],
                    "href": url_for(".index", concern=each),
                    "count": counts[each],
                    "active": concern is each,
                }
                for each in advice.Concern
            ),
        ],
        next=url_for(".index", concern=concern, cursor=rows.next_cursor) if rows.next_cursor else None,
        **_words(),
    )


def _words() -> dict[str, object]:
    user = access.the_user()
    return {
        "concern_words": advice.CONCERN_WORDS,
        "concern_codes": advice.CONCERN_CODES,
        "may_cancel": user.may(Permission.CANCEL_BACKORDERS),
        "may_create": user.may(Permission.CREATE_ORDERS),
    }


@desk.get("/search")
@access.require(Permission.SEE_BACKORDERS)
def everything() -> str | Response:
    """The box in the top bar: an exact number leads straight to its record."""
    user = access.the_user()
    asked = search.cleaned(request.args.get("q", ""))
    customers, supply = user.may(Permission.SEE_SERVICE_DESK), user.may(Permission.SEE_SUPPLY)
    session = db.session()
    if asked:
        record = _address(search.exact(session, asked, supply=supply), customers)
        if record:
            return redirect(record)
    found = search.find(session, asked, customers=customers, supply=supply)
    return render_template(
        "service/search.html",
        asked=asked,
        found=found,
        availability=queries.availability(session, found.products),
        may_serve=customers,
        may_create=user.may(Permission.CREATE_ORDERS),
    )


def _address(record: object, customers: bool) -> str | None:
    match record:
        case Backorder(number=number):
            return f"/backorders/{number}"
        case SalesOrder(number=number):
            return url_for("orders.record", number=number)
        case Customer(code=code) if customers:
            return url_for("service.customer", code=code)
        case PurchaseOrderLine(po_number=number, line_number=line):
            return f"/purchase-orders/{number}/{line}"
    return None


@desk.get("/service/customers/<path:code>")
@access.require(Permission.SEE_SERVICE_DESK)
def customer(code: str) -> str:
    """One customer, with all that is open, in the order in which they come first."""
    session, today = db.session(), _today()
    who = access.customer(code)
    rows = queries.open_of_customer(session, who, request.args.get("cursor"))
    return render_template(
        "service/customer.html",
        customer=who,
        answers=queries.answers(session, rows.items, today),
        orders=queries.orders_of_customer(session, who),
        said=queries.said_to_customer(session, who),
        next=url_for(".customer", code=code, cursor=rows.next_cursor) if rows.next_cursor else None,
        **_words(),
    )


@desk.route("/service/backorders/<number>/cancel", methods=["GET", "POST"])
@access.require(Permission.CANCEL_BACKORDERS)
def cancel(number: str) -> str | Response | tuple[str, int]:
    """Cancel for a customer who asked for it, after showing what that undoes."""
    backorder = access.backorder(number)
    form = CancelForCustomerForm()
    status = 200
    if form.validate_on_submit():
        try:
            backorders.request_cancel(db.session(), access.who(), number, form.reason_code.data)
        except RuleViolation as violation:
            take_faults(form, violation)
            status = status_of(violation)
        else:
            flash(f"Backorder {number} is being cancelled; the customer gets a mail.", "success")
            return redirect(f"/backorders/{number}")
    elif form.is_submitted():
        status = 422
    units = backorder.quantities
    unit = backorder.product.unit
    page = render_template(
        "service/cancel.html",
        form=form,
        backorder=backorder,
        left=quantity(units.owed - units.shipped, unit),
        reserved=quantity(units.allocated, unit) if units.allocated else None,
        shipped=quantity(units.shipped, unit) if units.shipped else None,
    )
    return page, status
