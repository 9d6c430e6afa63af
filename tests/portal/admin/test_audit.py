from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from domain.roles import PERMISSIONS, Permission
from portal.admin.changes import Change, changes
from portal.database import db
from portal.services.transaction import Context, record
from tests.builders import Company
from tests.portal.admin.conftest import PARTIES, STAFF, next_page

SignIn = Callable[[str], FlaskClient]


def test_only_those_who_may_see_it(company: Company, sign_in: SignIn) -> None:
    for role in STAFF:
        expected = 200 if Permission.SEE_AUDIT in PERMISSIONS[role] else 403
        assert sign_in(f"{role}@promiseline.example").get("/admin/audit").status_code == expected, role
    for email in PARTIES:
        assert sign_in(email).get("/admin/audit").status_code == 403


def _events(session: Session, who: Callable[..., Context]) -> None:
    late = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    record(
        session,
        who(now=late),
        "backorder.cancelled",
        "backorder",
        "BO-1",
        before={"status": "awaiting_supply", "priority": 3},
        after={"status": "cancelled", "priority": 3},
        reason="Ordered <twice>",
    )
    record(session, who("Max Manager", now=late + timedelta(days=1)), "user.invited", "user", "x@y.example")
    session.commit()


def test_filters_find_by_thing_person_action_and_day(
    company: Company, session: Session, sign_in: SignIn, who: Callable[..., Context]
) -> None:
    _events(session, who)
    company.buyer.time_zone = "Europe/Berlin"
    client = sign_in("it_admin@promiseline.example")
    page = client.get("/admin/audit").text
    assert page.index("x@y.example") < page.index("BO-1"), "newest first"
    for query in ("entity=backorder", "key=BO-1", "actor=bea", "action=backorder.", "day=2026-11-18"):
        page = client.get(f"/admin/audit?{query}").text
        assert "BO-1" in page, query
        assert "x@y.example" not in page, query
    for query in ("entity=nonsense", "day=yesterday", "day=20261-01-01", "cursor=nonsense"):
        assert "BO-1" in client.get(f"/admin/audit?{query}").text, query
    assert "No event fits" in client.get("/admin/audit?key=BO-2").text


def test_a_day_is_the_readers_own(
    company: Company, session: Session, sign_in: SignIn, who: Callable[..., Context]
) -> None:
    _events(session, who)
    client = sign_in("it_admin@promiseline.example")
    client.post("/account", data={"name": "Ida", "time_zone": "Europe/Berlin"})
    assert "BO-1" in client.get("/admin/audit?day=2026-11-19").text  # half past midnight there


def test_before_and_after_are_readable(
    company: Company, session: Session, sign_in: SignIn, who: Callable[..., Context]
) -> None:
    _events(session, who)
    page = sign_in("it_admin@promiseline.example").get("/admin/audit?key=BO-1").text
    assert "awaiting_supply</del>" in page
    assert "cancelled</ins>" in page
    assert '<th scope="row">priority' not in page, "what stayed the same is not shown"
    assert "Ordered &lt;twice&gt;" in page


def test_changes_are_told_apart() -> None:
    assert changes({"a_b": 1, "same": 2}, {"a_b": 3, "same": 2, "new": True}) == [
        Change("a b", "1", "3"),
        Change("new", None, "yes"),
    ]
    assert changes(None, {"schedule": [{"quantity": "4", "promised_date": "2026-12-04"}], "none": None}) == [
        Change("schedule", None, "quantity 4, promised date 2026-12-04")
    ]
    assert changes(None, None) == []


def test_pages_skip_nothing_and_cost_the_same(
    company: Company, session: Session, app: Flask, sign_in: SignIn, who: Callable[..., Context]
) -> None:
    for number in range(110):
        record(session, who(), "order.tried", "sales_order", f"SO-{number:03}")
    session.commit()
    client = sign_in("it_admin@promiseline.example")
    with app.app_context():
        engine = db.engine
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    seen: list[str] = []
    counts: list[int] = []
    path: str | None = "/admin/audit?action=order."
    while path:
        statements.clear()
        page = client.get(path).text
        counts.append(len(statements))
        seen += [part.split("<")[0] for part in page.split('class="row-link" href="/orders/')[1:]]
        path = next_page(page)
    assert [one.split('"')[0] for one in seen] == [f"SO-{number:03}" for number in reversed(range(110))]
    assert max(counts) <= 10, counts
