"""Signing in and out, resetting and changing a password: Flask-Security, told how we do it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_limiter import Limiter
from flask_login import user_logged_in
from flask_security import (
    ChangePasswordForm,
    MailUtil,
    Security,
    SQLAlchemyUserDatastore,
    hash_password,
    password_changed,
    password_reset,
    user_authenticated,
)
from flask_security.recoverable import generate_reset_password_token
from flask_security.utils import check_and_get_token_status
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.form import BaseForm
from wtforms.validators import InputRequired

from portal.access import act_as, see_as, settings, who
from portal.config import Settings
from portal.database import NO_PARTY, SIGNING_IN, db, utcnow
from portal.models import Role, User
from portal.services.accounts import ask_for_new_password
from portal.services.transaction import Context, record

#: Tries at signing in, at having a mail sent or at a password, from one address and for one account.
TRIES = "10 per minute; 60 per hour"
LIMITED = ("security.login", "security.forgot_password", "security.reset_password", "security.change_password")

#: How long a link of an invitation works, and one that somebody who has a password asked for.
INVITED_FOR = timedelta(days=3)
RESET_WITHIN = timedelta(hours=1)

MESSAGES = {
    "GENERIC_AUTHN_FAILED": ("That mail address and password don't belong together.", "error"),
    "PASSWORD_RESET_REQUEST": ("If that address has an account, a mail with a link is on its way.", "info"),
    "PASSWORD_RESET_NO_LOGIN": ("Your password is set. Sign in with it.", "success"),
    "PASSWORD_RESET_EXPIRED": ("That link is too old. Ask for a new one.", "error"),
    "INVALID_RESET_PASSWORD_TOKEN": ("That link was used already, or is not whole. Ask for a new one.", "error"),
    "PASSWORD_CHANGE": ("Your password is changed. You are signed out everywhere else.", "success"),
    "PASSWORD_NOT_PROVIDED": ("Type a password.", "error"),
    "PASSWORD_INVALID_LENGTH": ("Use at least %(length)s characters.", "error"),
    "PASSWORD_IS_THE_SAME": ("Choose a password that you don't have already.", "error"),
    "RETYPE_PASSWORD_MISMATCH": ("The two passwords are not the same.", "error"),
    "INVALID_PASSWORD": ("That is not your password.", "error"),
    "EMAIL_NOT_PROVIDED": ("Type your mail address.", "error"),
    "INVALID_EMAIL_ADDRESS": ("That is not a mail address.", "error"),
    "FORGOT_PASSWORD": ("Forgot your password?", "info"),
}


class NoticeMail(MailUtil):
    """Mails about an account go the way of all mails: a notice, sent once by the worker."""

    def send_mail(
        self,
        template: str,
        subject: str,
        recipient: str,
        sender: str | tuple[str, str],
        body: str,
        html: str | None,
        **kwargs: Any,
    ) -> None:
        token = kwargs.get("reset_token")
        if not token:
            return
        hash_password("as long as it takes where there is no account")
        user: User = kwargs["user"]
        if user.party == NO_PARTY:
            return  # nobody who could do anything here
        see_as(user.party)
        ask_for_new_password(_session(), _acting(user), user, reset_address(token))
        see_as(SIGNING_IN)


class OwnPasswordForm(ChangePasswordForm):  # type: ignore[misc]  # Flask-Security's forms have no types
    password = PasswordField(
        "Password now",
        [InputRequired("Type the password you have.")],
        render_kw={"autocomplete": "current-password"},
    )


def reset_address(token: str) -> str:
    """Where a password is chosen, below our own address: never the one that a request was sent to."""
    return settings().base_url + url_for("security.reset_password", token=token)


def choose_password_link(user: User) -> str:
    """A link that lets its holder choose this user's password, once."""
    return reset_address(generate_reset_password_token(user))


