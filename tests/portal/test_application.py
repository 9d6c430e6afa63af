from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.builders import make_company


def test_the_process_says_that_it_answers(app: Flask) -> None:
    assert app.test_client().get("/healthz").json == {"status": "ok"}


def test_without_temporal_the_failing_part_is_named(app: Flask) -> None:
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert set(answer.json["failing"]) == {"temporal"}


def test_a_stranger_is_asked_to_sign_in(app: Flask) -> None:
    answer = app.test_client().get("/")
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in")


def test_everybody_is_led_to_where_their_day_begins(
    session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    company = make_company(session)
    assert sign_in(company.buyer.email).get("/").location == "/planning"


def test_every_answer_carries_the_strict_content_policy(app: Flask) -> None:
    policy = app.test_client().get("/healthz").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
