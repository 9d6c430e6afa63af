"""The operations desk: is every part up, what waits, what was given up, what stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from domain.errors import RuleViolation
from domain.notices import ACCOUNT_KINDS
from domain.roles import Permission
from portal import access
from portal.database import db, utcnow
from portal.forms import take_faults
from portal.gateway import workflow_list, workflow_page
from portal.health import readiness
from portal.ops import queries
from portal.ops.forms import ReasonForm
from portal.services import dead_letters, resending

desk = Blueprint("ops", __name__, url_prefix="/ops")

#: What /readyz looks at, in the order in which one thing needs another.
PARTS = {"database": "Database", "migrations": "Migrations", "temporal": "Temporal", "worker": "Workers"}

#: Lists of the Temporal UI that operators ask for, by visibility query.
SEARCHES = {
    "Failed": 'ExecutionStatus="Failed" OR ExecutionStatus="TimedOut" OR ExecutionStatus="Terminated"',
    "Backorders under way": 'WorkflowType="BackorderWorkflow" AND ExecutionStatus="Running"',
    "Lines under way": 'WorkflowType="ReplenishmentWorkflow" AND ExecutionStatus="Running"',
    "Escalated": 'PlEscalated=true AND ExecutionStatus="Running"',
    "Waiting on a supplier": 'PlWaitingOn="supplier" AND ExecutionStatus="Running"',
    "Waiting on a buyer": 'PlWaitingOn="buyer" AND ExecutionStatus="Running"',
}


def register(app: Flask) -> None:
    app.register_blueprint(desk)


@desk.get("")
@access.require(Permission.OPERATE)
def show() -> str:
    return _page(ReasonForm(), None)


@desk.post("/dead-letters/<int:message_id>/retry")
@access.require(Permission.OPERATE)
def retry(message_id: int) -> Any:
    return _deal_with(message_id, dead_letters.retry, "The message is tried again.")


@desk.post("/dead-letters/<int:message_id>/discard")
@access.require(Permission.OPERATE)
def discard(message_id: int) -> Any:
    return _deal_with(message_id, dead_letters.discard, "The message is given up; later ones go on.")


def _deal_with(message_id: int, service: Callable[..., Any], done: str) -> Any:
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            service(db.session(), access.who(), message_id, form.reason.data)
        except RuleViolation as violation:
            take_faults(form, violation)
        else:
            flash(done, "success")
            return redirect(url_for("ops.show"))
    return _page(form, message_id), 422


@desk.post("/notices/<int:notice_id>/send-again")
@access.require(Permission.OPERATE)
def send_again(notice_id: int) -> Response:
    try:
        notice = resending.send_again(db.session(), access.who(), notice_id)
        flash(f"The notice goes to {notice.recipient} once more.", "success")
    except RuleViolation as violation:
        flash(str(violation), "error")
    return redirect(url_for("ops.show"))


def _page(form: ReasonForm, refused_for: int | None) -> str:
    settings = access.settings()
    now = utcnow()
    faults = readiness()
    return render_template(
        "ops/show.html",
        parts=[(words, _fault(faults, part)) for part, words in PARTS.items()],
        ready=not faults,
        outbox=queries.outbox(),
        dead_letters=queries.dead_letters(),
        stuck=queries.stuck(now),
        settled_within=queries.SETTLED_WITHIN,
        notices=queries.notices(),
        without_owner=queries.without_owner(),
        account_kinds=ACCOUNT_KINDS,
        searches=[(words, workflow_list(settings, query)) for words, query in SEARCHES.items()],
        workflow_page=lambda workflow_id: workflow_page(settings, workflow_id),
        form=form,
        refused_for=refused_for,
        development=settings.development,
        now=now,
    )


def _fault(faults: dict[str, str], part: str) -> str | None:
    """What is wrong with a part. Of one that can't be looked at while another is down, that is said."""
    if part in faults:
        return faults[part]
    needs = {"migrations": "database", "worker": "temporal"}.get(part)
    return f"can't be seen while {PARTS[needs]} is down" if needs in faults else None
