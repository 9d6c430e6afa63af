from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.database import utcnow
from portal.models import ApiToken, AuditEvent
from portal.services import accounts
from tests.builders import Company
from tests.portal.auth.conftest import reload

SignIn = Callable[[str], FlaskClient]


def test_a_stranger_has_no_account_page(app: Flask) -> None:
    for method, path in (
        ("GET", "/account"),
        ("POST", "/account"),
        ("GET", "/account/password"),
        ("POST", "/account/tokens"),
        ("POST", "/account/tokens/1/revoke"),
        ("POST", "/account/sign-out-everywhere"),
    ):
        answer = app.test_client().open(path, method=method)
        assert answer.status_code == 302
        assert answer.location.startswith("/sign-in")


def test_name_and_zone_are_ones_own_to_change(company: Company, session: Session, sign_in: SignIn) -> None:
    client = sign_in("dana@acme.example")
    answer = client.post("/account", data={"name": "  Dana Field ", "time_zone": "Europe/Berlin"})
    assert answer.status_code == 302
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "user.profile_changed")).one()
    assert event.after == {"name": "Dana Field", "time_zone": "Europe/Berlin"}
    assert "Dana Field" in client.get("/account").text


def test_what_is_wrong_with_a_profile_is_said(company: Company, session: Session, sign_in: SignIn) -> None:
    client = sign_in(company.buyer.email)
    answer = client.post("/account", data={"name": " ", "time_zone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert "Type your name." in answer.text
    assert reload(session, company.buyer).time_zone == "UTC"


def test_a_token_is_shown_once_and_opens_until_revoked(
    company: Company, session: Session, sign_in: SignIn
) -> None:
    client = sign_in("dana@acme.example")
    answer = client.post("/account/tokens", data={"token-name": "Nightly export", "token-valid_days": "90"})
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    token = re.findall(r"pl_[\w-]{20,}", answer.text)[0]
    user = accounts.user_of_token(session, token, utcnow())
    assert user is not None
    assert user.email == "dana@acme.example"
    page = client.get("/account").text
    assert "Nightly export" in page
    assert token not in page
    assert not any(token in str(event.after) for event in session.scalars(select(AuditEvent)))

    row = session.scalars(select(ApiToken)).one()
    rival = sign_in(company.buyer.email)
    assert rival.post(f"/account/tokens/{row.id}/revoke").status_code == 404
    assert client.post(f"/account/tokens/{row.id}/revoke").status_code == 302
    session.expire_all()
    assert accounts.user_of_token(session, token, utcnow()) is None


def test_a_token_needs_a_purpose_and_there_is_a_limit(company: Company, session: Session, sign_in: SignIn) -> None:
    client = sign_in(company.buyer.email)
    refused = client.post("/account/tokens", data={"token-name": "", "token-valid_days": "90"})
    assert refused.status_code == 422
    assert "Say what the token is for." in refused.text
    for number in range(accounts.MOST_TOKENS):
        data = {"token-name": f"Program {number}", "token-valid_days": "30"}
        assert client.post("/account/tokens", data=data).status_code == 201
    refused = client.post("/account/tokens", data={"token-name": "One more", "token-valid_days": "30"})
    assert refused.status_code == 422
    assert "revoke one first" in refused.text
    assert len(session.scalars(select(ApiToken)).all()) == accounts.MOST_TOKENS


def test_signing_out_everywhere_ends_every_session(company: Company, sign_in: SignIn) -> None:
    here, elsewhere = sign_in(company.buyer.email), sign_in(company.buyer.email)
    assert here.post("/account/sign-out-everywhere").location == "/sign-in"
    assert here.get("/account").status_code == 302
    assert elsewhere.get("/account").status_code == 302
