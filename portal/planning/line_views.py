"""One purchase order line, as our own people see it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from domain.replenishment import LineStatus
from domain.roles import Permission
from portal import access, gateway
from portal.database import db, utcnow
from portal.models import PurchaseOrderLine
from portal.planning import promises, stories
from portal.planning.amounts import Sums
from portal.planning.deciding import decision_of, take_decision
from portal.planning.forms import DecisionForm
from portal.planning.queries import lines
from portal.services.transaction import local_day
from portal.suppliers import queries as supplier_queries

desk = Blueprint("lines", __name__, url_prefix="/purchase-orders")

#: Actions of the audit trail that the answers themselves tell better.
TOLD_BY_ANSWERS = (
    "purchase_order_line.accept",
    "purchase_order_line.propose",
    "purchase_order_line.reject",
    "purchase_order_line.proposal_approved",
    "purchase_order_line.proposal_rejected",
    "receipt.booked",
)


def may_open_engine() -> bool:
    """Those who steer the workflows: operators, and the buyers whose lines they drive."""
    user = access.the_user()
    return user.may(Permission.OPERATE) or user.may(Permission.DECIDE_ANSWERS)


@desk.route("/<path:po_number>/<int(max=32767):line_number>", methods=["GET", "POST"])
@access.require(Permission.SEE_SUPPLY)
def record(po_number: str, line_number: int) -> str | Response | tuple[str, int]:
    line = access.purchase_order_line_by_number(po_number, line_number)
    if request.method == "GET":
        return _record(line)
    access.demand(Permission.DECIDE_ANSWERS)
    form = DecisionForm()
    code = take_decision(form, line)
    if code == 200:
        word = "approved" if decision_of() == "approve" else "turned down; the supplier is asked again"
        flash(f"The proposal was {word}.", "success")
        return redirect(url_for("lines.record", po_number=po_number, line_number=line_number))
    return _record(line, form), code


def _record(found: PurchaseOrderLine, refused: DecisionForm | None = None) -> str:
    session = db.session()
    line = lines.with_buyer(session, found.id)
    unit = line.product.unit
    number = f"{line.po_number}/{line.line_number}"
    answers = supplier_queries.said(session, line.id)
    pegs = lines.pegged(session, line.id)
    form = refused or DecisionForm(formdata=None)
    form.line.data = str(line.id)
    form.version.data = str(line.version)
    today = local_day(utcnow(), access.the_user().time_zone)
    return render_template(
        "planning/line.html",
        line=line,
        number=number,
        points=promises.line_points(line, supplier_queries.ledger(session, line.id), today),
        pending=next((answer for answer in answers if answer.pending), None),
        dated=stories.dated_quantities,
        pegs=pegs,
        customers=len({peg.customer_id for peg in pegs}),
        money=Sums.of(
            (peg.backorder.order_line.currency, peg.quantity * (peg.backorder.order_line.unit_price or 0))
            for peg in pegs
        ).as_money,
        events=stories.newest_first(
            stories.of_answers(answers, unit),
            stories.of_receipts(supplier_queries.receipts(session, line.id), unit),
            stories.of_notices(lines.notices(session, line.id)),
            stories.of_audit(lines.audit(session, "purchase_order_line", number), TOLD_BY_ANSWERS),
        ),
        form=form,
        may_decide=access.the_user().may(Permission.DECIDE_ANSWERS),
        asked=line.status == LineStatus.AWAITING_SUPPLIER,
        engine=gateway.workflow_page(access.settings(), line.workflow_id) if may_open_engine() else None,
        topic=f"line:{line.id}",
    )
