from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from domain.notices import NoticeKind, NoticeStatus
from portal.config import Settings
from portal.database import db, utcnow
from portal.models import AuditEvent, Backorder, Notice, OutboxMessage, PurchaseOrderLine
from portal.services import accounts, backorders, notices
from portal.services.outbox import post_signal
from portal.services.transaction import Context
from tests.builders import Company, order
from tests.portal.ops.conftest import PARTIES, STAFF
from workflows.contract import NOTICE_WORKFLOW

SignIn = Callable[[str], FlaskClient]
Who = Callable[..., Context]


def test_every_way_is_closed_to_those_who_may_not(company: Company, app: Flask, sign_in: SignIn) -> None:
    ways = [
        ("GET", "/ops"),
        ("POST", "/ops/dead-letters/1/retry"),
        ("POST", "/ops/dead-letters/1/discard"),
        ("POST", "/ops/notices/1/send-again"),
    ]
    for email in [f"{role}@promiseline.example" for role in STAFF if role != "it_admin"] + PARTIES:
        client = sign_in(email)
        for method, path in ways:
            assert client.open(path, method=method).status_code == 403, (email, path)
    for method, path in ways:
        assert app.test_client().open(path, method=method).location.startswith("/sign-in")


def test_an_idle_installation_has_nothing_to_do(company: Company, sign_in: SignIn) -> None:
    page = sign_in("it_admin@promiseline.example").get("/ops").text
    assert "Nothing waits: the engine has had every message." in page
    assert "Every workflow has noted the newest change" in page
    assert "Something is down." in page, "no Temporal runs in this test, and the page says so"
    assert "not reachable at" in page


def _dead_letter(session: Session) -> int:
    post_signal(session, "backorder-BO-1", "supply_changed")
    post_signal(session, "backorder-BO-1", "cancelled")
    session.flush()
    first = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).first()
    assert first is not None
    first.dead_at, first.attempts, first.last_error = utcnow(), 12, "refused <for good>"
    session.commit()
    return first.id


def test_a_dead_letter_is_tried_again_with_a_reason(company: Company, session: Session, sign_in: SignIn) -> None:
    letter = _dead_letter(session)
    client = sign_in("it_admin@promiseline.example")
    page = client.get("/ops").text
    assert "refused &lt;for good&gt;" in page
    assert "1 later messages" in page
    refused = client.post(f"/ops/dead-letters/{letter}/retry", data={"reason": " "})
    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert client.post(f"/ops/dead-letters/{letter}/retry", data={"reason": "mended"}).status_code == 302
    session.expire_all()
    assert session.get_one(OutboxMessage, letter).dead_at is None
    assert client.post(f"/ops/dead-letters/{letter}/retry", data={"reason": "again"}).status_code == 422
    assert session.scalars(select(AuditEvent.reason).where(AuditEvent.action == "outbox.retried")).all() == [
        "mended"
    ]


def test_a_dead_letter_is_given_up_with_a_reason(company: Company, session: Session, sign_in: SignIn) -> None:
    letter = _dead_letter(session)
    client = sign_in("it_admin@promiseline.example")
    assert client.post(f"/ops/dead-letters/{letter}/discard", data={"reason": "not needed"}).status_code == 302
    session.expire_all()
    row = session.get_one(OutboxMessage, letter)
    assert row.delivered_at is not None
    assert row.resolution is not None
    assert "not needed" in row.resolution
    assert client.post("/ops/dead-letters/999999/discard", data={"reason": "x"}).status_code == 422


def _delivered(session: Session, ago: timedelta) -> None:
    session.execute(update(OutboxMessage).values(delivered_at=utcnow() - ago))
    session.execute(update(Backorder).values(opened_at=utcnow() - timedelta(hours=1), settled_version=0))
    session.execute(update(PurchaseOrderLine).values(created_at=utcnow() - timedelta(hours=1), settled_version=0))
    session.commit()


