"""One PostgreSQL for a whole run; a fresh clone of the migrated database for every test that asks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from portal.config import OWNER_ROLE, WEB_ROLE, WORKER_ROLE
from portal.database import Party, set_party
from portal.migrate import alembic_config
from portal.services.transaction import Context
from tests.embedded import PostgresServer, start_postgres, temporary_home

#: A Wednesday, so that working days come before the weekend.
NOW = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
TEMPLATE = "promiseline_template"


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(home: Path) -> Iterator[PostgresServer]:
    server = start_postgres(home)
    try:
        with psycopg.connect(_plain(server.admin_url), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(TEMPLATE), sql.Identifier(OWNER_ROLE))
            )
        command.upgrade(alembic_config(server.url(TEMPLATE)), "head")
        yield server
    finally:
        server.stop()


def _plain(url: str) -> str:
    return url.replace("+psycopg", "", 1)


@dataclass(frozen=True)
class Database:
    """One test's own database, with the addresses by which each role reaches it."""

    name: str
    server: PostgresServer
    worker: Engine
    web: Engine

    def url(self, role: str = OWNER_ROLE) -> str:
        return self.server.url(self.name, role)

    def session(self) -> Session:
        """A session of the workers, who see all rows."""
        return Session(self.worker)

    def web_session(self, party: Party) -> Session:
        """A session of the web, which sees what the party may see."""
        session = Session(self.web)
        set_party(session, party)
        return session


_numbers = itertools.count(1)


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    name = f"test_{next(_numbers)}"
    identifiers = sql.Identifier(name), sql.Identifier(TEMPLATE), sql.Identifier(OWNER_ROLE)
    with psycopg.connect(_plain(postgres.admin_url), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(*identifiers)
        )
    worker, web = (create_engine(postgres.url(name, role), pool_size=10) for role in (WORKER_ROLE, WEB_ROLE))
    try:
        yield Database(name, postgres, worker, web)
    finally:
        worker.dispose()
        web.dispose()
        with psycopg.connect(_plain(postgres.admin_url), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.session() as session:
        yield session


@pytest.fixture
def who() -> Callable[..., Context]:
    """Makes the one who acts: `who()` is a buyer at the tests' usual instant."""

    def make(actor: str = "Bea Buyer", channel: str = "web", now: datetime = NOW) -> Context:
        return Context(actor=actor, channel=channel, now=now)

    return make
