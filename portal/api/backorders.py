"""Backorders: what is owed, when it is promised, and why."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from sqlalchemy.orm import Session

from domain.backorder import Status
from domain.reasons import CancelReason
from domain.roles import Permission
from portal import access
from portal.api import queries
from portal.api.calls import ApiBlueprint, acts, allowed, fetched, must_match, on_version, saw, tagged
from portal.api.fields import Code, In, Instant, Number, Out
from portal.api.paging import Page, Paged, page_of
from portal.database import db
from portal.models import Backorder
from portal.services import backorders

blueprint = ApiBlueprint("Backorders", "What is owed to customers, and every date they were promised.")


class BackorderOut(Out):
    number = ma.fields.String()
    order_number = ma.fields.String(attribute="order_line.order.number")
    line_number = ma.fields.Integer(attribute="order_line.line_number")
    sku = ma.fields.String(attribute="product.sku")
    customer_code = ma.fields.String(attribute="customer.code")
    status = ma.fields.String(metadata={"enum": list(Status)})
    priority = ma.fields.Integer(metadata={"description": "Lower is served first."})
    quantity = Number(metadata={"description": "What was short when it opened."})
    allocated_quantity = Number(metadata={"description": "Reserved on the shelf and not yet shipped."})
    shipped_quantity = Number()
    requested_date = ma.fields.Date()
    original_promised_date = ma.fields.Date(allow_none=True)
    promised_date = ma.fields.Date(allow_none=True, metadata={"description": "Null while no date can be given."})
    reason_code = ma.fields.String()
    waiting_on = ma.fields.String(metadata={"enum": ["supplier", "buyer", "warehouse", "carrier", "nobody"]})
    workflow_id = ma.fields.String()


class PromiseOut(Out):
    promised_date = ma.fields.Date(allow_none=True)
    basis = ma.fields.String(allow_none=True)
    reason_code = ma.fields.String()
    actor = ma.fields.String(
        allow_none=True, metadata={"description": "Who moved it; null for the customer's own people."}
    )
    at = Instant()


class PegOut(Out):
    po_number = ma.fields.String(
        allow_none=True,
        metadata={"description": "Null for goods from stock, and for the customer's own people."},
    )
    line_number = ma.fields.Integer(allow_none=True)
    quantity = Number()
    date = ma.fields.Date(
        metadata={"description": "Soft: the day the goods are due here. Hard: the day they were reserved."}
    )
    hard = ma.fields.Boolean(metadata={"description": "Whether the goods are here and reserved."})


class NoticeOut(Out):
    kind = ma.fields.String()
    channel = ma.fields.String()
    status = ma.fields.String()
    at = Instant(metadata={"description": "When it was sent; when it was written, while it waits."})


class BackorderDetailOut(BackorderOut):
    promises = ma.fields.List(ma.fields.Nested(PromiseOut))
    pegs = ma.fields.List(ma.fields.Nested(PegOut))
    notices = ma.fields.List(ma.fields.Nested(NoticeOut))

    def get_attribute(self, obj: queries.BackorderDetail, attr: str, default: Any) -> Any:
        match attr:
            case "promises":
                hidden = access.the_user().customer_id is not None
                return [
                    {
                        "promised_date": each.promised_date,
                        "basis": each.basis,
                        "reason_code": each.reason_code,
                        "actor": None if hidden else each.actor,
                        "at": each.at,
                    }
                    for each in obj.promises
                ]
            case "pegs":
                return obj.pegs
            case "notices":
                return [
                    {
                        "kind": each.kind,
                        "channel": each.channel,
                        "status": each.status,
                        "at": each.sent_at or each.created_at,
                    }
                    for each in obj.notices
                ]
        return super().get_attribute(obj.backorder, attr, default)


class BackorderFilter(Paged):
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(list(Status)))
    sku = Code(load_default=None)
    customer = Code(load_default=None)
    supplier = Code(load_default=None, metadata={"description": "Whose goods are planned or reserved for it."})


class CancelIn(In):
    reason_code = ma.fields.String(required=True, validate=ma.validate.OneOf(list(CancelReason)))


@blueprint.route("/backorders")
@allowed(Permission.SEE_BACKORDERS, Permission.SEE_OWN_ORDERS)
@blueprint.arguments(BackorderFilter, location="query")
@blueprint.response(200, page_of(BackorderOut, "Backorder"))
def list_backorders(asked: dict[str, Any]) -> Page:
    """Backorders, oldest first; a customer's people get their own"""
    return queries.backorders(asked)


@blueprint.route("/backorders/<number>")
@fetched(access.backorder)
@tagged
@blueprint.response(200, BackorderDetailOut)
def get_backorder(backorder: Backorder) -> queries.BackorderDetail:
    """One backorder with its promises, pegs and notices"""
    saw(backorder.version)
    return queries.backorder_detail(backorder)


def _cancellable(number: str) -> Backorder:
    backorder = access.backorder(number)
    if access.the_user().customer_id is None:
        access.demand(Permission.CANCEL_BACKORDERS)
    return backorder


@blueprint.route("/backorders/<number>/cancel", methods=["POST"])
@fetched(_cancellable)
@on_version
@acts
@blueprint.arguments(CancelIn)
@blueprint.response(202, BackorderDetailOut)
def cancel_backorder(backorder: Backorder, asked: dict[str, Any]) -> queries.BackorderDetail:
    """Ask for a backorder to be cancelled

    Its workflow undoes what was done for it a moment later: reserved goods are released, supply is
    planned anew, the customer is told. The answer shows the backorder as it is now.
    """
    session: Session = db.session()
    session.refresh(backorder, with_for_update={"of": Backorder})
    must_match(backorder.version)
    wished = backorders.request_cancel(session, access.who("api"), backorder.number, asked["reason_code"])
    return queries.backorder_detail(wished)