def test_a_workflow_that_stands_still_is_seen_and_one_that_works_is_not(
    company: Company, session: Session, sign_in: SignIn, who: Who
) -> None:
    backorder = order(session, who())
    assert backorder is not None
    client = sign_in("it_admin@promiseline.example")
    nothing = "Every workflow has noted the newest change"
    assert nothing in client.get("/ops").text, "their messages are not delivered yet"
    _delivered(session, timedelta(minutes=1))
    assert nothing in client.get("/ops").text, "they may be at it"
    _delivered(session, timedelta(minutes=6))
    page = client.get("/ops").text
    assert f"/workflows/backorder-{backorder.number}" in page
    assert "/workflows/replenish-" in page
    session.execute(update(Backorder).values(settled_version=Backorder.version))
    session.execute(update(PurchaseOrderLine).values(settled_version=PurchaseOrderLine.version))
    session.commit()
    assert nothing in client.get("/ops").text


def test_a_refused_notice_is_sent_again_to_the_address_of_today(
    company: Company, session: Session, settings: Settings, sign_in: SignIn, who: Who
) -> None:
    backorder = order(session, who(), plan=False)
    assert backorder is not None
    backorders.plan_supply(session, backorder.number, who().now)
    notice = session.scalars(select(Notice).where(Notice.kind == "opened")).one()
    assert notices.claim(session, notice.id, utcnow(), settings) is not None
    first = notice.subject
    notices.mark_refused(session, notice.id, "no such mailbox", utcnow())
    company.nora.email = "better@shop.example"
    session.commit()
    client = sign_in("it_admin@promiseline.example")
    assert "no such mailbox" in client.get("/ops").text
    assert client.post(f"/ops/notices/{notice.id}/send-again").status_code == 302
    session.expire_all()
    assert session.get_one(Backorder, backorder.id).notice_risk is None
    start = session.scalars(
        select(OutboxMessage).where(OutboxMessage.name == NOTICE_WORKFLOW).order_by(OutboxMessage.id.desc())
    ).first()
    assert start is not None
    assert start.workflow_id == f"notice-{notice.id}-again-1", "an id of its own: the first one has ended"
    outgoing = notices.claim(session, notice.id, utcnow(), settings)
    assert outgoing is not None
    assert outgoing.recipient == "better@shop.example"
    assert outgoing.mail.subject == first
    notices.mark_sent(session, notice.id, utcnow())
    page = client.post(f"/ops/notices/{notice.id}/send-again", follow_redirects=True).text
    assert "not refused any more" in page
    assert client.post("/ops/notices/999999/send-again", follow_redirects=True).status_code == 200


def test_a_refused_invitation_is_mended_under_people(
    company: Company, session: Session, settings: Settings, sign_in: SignIn
) -> None:
    facts = {"link": "http://x/reset-password/SECRET", "invited_by": "Ida", "party": None}
    accounts.post_account_notice(session, company.buyer, NoticeKind.INVITATION, facts, utcnow())
    session.commit()
    notice = session.scalars(select(Notice)).one()
    notices.claim(session, notice.id, utcnow(), settings)
    notices.mark_refused(session, notice.id, "no such mailbox", utcnow())
    client = sign_in("it_admin@promiseline.example")
    page = client.get("/ops").text
    assert "Find under People" in page
    assert "SECRET" not in page
    assert (
        "invite the person again"
        in client.post(f"/ops/notices/{notice.id}/send-again", follow_redirects=True).text
    )
    session.expire_all()
    assert session.get_one(Notice, notice.id).status == NoticeStatus.REFUSED


def test_backorders_that_wait_for_nobody_are_listed_and_the_page_costs_the_same(
    company: Company, session: Session, app: Flask, sign_in: SignIn, who: Who
) -> None:
    client = sign_in("it_admin@promiseline.example")
    with app.app_context():
        engine = db.engine
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    client.get("/ops")
    statements.clear()
    client.get("/ops")
    empty = len(statements)
    numbers = []
    for _ in range(4):
        backorder = order(session, who(), sku="GADGET")  # without supplier or lead time
        assert backorder is not None
        numbers.append(backorder.number)
    session.execute(update(Backorder).values(owner_id=None))
    session.commit()
    statements.clear()
    page = client.get("/ops").text
    assert all(number in page for number in numbers)
    assert len(statements) == empty
