"""Purchase order lines: what suppliers are asked, what they answer, and what is decided on it."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from domain.reasons import SupplyReason
from domain.replenishment import (
    MOST_SCHEDULE_LINES,
    Action,
    Answer,
    Decision,
    LineStatus,
    Outcome,
    ScheduleLine,
    Verdict,
)
from domain.roles import Permission
from portal import access
from portal.api import queries
from portal.api.calls import ApiBlueprint, acts, allowed, fetched, must_match, on_version, saw, tagged
from portal.api.fields import Code, Day, In, Instant, Number, Out, Quantity, Text
from portal.api.paging import Page, Paged, page_of
from portal.database import db
from portal.models import PurchaseOrderLine
from portal.services import answers

blueprint = ApiBlueprint("Purchase order lines", "What suppliers are asked, what they promise, what is decided.")


class LineOut(Out):
    id = ma.fields.Integer()
    po_number = ma.fields.String()
    line_number = ma.fields.Integer()
    sku = ma.fields.String(attribute="product.sku")
    supplier_code = ma.fields.String(attribute="supplier.code")
    quantity = Number()
    requested_date = ma.fields.Date()
    promised_date = ma.fields.Date(
        allow_none=True, metadata={"description": "The day on which the agreed schedule has brought all of it."}
    )
    status = ma.fields.String(metadata={"enum": list(LineStatus)})
    version = ma.fields.Integer(metadata={"description": "Grows with every change; the beginning of the ETag."})


class ScheduleOut(Out):
    quantity = Number()
    received_quantity = Number()
    date = ma.fields.Date(attribute="due_date")
    confirmed = ma.fields.Boolean()


class PromisedOut(Out):
    quantity = Number()
    promised_date = ma.fields.String(metadata={"format": "date"})


class AnswerOut(Out):
    action = ma.fields.String(metadata={"enum": list(Action)})
    schedule = ma.fields.List(ma.fields.Nested(PromisedOut))
    reason_code = ma.fields.String(allow_none=True)
    note = ma.fields.String()
    outcome = ma.fields.String(metadata={"enum": list(Outcome)})
    rule = ma.fields.String()
    at = Instant(attribute="answered_at")
    decision = ma.fields.String(allow_none=True)
    decision_reason = ma.fields.String(allow_none=True)


class LineDetailOut(LineOut):
    unit = ma.fields.String(attribute="product.unit")
    warehouse_code = ma.fields.String(attribute="warehouse.code")
    received_quantity = Number()
    open_quantity = Number()
    waiting_customers = ma.fields.Integer(metadata={"description": "How many customers wait for it."})
    waiting_quantity = Number()
    schedule = ma.fields.List(ma.fields.Nested(ScheduleOut))
    answers = ma.fields.List(ma.fields.Nested(AnswerOut), metadata={"description": "Newest first."})


class LineFilter(Paged):
    awaiting = ma.fields.String(load_default=None, validate=ma.validate.OneOf(sorted(queries.AWAITING)))
    supplier = Code(load_default=None)
    sku = Code(load_default=None)


class ScheduleIn(In):
    quantity = Quantity(required=True)
    promised_date = Day(required=True, metadata={"description": "The day the goods are at our door."})


class AnswerIn(In):
    action = ma.fields.String(required=True, validate=ma.validate.OneOf(list(Action)))
    schedule = ma.fields.List(
        ma.fields.Nested(ScheduleIn),
        load_default=list,
        validate=ma.validate.Length(0, MOST_SCHEDULE_LINES),
        metadata={"description": "For `propose` only."},
    )
    reason_code = ma.fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": f"For `propose` and `reject`: {', '.join(SupplyReason)}."},
    )
    note = Text(most=2000, least=0, load_default="", allow_none=True)
    version = ma.fields.Integer(
        load_default=None,
        allow_none=True,
        metadata={"description": "The version you saw; 409 when it is not the current one."},
    )


class VerdictOut(Out):
    outcome = ma.fields.String(metadata={"enum": list(Outcome)})
    rule = ma.fields.String(metadata={"description": "The rule that decided, in words."})


class DecisionIn(In):
    decision = ma.fields.String(required=True, validate=ma.validate.OneOf(list(Decision)))
    reason = Text(
        most=500,
        least=0,
        load_default="",
        allow_none=True,
        metadata={"description": "Needed to reject: the supplier reads it and answers again."},
    )
    version = ma.fields.Integer(load_default=None, allow_none=True)


@blueprint.route("/purchase-order-lines")
@allowed(Permission.SEE_SUPPLY, Permission.ANSWER_LINES)
@blueprint.arguments(LineFilter, location="query")
@blueprint.response(200, page_of(LineOut, "PurchaseOrderLine"))
def list_purchase_order_lines(asked: dict[str, Any]) -> Page:
    """Purchase order lines, oldest first; a supplier's people get their own"""
    return queries.purchase_order_lines(asked)


@blueprint.route("/purchase-order-lines/<int(max=9223372036854775807):line_id>")
@fetched(access.purchase_order_line)
@tagged
@blueprint.response(200, LineDetailOut)
def get_purchase_order_line(line: PurchaseOrderLine) -> PurchaseOrderLine:
    """One line with its schedule and answers"""
    saw(line.version)
    return line


def _check_precondition(line: PurchaseOrderLine) -> None:
    """412 for a stale ETag, on the row that stays locked until the call is done."""
    must_match(answers.locked_line(db.session(), line.id).version)


@blueprint.route("/purchase-order-lines/<int(max=9223372036854775807):line_id>/responses", methods=["POST"])
@fetched(access.purchase_order_line, Permission.ANSWER_LINES)
@on_version
@acts
@blueprint.arguments(AnswerIn)
@blueprint.response(200, VerdictOut)
def answer_purchase_order_line(line: PurchaseOrderLine, asked: dict[str, Any]) -> Verdict:
    """Answer a line, as its supplier

    `accept` takes it as requested, `propose` gives other dates and quantities, `reject` says it can't be
    delivered. A proposal within the agreed tolerance is accepted by rule; another one awaits the buyer.
    """
    _check_precondition(line)
    answer = Answer(
        Action(asked["action"]),
        tuple(ScheduleLine(**each) for each in asked["schedule"]),
        asked["reason_code"],
        asked["note"] or "",
    )
    return answers.answer_line(db.session(), access.who("api"), line.id, answer, asked["version"])


@blueprint.route("/purchase-order-lines/<int(max=9223372036854775807):line_id>/decisions", methods=["POST"])
@fetched(access.purchase_order_line, Permission.DECIDE_ANSWERS)
@on_version
@acts
@blueprint.arguments(DecisionIn)
@blueprint.response(200, LineDetailOut)
def decide_on_proposal(line: PurchaseOrderLine, asked: dict[str, Any]) -> PurchaseOrderLine:
    """Approve or reject what the supplier proposed

    Rejected, the dates agreed before stand and the supplier is asked again.
    """
    _check_precondition(line)
    return answers.decide(
        db.session(),
        access.who("api"),
        line.id,
        Decision(asked["decision"]),
        asked["reason"] or "",
        asked["version"],
    )
