"""Resetting and changing passwords, by the notices that carry the links."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.database import utcnow
from portal.models import AuditEvent, Notice, OutboxMessage
from portal.services import notices
from tests.builders import Company
from tests.portal.auth.conftest import PASSWORD
from workflows.contract import NOTICE_WORKFLOW

Enter = Callable[..., FlaskClient]
NEW = "another one that is long enough"


def _mailed(session: Session) -> Notice:
    session.rollback()
    return session.scalars(select(Notice).order_by(Notice.id.desc()).limit(1)).one()


def _forget(app: Flask, email: str) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/reset-password", data={"email": email})
    assert (answer.status_code, answer.location) == (302, "/sign-in")
    assert "a mail with a link is on its way" in client.get("/sign-in").text
    return client


@pytest.mark.parametrize("email", ["bea@promiseline.example", "dana@acme.example", "nils@shop.example"])
def test_a_forgotten_password_is_chosen_anew(
    company: Company, app: Flask, session: Session, settings: Settings, enter: Enter, email: str
) -> None:
    elsewhere = enter(email)
    client = _forget(app, email)
    notice = _mailed(session)
    assert (notice.kind, notice.recipient, notice.status) == ("password_reset", email, "pending")
    start = session.scalars(select(OutboxMessage).where(OutboxMessage.name == NOTICE_WORKFLOW)).one()
    assert start.payload["job"] == {"notice_id": notice.id}
    link = notice.facts["link"]
    assert link.startswith(settings.base_url + "/reset-password/")

    path = urlsplit(link).path
    assert client.get(path).status_code == 200
    refused = client.post(path, data={"password": "short", "password_confirm": "short"})
    assert refused.status_code == 422
    assert "at least 10 characters" in refused.text
    refused = client.post(path, data={"password": NEW, "password_confirm": PASSWORD})
    assert refused.status_code == 422
    answer = client.post(path, data={"password": NEW, "password_confirm": NEW})
    assert (answer.status_code, answer.location) == (302, "/sign-in")

    assert elsewhere.get("/account").status_code == 302, "other sessions end"
    assert app.test_client().post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 422
    enter(email, NEW)
    again = client.post(path, data={"password": PASSWORD, "password_confirm": PASSWORD})
    assert (again.status_code, again.location) == (302, "/reset-password"), "the link works once"
    assert client.get(path).status_code == 302
    enter(email, NEW)

    events = session.scalars(select(AuditEvent).where(AuditEvent.entity == "user")).all()
    assert {"user.password_forgotten", "user.password_reset"} <= {event.action for event in events}
    secret = path.rpartition("/")[2]
    assert not any(secret in str((event.before, event.after, event.reason)) for event in events)


def test_once_the_mail_is_sent_the_link_is_forgotten(
    company: Company, app: Flask, session: Session, settings: Settings
) -> None:
    _forget(app, company.buyer.email)
    notice = _mailed(session)
    link = notice.facts["link"]
    outgoing = notices.claim(session, notice.id, utcnow(), settings)
    assert outgoing is not None
    assert link in outgoing.mail.text
    notices.mark_sent(session, notice.id, utcnow())
    assert _mailed(session).facts.get("link") is None
    assert link.rpartition("/")[2] not in str(_mailed(session).facts)


def test_once_the_mail_is_refused_the_link_is_forgotten_too(
    company: Company, app: Flask, session: Session, settings: Settings
) -> None:
    _forget(app, company.buyer.email)
    notice_id = _mailed(session).id
    notices.claim(session, notice_id, utcnow(), settings)
    notices.mark_refused(session, notice_id, "no such mailbox", utcnow())
    assert "link" not in _mailed(session).facts


def test_nobody_is_mailed_who_has_no_account_or_is_kept_out(
    company: Company, app: Flask, session: Session
) -> None:
    company.buyer.active = False
    session.commit()
    for email in (company.buyer.email, "nobody@nowhere.example", "not an address", ""):
        _forget(app, email)
    assert session.scalars(select(Notice)).all() == []


def test_the_link_does_not_follow_a_forged_host(
    company: Company, app: Flask, session: Session, settings: Settings
) -> None:
    app.test_client().post(
        "/reset-password", data={"email": company.buyer.email}, headers={"Host": "evil.example"}
    )
    assert _mailed(session).facts["link"].startswith(settings.base_url)


def _shift_links_back(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Links that are made from now on were made some time ago."""
    now = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now(self) - int(by.total_seconds()))


def test_a_link_that_was_asked_for_ends_after_an_hour(
    company: Company, app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch, enter: Enter
) -> None:
    with monkeypatch.context() as patch:
        _shift_links_back(patch, timedelta(minutes=61))
        client = _forget(app, company.buyer.email)
    path = urlsplit(_mailed(session).facts["link"]).path
    assert client.get(path).location == "/reset-password"
    answer = client.post(path, data={"password": NEW, "password_confirm": NEW})
    assert answer.location == "/reset-password"
    assert "too old" in client.get(answer.location).text
    enter(company.buyer.email, PASSWORD)


def test_a_forged_link_opens_nothing(company: Company, app: Flask) -> None:
    answer = app.test_client().get("/reset-password/WyJhIiwiYiJd.forged.link")
    assert (answer.status_code, answer.location) == (302, "/reset-password")


def test_changing_the_password_ends_other_sessions(company: Company, session: Session, enter: Enter) -> None:
    here, elsewhere = enter(company.buyer.email), enter(company.buyer.email)
    assert here.get("/account/password").status_code == 200
    wrong = {"password": "not mine", "new_password": NEW, "new_password_confirm": NEW}
    assert "That is not your password." in here.post("/account/password", data=wrong).text
    same = {"password": PASSWORD, "new_password": PASSWORD, "new_password_confirm": PASSWORD}
    assert here.post("/account/password", data=same).status_code == 422
    right = {"password": PASSWORD, "new_password": NEW, "new_password_confirm": NEW}
    answer = here.post("/account/password", data=right)
    assert (answer.status_code, answer.location) == (302, "/account")
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    enter(company.buyer.email, NEW)
    assert session.scalars(select(AuditEvent).where(AuditEvent.action == "user.password_changed")).one()
