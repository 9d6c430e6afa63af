"""Signing in and out, resetting and changing a password: Flask-Security, told how we do it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask_limiter import Limiter
from flask_login import user_logged_in
from flask_security import MailUtil, Security, SQLAlchemyUserDatastore, user_authenticated
from sqlalchemy.orm import Session

from domain.notices import NoticeKind
from portal.access import act_as
from portal.config import Settings
from portal.database import db, utcnow
from portal.models import Role, User
from portal.services.accounts import post_account_notice

#: Tries at signing in, or at having a mail sent, from one address.
TRIES = "10 per minute; 60 per hour"


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
        user: User = kwargs["user"]
        link = kwargs.get("reset_link")
        if link:
            session: Session = db.session()
            post_account_notice(session, user, NoticeKind.PASSWORD_RESET, {"link": link}, utcnow())


def register(app: Flask, limiter: Limiter) -> None:
    settings: Settings = app.config["PROMISELINE"]
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  the name of a hash
        SECURITY_PASSWORD_SALT=settings.secrets.password_salt,
        SECURITY_PASSWORD_LENGTH_MIN=10,
        SECURITY_PASSWORD_COMPLEXITY_CHECKER=None,
        SECURITY_PASSWORD_CHECK_BREACHED=None,
        SECURITY_RECOVERABLE=True,
        SECURITY_CHANGEABLE=True,
        SECURITY_REGISTERABLE=False,
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_SEND_PASSWORD_RESET_NOTICE_EMAIL=False,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_RESET_PASSWORD_WITHIN=timedelta(days=3),
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
        SECURITY_FRESHNESS_GRACE_PERIOD=None,
        SECURITY_CSRF_IGNORE_UNAUTH_ENDPOINTS=False,
    )
    Security(app, SQLAlchemyUserDatastore(db, User, Role), mail_util_cls=NoticeMail)
    limiter.limit(TRIES, methods=["POST"])(app.view_functions["security.login"])
    limiter.limit(TRIES, methods=["POST"])(app.view_functions["security.forgot_password"])
    user_authenticated.connect(_authenticated, app)
    user_logged_in.connect(_signed_in, app)


def _authenticated(app: Flask, user: User, **extra: Any) -> None:
    act_as(user)


def _signed_in(app: Flask, user: User, **extra: Any) -> None:
    user.last_sign_in_at = utcnow()
    act_as(user)
