from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import AuditEvent
from portal.services import accounts
from portal.services.transaction import Context
from tests.builders import Company
from tests.portal.auth.conftest import PASSWORD, reload

Enter = Callable[..., FlaskClient]


def test_signing_in_leads_home_and_is_noted(company: Company, session: Session, enter: Enter) -> None:
    client = enter(company.buyer.email)
    assert client.get("/").location == "/planning"
    assert reload(session, company.buyer).last_sign_in_at is not None
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "user.signed_in")).one()
    assert (event.actor, event.entity_key) == (company.buyer.name, company.buyer.email)
    assert event.address == "127.0.0.1"


def test_a_party_signs_in_under_row_level_security(company: Company, enter: Enter) -> None:
    assert enter("dana@acme.example").get("/account").status_code == 200
    assert enter("nils@shop.example").get("/account").status_code == 200


def test_the_answer_is_the_same_whatever_is_wrong(company: Company, app: Flask, session: Session) -> None:
    company.manager.active = False
    session.commit()
    tries = [
        (company.buyer.email, "not the password"),
        ("nobody@nowhere.example", "not the password"),
        (company.manager.email, PASSWORD),  # kept out
        ("not an address", "not the password"),
        (company.buyer.email, ""),
    ]
    summaries = set()
    for email, password in tries:
        answer = app.test_client().post("/sign-in", data={"email": email, "password": password})
        assert answer.status_code == 422
        text = answer.text
        assert text.count("belong together") == 1
        summaries.add(text[text.index("error-summary") : text.index("</ul>", text.index("error-summary"))])
    assert len(summaries) == 1


def test_asking_for_a_mail_takes_as_long_without_an_account(company: Company, app: Flask) -> None:
    def seconds(email: str) -> float:
        began = time.perf_counter()
        assert app.test_client().post("/reset-password", data={"email": email}).status_code == 302
        return time.perf_counter() - began

    seconds(company.buyer.email)
    known = statistics.median(seconds(company.buyer.email) for _ in range(5))
    unknown = statistics.median(seconds("nobody@nowhere.example") for _ in range(5))
    # Both hash a password once, which is nearly all of it; the bounds leave room for a busy machine.
    assert 1 / 4 < known / unknown < 4


TRAPS = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    " //evil.example",
    "\x19//evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "http://localhost@evil.example/",
    "http://localhost.evil.example/",
]


def test_nobody_is_led_off_the_site(company: Company, app: Flask) -> None:
    data = {"email": company.buyer.email, "password": PASSWORD}
    for target in TRAPS:
        as_field = app.test_client().post("/sign-in", data=data | {"next": target})
        in_query = app.test_client().post("/sign-in", data=data, query_string={"next": target})
        for answer in (as_field, in_query):
            if answer.status_code != 422:  # refused, which leads nowhere at all
                assert answer.status_code == 302, target
                _stays_here(answer.location)


def _stays_here(location: str) -> None:
    """As browsers read it: they drop tabs, newlines and control characters in front, and take backslashes
    for slashes."""
    seen = "".join(sign for sign in location if sign not in "\t\r\n").lstrip("".join(map(chr, range(33))))
    seen = seen.replace("\\", "/")
    parts = urlsplit(seen)
    assert (parts.scheme, parts.netloc) in {("", ""), ("http", "localhost")}, location
    assert not seen.startswith("//"), location


def test_who_was_on_the_way_somewhere_gets_there(company: Company, app: Flask) -> None:
    client = app.test_client()
    asked = client.get("/account?x=1")
    assert asked.status_code == 302
    page = client.get(asked.location)
    assert 'name="next"' in page.text
    answer = client.post(asked.location, data={"email": company.buyer.email, "password": PASSWORD})
    assert urlsplit(answer.location).path == "/account"


def test_signing_out_is_a_post(company: Company, enter: Enter) -> None:
    client = enter(company.buyer.email)
    assert client.get("/sign-out").status_code == 405
    assert client.get("/account").status_code == 200
    assert client.post("/sign-out").status_code == 302
    assert client.get("/account").status_code == 302


def test_forms_need_their_token(company: Company, app: Flask, enter: Enter) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = app.test_client().post("/sign-in", data={"email": company.buyer.email, "password": PASSWORD})
    assert answer.status_code == 400


def test_many_tries_are_refused_by_address_and_by_account(company: Company, strict_app: Flask) -> None:
    def tries(email: str, address: str) -> int:
        data = {"email": email, "password": "wrong"}
        return (
            strict_app.test_client()
            .post("/sign-in", data=data, environ_overrides={"REMOTE_ADDR": address})
            .status_code
        )

    # From one address, for whichever account.
    codes = [tries(f"p{number}@x.example", "10.0.0.1") for number in range(11)]
    assert codes == [422] * 10 + [429]
    # For one account, from whichever address.
    codes = [tries("bea@promiseline.example", f"10.0.1.{number}") for number in range(11)]
    assert codes == [422] * 10 + [429]
    assert tries("max@promiseline.example", "10.0.2.1") == 422
    # Looking at the page is not a try.
    assert (
        strict_app.test_client().get("/sign-in", environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).status_code == 200
    )


def test_asking_for_mails_is_limited_too(company: Company, strict_app: Flask) -> None:
    codes = [
        strict_app.test_client().post("/reset-password", data={"email": f"p{number}@x.example"}).status_code
        for number in range(11)
    ]
    assert codes == [302] * 10 + [429]


def test_whoever_is_kept_out_is_out_at_once(
    company: Company, session: Session, enter: Enter, who: Callable[..., Context]
) -> None:
    client = enter("dana@acme.example")
    assert client.get("/account").status_code == 200
    dana = session.scalars(select(accounts.User).where(accounts.User.email == "dana@acme.example")).one()
    token = accounts.create_token(session, who(), dana, "ERP")
    assert accounts.user_of_token(session, token, who().now) is not None
    accounts.set_active(session, who(), company.manager, dana, False)
    assert client.get("/account").status_code == 302
    assert accounts.user_of_token(session, token, who().now) is None


def test_flask_security_offers_programs_nothing(company: Company, app: Flask) -> None:
    answer = app.test_client().post(
        "/sign-in?include_auth_token",
        json={"email": company.buyer.email, "password": PASSWORD},
        headers={"Accept": "application/json"},
    )
    assert "authentication_token" not in answer.text
    assert {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("security.")} == {
        "security.static",
        "security.login",
        "security.logout",
        "security.forgot_password",
        "security.reset_password",
        "security.change_password",
    }
