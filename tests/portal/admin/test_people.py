from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.database import db, utcnow
from portal.models import AuditEvent, Notice, User
from portal.services import notices
from tests.builders import Company, add_user
from tests.portal.admin.conftest import PARTIES, STAFF, next_page

SignIn = Callable[[str], FlaskClient]
PASSWORD = "one long enough to use"
MANAGERS = {"it_admin", "supply_chain_manager", "sales_manager"}


def _user(session: Session, email: str) -> User:
    session.rollback()
    return session.scalars(select(User).where(User.email == email)).one()


def test_every_way_is_closed_to_those_who_may_not(company: Company, session: Session, sign_in: SignIn) -> None:
    target = _user(session, "rita@rival.example").id
    ways = [
        ("GET", "/admin/users"),
        ("GET", "/admin/users/invite"),
        ("POST", "/admin/users/invite"),
        ("POST", f"/admin/users/{target}/invite-again"),
        ("POST", f"/admin/users/{target}/keep-out"),
        ("POST", f"/admin/users/{target}/let-in"),
    ]
    others = [f"{role}@promiseline.example" for role in STAFF if role not in MANAGERS]
    for email in others + PARTIES:
        client = sign_in(email)
        for method, path in ways:
            assert client.open(path, method=method).status_code == 403, (email, path)
    assert _user(session, "rita@rival.example").active


def test_a_stranger_is_asked_to_sign_in(company: Company, app: Flask) -> None:
    for path in ("/admin/users", "/admin/users/invite", "/admin/audit"):
        answer = app.test_client().get(path)
        assert answer.status_code == 302
        assert answer.location.startswith("/sign-in")


def test_each_manager_sees_the_people_that_are_theirs(company: Company, sign_in: SignIn) -> None:
    everybody = sign_in("it_admin@promiseline.example").get("/admin/users").text
    suppliers = sign_in("supply_chain_manager@promiseline.example").get("/admin/users").text
    customers = sign_in("sales_manager@promiseline.example").get("/admin/users").text
    for email in ("bea@promiseline.example", "dana@acme.example", "nils@shop.example"):
        assert email in everybody
    assert "dana@acme.example" in suppliers
    assert "nils@shop.example" not in suppliers
    assert "bea@promiseline.example" not in suppliers
    assert "nils@shop.example" in customers
    assert "dana@acme.example" not in customers


def test_people_are_found_by_name_mail_and_party(company: Company, sign_in: SignIn) -> None:
    client = sign_in("it_admin@promiseline.example")
    for query in ("q=dana", "q=ACME", "q=acme.example", "role=supplier&q=dana"):
        page = client.get(f"/admin/users?{query}").text
        assert "dana@acme.example" in page, query
        assert "nils@shop.example" not in page, query
    assert "Nobody fits" in client.get("/admin/users?q=100%25").text
    assert "dana@acme.example" in client.get("/admin/users?state=invited").text
    assert "dana@acme.example" not in client.get("/admin/users?state=out").text


def test_pages_skip_nobody_and_cost_the_same(
    company: Company, session: Session, app: Flask, sign_in: SignIn
) -> None:
    for number in range(120):
        add_user(session, f"p{number:03}@acme.example", "supplier", supplier_id=company.acme.id)
    session.commit()
    client = sign_in("it_admin@promiseline.example")
    with app.app_context():
        engine = db.engine
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    seen: list[str] = []
    path: str | None = "/admin/users?q=@acme.example"
    counts = []
    while path:
        statements.clear()
        page = client.get(path).text
        counts.append(len(statements))
        seen += _emails(page)
        path = next_page(page)
    assert seen == sorted({f"p{number:03}@acme.example" for number in range(120)} | {"dana@acme.example"})
    assert max(counts) <= 12, counts
    assert len(counts) == 3


def _emails(page: str) -> list[str]:
    return [part.split("<")[0] for part in page.split('<span class="cell-sub">')[1:] if "@" in part.split("<")[0]]


