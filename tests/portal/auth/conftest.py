"""People with passwords, and the forms by which they come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from sqlalchemy.orm import Session

from portal.application import create_app
from portal.config import Settings
from portal.database import db
from portal.models import User
from tests.builders import Company, add_user, make_company

PASSWORD = "one long enough to use"


@pytest.fixture
def company(app: Flask, session: Session) -> Company:
    """The small company, with its buyer's password chosen, a supplier's person and an administrator."""
    company = make_company(session)
    with app.app_context():
        hashed = hash_password(PASSWORD)
    for user in (
        company.buyer,
        company.manager,
        add_user(session, "dana@acme.example", "supplier", supplier_id=company.acme.id),
        add_user(session, "nils@shop.example", "customer", customer_id=company.nora.id),
        add_user(session, "ida@promiseline.example", "it_admin"),
    ):
        user.password = hashed
    session.commit()
    return company


@pytest.fixture
def enter(app: Flask) -> Callable[..., FlaskClient]:
    """Sign in by the form."""

    def sign_in(email: str, password: str = PASSWORD) -> FlaskClient:
        client = app.test_client()
        answer = client.post("/sign-in", data={"email": email, "password": password})
        assert answer.status_code == 302, answer.text
        return client

    return sign_in


@pytest.fixture
def strict_app(settings: Settings) -> Iterator[Flask]:
    """The application with its rate limits on."""
    app = create_app(replace(settings, environment="production"))
    app.config.update(WTF_CSRF_ENABLED=False, TESTING=True)
    yield app
    with app.app_context():
        db.engine.dispose()


def reload(session: Session, user: User) -> User:
    session.expire_all()
    return session.get_one(User, user.id)
