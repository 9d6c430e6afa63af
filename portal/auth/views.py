"""Everybody's own account: name, time zone, password, sessions, and tokens for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Flask, abort, flash, make_response, redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from domain.errors import RuleViolation
from portal import access
from portal.auth import queries
from portal.auth.forms import ProfileForm, TokenForm, zones
from portal.database import db, utcnow
from portal.forms import take_faults
from portal.services import accounts

desk = Blueprint("account", __name__)


def register(app: Flask) -> None:
    app.register_blueprint(desk)


@desk.get("/account")
@access.require()
def show() -> Any:
    return _page(_profile_form(), _token_form())


@desk.post("/account")
@access.require()
def update() -> Any:
    user = access.the_user()
    form = _profile_form()
    if form.validate_on_submit():
        try:
            accounts.update_profile(
                db.session(), access.who(), user, name=form.name.data, time_zone=form.time_zone.data
            )
        except RuleViolation as violation:
            take_faults(form, violation)
        else:
            flash("Saved.", "success")
            return redirect(url_for("account.show"))
    return _page(form, _token_form(formdata=None)), 422


@desk.post("/account/tokens")
@access.require()
def create_token() -> Any:
    """The one answer that shows the token: it can't be shown again, so there is no page to be led to."""
    form = _token_form()
    if form.validate_on_submit():
        try:
            token = accounts.create_token(
                db.session(), access.who(), access.the_user(), form.name.data, form.valid_days.data
            )
        except RuleViolation as violation:
            take_faults(form, violation)
        else:
            answer = make_response(render_template("auth/token.html", token=token, name=form.name.data), 201)
            answer.headers["Cache-Control"] = "no-store"
            return answer
    return _page(_profile_form(formdata=None), form), 422


@desk.post("/account/tokens/<int:token_id>/revoke")
@access.require()
def revoke_token(token_id: int) -> Response:
    token = queries.own_token(access.the_user(), token_id) or abort(404)
    accounts.revoke_token(db.session(), access.who(), token)
    flash("Revoked: the token no longer opens anything.", "success")
    return redirect(url_for("account.show"))


@desk.post("/account/sign-out-everywhere")
@access.require()
def sign_out_everywhere() -> Response:
    accounts.sign_out_everywhere(db.session(), access.who(), access.the_user())
    flash("You are signed out everywhere.", "success")
    return redirect(url_for("security.login"))


def _profile_form(**data: Any) -> ProfileForm:
    user = access.the_user()
    form = ProfileForm(obj=user, **data)
    form.time_zone.choices = zones(user.time_zone)
    return form


def _token_form(**data: Any) -> TokenForm:
    return TokenForm(prefix="token", **data)  # both forms of the page have a name


def _page(profile: ProfileForm, token_form: TokenForm) -> str:
    user = access.the_user()
    since = session.get("fs_paa")
    return render_template(
        "auth/account.html",
        user=user,
        profile=profile,
        token_form=token_form,
        tokens=queries.tokens(user),
        signed_in_since=datetime.fromtimestamp(since, UTC) if since else None,
        now=utcnow(),
    )