def test_an_invitation_leads_to_a_first_sign_in(
    company: Company, app: Flask, session: Session, settings: Settings, sign_in: SignIn
) -> None:
    manager = sign_in("supply_chain_manager@promiseline.example")
    answer = manager.post(
        "/admin/users/invite",
        data={"name": "Sam Smith", "email": "Sam@Acme.example", "role": "supplier", "party_code": "ACME"},
    )
    assert answer.status_code == 302
    sam = _user(session, "sam@acme.example")
    assert (sam.supplier_id, sam.password, sam.time_zone) == (company.acme.id, None, "Europe/Berlin")
    notice = session.scalars(select(Notice)).one()
    assert (notice.kind, notice.recipient) == ("invitation", "sam@acme.example")
    link = notice.facts["link"]
    outgoing = notices.claim(session, notice.id, utcnow(), settings)
    assert outgoing is not None
    assert link in outgoing.mail.text
    assert "as Acme" in outgoing.mail.text
    notices.mark_sent(session, notice.id, utcnow())

    path = urlsplit(link).path
    client = app.test_client()
    assert client.post("/sign-in", data={"email": "sam@acme.example", "password": ""}).status_code == 422
    answer = client.post(path, data={"password": PASSWORD, "password_confirm": PASSWORD})
    assert answer.location == "/sign-in"
    answer = client.post("/sign-in", data={"email": "sam@acme.example", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/account").status_code == 200
    assert client.get("/").location == "/supplier"
    again = app.test_client().post(path, data={"password": "x" * 12, "password_confirm": "x" * 12})
    assert again.location == "/reset-password"

    events = session.scalars(select(AuditEvent).where(AuditEvent.entity_key == "sam@acme.example")).all()
    assert [each.action for each in events] == ["user.invited", "user.password_reset", "user.signed_in"]
    secret = path.rpartition("/")[2]
    assert not any(secret in str((each.before, each.after, each.reason)) for each in events)
    refused = manager.post(f"/admin/users/{sam.id}/invite-again", follow_redirects=True).text
    assert "has chosen a password already" in refused


def test_inviting_again_mails_a_new_link(company: Company, session: Session, sign_in: SignIn) -> None:
    manager = sign_in("sales_manager@promiseline.example")
    nils = _user(session, "nils@shop.example")
    assert manager.post(f"/admin/users/{nils.id}/invite-again").status_code == 302
    session.rollback()
    assert [each.recipient for each in session.scalars(select(Notice))] == ["nils@shop.example"]


def test_nobody_invites_beyond_what_is_theirs(company: Company, session: Session, sign_in: SignIn) -> None:
    sales = sign_in("sales_manager@promiseline.example")
    for role in ("supplier", "it_admin", "buyer", "nonsense"):
        data = {"name": "X", "email": "x@y.example", "role": role, "party_code": "ACME"}
        assert sales.post("/admin/users/invite", data=data).status_code == 422
    session.rollback()
    assert session.scalar(select(User).where(User.email == "x@y.example")) is None
    admin = sign_in("it_admin@promiseline.example")
    data = {"name": "New Buyer", "email": "x@y.example", "role": "buyer", "party_code": ""}
    assert admin.post("/admin/users/invite", data=data).status_code == 302


def test_what_is_wrong_with_an_invitation_is_said_at_its_field(
    company: Company, session: Session, sign_in: SignIn
) -> None:
    admin = sign_in("it_admin@promiseline.example")

    def refused(**changed: str) -> str:
        data = {"name": "Sam", "email": "sam@acme.example", "role": "supplier", "party_code": "ACME"} | changed
        answer = admin.post("/admin/users/invite", data=data)
        assert answer.status_code == 422
        return answer.text

    assert 'id="party_code-error"' in refused(party_code="")
    assert "There is no supplier NOPE" in refused(party_code="NOPE")
    assert "There is no customer ACME" in refused(role="customer")
    assert 'id="email-error"' in refused(email="dana@acme.example")
    assert "That is not a mail address." in refused(email="sam at acme")
    assert "Type the person&#39;s name." in refused(name="  ")
    session.rollback()
    assert session.scalars(select(Notice)).all() == []


def test_keeping_out_and_letting_in(company: Company, session: Session, sign_in: SignIn) -> None:
    manager = sign_in("supply_chain_manager@promiseline.example")
    dana = _user(session, "dana@acme.example").id
    theirs = sign_in("dana@acme.example")
    assert theirs.get("/account").status_code == 200
    assert manager.post(f"/admin/users/{dana}/keep-out").status_code == 302
    assert theirs.get("/account").status_code == 302
    assert "Kept out" in manager.get("/admin/users?q=dana").text
    assert manager.post(f"/admin/users/{dana}/let-in").status_code == 302
    assert sign_in("dana@acme.example").get("/account").status_code == 200
    for email in ("nils@shop.example", "bea@promiseline.example"):
        assert manager.post(f"/admin/users/{_user(session, email).id}/keep-out").status_code == 404
    admin = sign_in("it_admin@promiseline.example")
    myself = _user(session, "it_admin@promiseline.example").id
    assert "keep yourself out" in admin.post(f"/admin/users/{myself}/keep-out", follow_redirects=True).text
    assert _user(session, "it_admin@promiseline.example").active
    assert admin.post("/admin/users/999999/keep-out").status_code == 404
