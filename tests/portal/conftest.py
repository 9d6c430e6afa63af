"""The application on a test's own database, and people who are signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.application import create_app
from portal.config import Settings
from portal.database import db
from portal.models import User
from tests.conftest import Database


@pytest.fixture
def settings(database: Database, home: Path) -> Settings:
    return Settings.load(
        {
            "PROMISELINE_HOME": str(home),
            "PROMISELINE_ENV": "test",
            "DATABASE_URL": database.url(),
            "DATABASE_WEB_URL": database.url("promiseline_web"),
            "DATABASE_WORKER_URL": database.url("promiseline_worker"),
        }
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.config.update(WTF_CSRF_ENABLED=False, TESTING=True)
    yield app
    app.extensions["promiseline_live"].close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def sign_in(app: Flask, database: Database) -> Callable[[str], FlaskClient]:
    """A client that is signed in as the user with this mail address, without the form."""

    def enter(email: str) -> FlaskClient:
        client = app.test_client()
        with database.session() as session:
            user = session.scalars(select(User).where(User.email == email)).one()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = user.fs_uniquifier
            cookie["_fresh"] = True
        return client

    return enter
