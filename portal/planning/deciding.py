"""Taking a decision on a supplier's proposal, from the queue or from the line's own page."""

from __future__ import annotations

from flask import abort, request

from domain.errors import Conflict, RuleViolation
from domain.replenishment import Decision
from portal import access
from portal.database import db
from portal.forms import take_faults
from portal.models import PurchaseOrderLine
from portal.planning.forms import DecisionForm
from portal.services import answers


def decision_of() -> Decision:
    """What the button that was pressed says."""
    try:
        return Decision(request.form.get("decision", ""))
    except ValueError:
        abort(400)


def take_decision(form: DecisionForm, line: PurchaseOrderLine) -> int:
    """Decide as the form says. 200 when it was done; else the status to answer with, and the form says why."""
    decision = decision_of()
    if not form.validate():
        return 422
    try:
        answers.decide(db.session(), access.who(), line.id, decision, form.reason.data or "", form.version_seen)
    except RuleViolation as violation:
        take_faults(form, violation)
        if any(fault.code == "stale" for fault in violation.faults):
            form.form_errors = []
            form.version.errors = []
            form.reason.errors = ["The line was changed meanwhile. Look at it as it is now, then decide again."]
        return 409 if isinstance(violation, Conflict) else 422
    return 200
