"""The supplier's pages: the queue of what needs an answer, and one line with all that was said about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from domain.errors import Conflict, RuleViolation
from domain.replenishment import CLOSED_LINES, Action, LineStatus, Outcome, Verdict
from domain.roles import Permission
from portal import access
from portal.database import db, utcnow
from portal.forms import take_faults
from portal.models import PurchaseOrderLine
from portal.planning import promises, stories
from portal.planning.filters import address, chips, given
from portal.services import answers
from portal.services.transaction import local_day
from portal.suppliers import queries
from portal.suppliers.forms import (
    ROWS_AT_FIRST,
    AcceptForm,
    LineForm,
    ManyForm,
    ProposeForm,
    RejectForm,
    facts_of,
    faults_by_line,
    filled,
    ticked,
)
from portal.suppliers.queries import Filters, Tab

desk = Blueprint("suppliers", __name__, url_prefix="/supplier")

TABS = {
    Tab.ANSWER: "Needs your answer",
    Tab.AGAIN: "Asked again",
    Tab.DUE: "Coming due",
    Tab.WAITING: "Waiting on buyer",
    Tab.DONE: "Done",
}
#: In which the lines of a tab can be ticked and answered together.
ANSWERABLE = frozenset({Tab.ANSWER, Tab.AGAIN, Tab.DUE, Tab.WAITING})


def register(app: Flask) -> None:
    app.register_blueprint(desk)


@dataclass(frozen=True)
class Row:
    """A line in the queue, with what went wrong with the answer to it."""

    line: PurchaseOrderLine
    ticked: bool = False
    faults: tuple[str, ...] = ()

    @property
    def ticket(self) -> str:
        return f"{self.line.id}:{self.line.version}"

    @property
    def number(self) -> str:
        return f"{self.line.po_number}/{self.line.line_number}"


def _supplier_id() -> int:
    """Whose desk it is; somebody without a supplier has none."""
    return access.the_user().supplier_id or abort(403)


def _today() -> date:
    return local_day(utcnow(), access.the_user().time_zone)


@desk.route("", methods=["GET", "POST"])
@access.require(Permission.ANSWER_LINES)
def queue() -> str | Response | tuple[str, int]:
    form = ManyForm()
    if request.method == "GET":
        return _queue(form)
    action = _action()
    chosen = ticked(request.form.getlist("selected"))
    valid = form.validate() & form.check_for(action)
    if not chosen:
        form.form_errors = [*form.form_errors, "Tick the lines that this answer is for."]
    if not valid or not chosen:
        return _queue(form, frozenset(chosen)), 422
    lines = queries.lines_by_id(db.session(), _supplier_id(), list(chosen))
    if lines.keys() != chosen.keys():
        abort(404)
    try:
        verdicts = answers.answer_lines(
            db.session(),
            access.who(),
            {line_id: (form.answer_for(lines[line_id], action), version) for line_id, version in chosen.items()},
        )
    except RuleViolation as violation:
        faults = faults_by_line(violation.faults)
        form.form_errors = [
            f"Nothing was sent: {len(faults)} of {len(chosen)} lines can't be answered like this. See each line."
            if len(chosen) > 1
            else "Nothing was sent. See the line."
        ]
        return _queue(form, frozenset(chosen), faults), 422
    flash(summary(verdicts.values()), "success")
    return redirect(address("suppliers.queue", request.args))


def _action() -> Action:
    try:
        return Action(request.form.get("action", ""))
    except ValueError:
        abort(400)


def summary(verdicts: Iterable[Verdict]) -> str:
    """What became of the answers, in one sentence for each outcome."""
    given_verdicts = list(verdicts)
    words = {
        Outcome.ACCEPTED: "agreed",
        Outcome.AWAITING_BUYER: "sent to the buyer, who decides",
        Outcome.REJECTED: "turned down; the buyer is told",
    }
    parts = []
    for outcome, text in words.items():
        count = sum(1 for verdict in given_verdicts if verdict.outcome is outcome)
        if count:
            parts.append(f"{count} {'line' if count == 1 else 'lines'} {text}")
    return f"{'. '.join(parts)}."


def _queue(
    form: ManyForm, chosen: frozenset[int] = frozenset(), faults: dict[int, list[str]] | None = None
) -> str:
    faults = faults or {}
    supplier_id, today, session = _supplier_id(), _today(), db.session()
    counted = queries.counts(session, supplier_id, today)
    tab = _tab(counted)
    in_force = given("q", "waits")
    filters = Filters(tab, in_force.get("q", ""), in_force.get("waits") == "1")
    page = queries.lines(session, supplier_id, filters, today, request.args.get("cursor"))
    lines = list(page.items)
    elsewhere = chosen - {line.id for line in lines}  # answered meanwhile, or moved to another tab
    if elsewhere:
        lines = [*queries.lines_by_id(session, supplier_id, list(elsewhere)).values(), *lines]
    here = request.args.to_dict()
    words = {"q": lambda text: f"“{text}”", "waits": lambda _text: "Customers wait"}
    return render_template(
        "suppliers/queue.html",
        tabs=[
            {
                "label": label,
                "href": address("suppliers.queue", in_force, tab=each.value),
                "count": counted.get(each),
                "active": each is tab,
            }
            for each, label in TABS.items()
        ],
        tab=tab,
        answerable=tab in ANSWERABLE,
        filters=filters,
        chips=chips("suppliers.queue", in_force, words, tab=tab.value),
        clear=address("suppliers.queue", {}, tab=tab.value),
        rows=[Row(line, line.id in chosen, tuple(faults.get(line.id, ()))) for line in lines],
        next_page=address("suppliers.queue", here, cursor=page.next_cursor) if page.next_cursor else None,
        first_page=address("suppliers.queue", here, cursor=None) if "cursor" in here else None,
        here=address("suppliers.queue", {**here, "tab": tab.value}),
        form=form,
        topic=f"supplier:{supplier_id}",
    )


def _tab(counted: dict[Tab, int]) -> Tab:
    """The one asked for, else the first that has something for the supplier to do."""
    asked = request.args.get("tab", "")
    if asked in set(Tab):
        return Tab(asked)
    return next((tab for tab in (Tab.ANSWER, Tab.AGAIN) if counted[tab]), Tab.ANSWER)


@desk.route("/lines/<int(max=9223372036854775807):line_id>", methods=["GET", "POST"])
@access.require(Permission.ANSWER_LINES)
def line(line_id: int) -> str | Response | tuple[str, int]:
    _supplier_id()
    the_line = access.purchase_order_line(line_id)
    if request.method == "GET":
        return _record(the_line)
    if request.form.get("action") == "more":
        form = ProposeForm(prefix="propose")
        form.make_room(len(form.schedule.entries) + ROWS_AT_FIRST)
        return _record(the_line, form)
    form = _form_of(_action())
    if not form.validate():
        return _record(the_line, form), 422
    if isinstance(form, ProposeForm):
        form.close_ranks()
    try:
        verdict = answers.answer_line(db.session(), access.who(), the_line.id, form.answer(), form.version_seen)
    except Conflict as conflict:
        stale = any(fault.code == "stale" for fault in conflict.faults)
        if not stale:
            take_faults(form, conflict)
        return _record(access.purchase_order_line(line_id), form, stale=stale), 409
    except RuleViolation as violation:
        take_faults(form, violation)
        return _record(access.purchase_order_line(line_id), form), 422
    flash(f"{_outcome(verdict)} ({verdict.rule}).", "success")
    return redirect(url_for("suppliers.line", line_id=line_id))


def _form_of(action: Action) -> AcceptForm | ProposeForm | RejectForm:
    match action:
        case Action.ACCEPT:
            return AcceptForm(prefix="accept")
        case Action.PROPOSE:
            return ProposeForm(prefix="propose")
    return RejectForm(prefix="reject")


def _outcome(verdict: Verdict) -> str:
    match verdict.outcome:
        case Outcome.ACCEPTED:
            return "Agreed"
        case Outcome.AWAITING_BUYER:
            return "Sent to the buyer, who decides"
    return "Turned down; the buyer is told"


def _record(the_line: PurchaseOrderLine, sent: LineForm | None = None, *, stale: bool = False) -> str:
    """The line's page. `sent` is the form that came back, with what was typed; it then answers the line as
    it is now, so that sending it again after looking goes through."""
    session = db.session()
    unit = the_line.product.unit
    said = queries.said(session, the_line.id)
    before = sent.facts_seen if sent is not None and stale else None
    if sent is not None:
        sent.renew(the_line)
        if isinstance(sent, ProposeForm):
            sent.make_room(ROWS_AT_FIRST)
    forms = {
        action: sent if isinstance(sent, kind) else filled(kind(formdata=None, prefix=action.value), the_line)
        for action, kind in (
            (Action.ACCEPT, AcceptForm),
            (Action.PROPOSE, ProposeForm),
            (Action.REJECT, RejectForm),
        )
    }
    return render_template(
        "suppliers/line.html",
        line=the_line,
        number=f"{the_line.po_number}/{the_line.line_number}",
        open=the_line.status not in CLOSED_LINES,
        asked=the_line.status == LineStatus.AWAITING_SUPPLIER,
        pending=next((answer for answer in said if answer.pending), None),
        turned_down=next((answer for answer in said[:1] if answer.decision == "reject"), None),
        points=promises.line_points(the_line, queries.ledger(session, the_line.id), _today()),
        events=stories.newest_first(
            stories.of_answers(said, unit),
            stories.of_receipts(queries.receipts(session, the_line.id), unit),
        ),
        forms=forms,
        sent=sent,
        before=before,
        now=facts_of(the_line),
        back=url_for("suppliers.queue"),
        topic=f"supplier:{the_line.supplier_id}",
    )