def register(app: Flask, limiter: Limiter) -> None:
    settings: Settings = app.config["PROMISELINE"]
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  the name of a hash
        SECURITY_PASSWORD_SALT=settings.secrets.password_salt,
        SECURITY_PASSWORD_LENGTH_MIN=10,
        SECURITY_PASSWORD_COMPLEXITY_CHECKER=None,
        SECURITY_PASSWORD_CHECK_BREACHED=None,
        # Of a password's hash, inside signed links; slow hashing would tell by time who has an account.
        SECURITY_HASHING_SCHEMES=["hex_sha256"],
        SECURITY_RECOVERABLE=True,
        SECURITY_CHANGEABLE=True,
        SECURITY_REGISTERABLE=False,
        SECURITY_EMAIL_PLAINTEXT=False,  # the words of mails are in templates/mails
        SECURITY_EMAIL_HTML=False,
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_SEND_PASSWORD_RESET_NOTICE_EMAIL=False,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_RESET_PASSWORD_WITHIN=INVITED_FOR,
        SECURITY_AUTO_LOGIN_AFTER_RESET=False,
        SECURITY_LOGIN_URL="/sign-in",
        SECURITY_LOGOUT_URL="/sign-out",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_RESET_URL="/reset-password",
        SECURITY_CHANGE_URL="/account/password",
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/sign-in",
        SECURITY_POST_RESET_VIEW="/sign-in",
        SECURITY_POST_CHANGE_VIEW="/account",
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
        SECURITY_UNAUTHORIZED_VIEW=None,
        SECURITY_FRESHNESS=timedelta(minutes=-1),  # nobody is asked for the password again in between
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_CSRF_IGNORE_UNAUTH_ENDPOINTS=False,
        **{f"SECURITY_MSG_{name}": message for name, message in MESSAGES.items()},
    )
    security = Security(
        app,
        SQLAlchemyUserDatastore(db, User, Role),
        mail_util_cls=NoticeMail,
        change_password_form=OwnPasswordForm,
        render_template=_show,
    )
    security.want_json(lambda _request: False)  # programs have tokens and /api/v1; this is for people
    views = app.view_functions
    views["security.reset_password"] = _while_fresh(views["security.reset_password"])
    for name in LIMITED:
        by_account = limiter.limit(TRIES, methods=["POST"], key_func=_account, exempt_when=_no_account)
        views[name] = limiter.limit(TRIES, methods=["POST"])(by_account(views[name]))
    user_authenticated.connect(_authenticated, app)
    user_logged_in.connect(_signed_in, app)
    password_changed.connect(_password_changed, app)
    password_reset.connect(_password_reset, app)


def _show(template: str, **context: Any) -> Any:
    """A page with a form: 422 where it was refused. Who asked for a mail is led back to the door, and
    reads the same whether or not there is an account."""
    form = next(value for value in context.values() if isinstance(value, BaseForm))
    form.form_errors = list(dict.fromkeys(form.form_errors))
    refused = request.method == "POST" and bool(form.errors)
    if request.method == "POST" and not refused:
        return redirect(url_for("security.login"))
    return render_template(template, **context), 422 if refused else 200


def _while_fresh(view: Callable[..., Any]) -> Callable[..., Any]:
    """An invitation works for days; a link that was asked for by somebody who has a password, not so long."""

    @functools.wraps(view)
    def check(token: str) -> Response | Any:
        expired, _, data = check_and_get_token_status(token, "reset", RESET_WITHIN)
        if expired and data and db.session.scalar(select(User.password).where(User.fs_uniquifier == data[0])):
            flash(*MESSAGES["PASSWORD_RESET_EXPIRED"])
            return redirect(url_for("security.forgot_password"))
        return view(token)

    return check


def _account() -> str:
    return "account:" + request.form.get("email", "").strip().lower()


def _no_account() -> bool:
    return not request.form.get("email")


def _session() -> Session:
    session: Session = db.session()
    return session


def _acting(user: User) -> Context:
    """Somebody who is known by a link or a mail address, and not signed in."""
    return replace(who(), actor=user.name, actor_id=user.id)


def _authenticated(app: Flask, user: User, **extra: Any) -> None:
    act_as(user)


def _signed_in(app: Flask, user: User, **extra: Any) -> None:
    user.last_sign_in_at = utcnow()
    act_as(user)
    record(_session(), _acting(user), "user.signed_in", "user", user.email)


def _password_changed(app: Flask, user: User, **extra: Any) -> None:
    record(_session(), _acting(user), "user.password_changed", "user", user.email)


def _password_reset(app: Flask, user: User, **extra: Any) -> None:
    record(_session(), _acting(user), "user.password_reset", "user", user.email)
