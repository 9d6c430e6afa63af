"""People: who may sign in, invited and kept out by whom it is theirs to manage. And the audit."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from domain.errors import RuleViolation
from domain.roles import Permission, Role
from portal import access, shell
from portal.admin import queries
from portal.admin.changes import changes
from portal.admin.forms import InviteForm, role_words
from portal.database import db
from portal.forms import take_faults
from portal.models import User
from portal.security import choose_password_link
from portal.services import accounts

desk = Blueprint("admin", __name__, url_prefix="/admin")

MANAGERS = (Permission.MANAGE_USERS, Permission.INVITE_SUPPLIERS, Permission.INVITE_CUSTOMERS)
STATES = {"active": "Active", "invited": "Invited", "out": "Kept out"}
#: What events are about, and where its page is.
ENTITIES = {
    "backorder": "Backorder",
    "sales_order": "Order",
    "purchase_order_line": "Purchase order line",
    "receipt": "Receipt",
    "pick_list": "Pick list",
    "shipment": "Shipment",
    "import": "Import",
    "user": "Person",
    "outbox": "Message to the engine",
    "notice": "Notice",
}
PAGES = {
    "backorder": "/backorders/{}",
    "sales_order": "/orders/{}",
    "purchase_order_line": "/purchase-orders/{}",
    "import": "/imports/{}",
}


def register(app: Flask) -> None:
    app.register_blueprint(desk)


@desk.get("/users")
@access.require(*MANAGERS)
def users() -> str:
    manager = access.the_user()
    wanted = queries.PeopleFilter(
        q=request.args.get("q", "").strip(),
        role=_one_of(Role, request.args.get("role", "")),
        state=_one_of(STATES, request.args.get("state", "")),
    )
    found = queries.people(manager, wanted, request.args.get("cursor"))
    return render_template(
        "admin/users.html",
        people=found.items,
        wanted=wanted,
        chips=_chips("admin.users", asdict(wanted), {"role": role_words, "state": STATES.get}),
        roles=[(role, role_words(role)) for role in Role if accounts.may_manage(manager, role)],
        states=STATES,
        role_words=role_words,
        manager=manager,
        next=_next("admin.users", asdict(wanted), found.next_cursor),
    )


@desk.route("/users/invite", methods=["GET", "POST"])
@access.require(*MANAGERS)
def invite() -> Any:
    manager = access.the_user()
    form = InviteForm()
    form.offer_roles_of(manager)
    if form.validate_on_submit():
        try:
            invited = accounts.invite(
                db.session(),
                access.who(),
                manager,
                email=form.email.data,
                name=form.name.data,
                role=Role(form.role.data),
                party_code=form.party_code.data or None,
                choose_password_link=choose_password_link,
            )
        except RuleViolation as violation:
            take_faults(form, violation)
        else:
            flash(f"{invited.name} is invited: a mail to {invited.email} is on its way.", "success")
            return redirect(url_for("admin.users"))
    return render_template("admin/invite.html", form=form), 422 if form.errors else 200


@desk.post("/users/<int:user_id>/invite-again")
@access.require(*MANAGERS)
def invite_again(user_id: int) -> Response:
    user = _person(user_id)
    try:
        accounts.invite_again(db.session(), access.who(), access.the_user(), user, choose_password_link)
        flash(f"A new link is on its way to {user.email}.", "success")
    except RuleViolation as violation:
        flash(str(violation), "error")
    return redirect(url_for("admin.users", q=user.email))


@desk.post("/users/<int:user_id>/keep-out")
@access.require(*MANAGERS)
def keep_out(user_id: int) -> Response:
    return _let(user_id, False, "{} is kept out from now on.")


@desk.post("/users/<int:user_id>/let-in")
@access.require(*MANAGERS)
def let_in(user_id: int) -> Response:
    return _let(user_id, True, "{} may sign in again.")


def _let(user_id: int, active: bool, words: str) -> Response:
    user = _person(user_id)
    try:
        accounts.set_active(db.session(), access.who(), access.the_user(), user, active)
        flash(words.format(user.name), "success")
    except RuleViolation as violation:
        flash(str(violation), "error")
    return redirect(url_for("admin.users", q=user.email))


def _person(user_id: int) -> User:
    return queries.person(access.the_user(), user_id) or abort(404)


@desk.get("/audit")
@access.require(Permission.SEE_AUDIT)
def audit() -> str:
    wanted = queries.AuditFilter(
        entity=_one_of(ENTITIES, request.args.get("entity", "")),
        key=request.args.get("key", "").strip(),
        actor=request.args.get("actor", "").strip(),
        action=request.args.get("action", "").strip(),
        day=_day(request.args.get("day", "")),
    )
    found = queries.audit(wanted, shell.viewer_zone(), request.args.get("cursor"))
    return render_template(
        "admin/audit.html",
        events=found.items,
        wanted=wanted,
        chips=_chips("admin.audit", asdict(wanted), {"entity": ENTITIES.get}),
        entities=ENTITIES,
        changes=changes,
        page_of=_page_of,
        next=_next("admin.audit", asdict(wanted), found.next_cursor),
    )


def _page_of(entity: str, key: str) -> str | None:
    return PAGES[entity].format(key) if entity in PAGES else None


def _one_of(known: Any, value: str) -> str:
    """A value that is offered; any other is as if nothing was chosen."""
    return value if value in list(known) else ""


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def _set(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _chips(view: str, values: dict[str, Any], words: dict[str, Any]) -> list[dict[str, Any]]:
    """The filters in force, each with the address without it."""
    labels = {"q": "Search", "key": "Number", "entity": "About", "actor": "Who", "action": "What", "day": "Day"}
    given = _set(values)
    return [
        {
            "label": f"{labels.get(name, name.capitalize())}: {words.get(name, str)(value)}",
            "remove": url_for(view, **{other: each for other, each in given.items() if other != name}),
        }
        for name, value in given.items()
    ]


def _next(view: str, values: dict[str, Any], cursor: str | None) -> str | None:
    return url_for(view, **_set(values), cursor=cursor) if cursor else None
