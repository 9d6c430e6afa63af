"""`promiseline token create`, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.models import ApiToken, User
from tests.builders import Company
from tests.portal.api.conftest import Caller

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def promiseline(settings: Settings) -> Run:
    environment = os.environ | {
        "PROMISELINE_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url or "",
        "DATABASE_WORKER_URL": settings.database_worker_url or "",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "workers.cli", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_a_token_is_printed_once_and_works(
    app: Flask, session: Session, company: Company, promiseline: Run
) -> None:
    made = promiseline("token", "create", "--user", "Buyer@people.example", "--name", "ERP", "--days", "30")
    assert (made.returncode, made.stderr) == (0, "")
    token = made.stdout.strip()
    assert token.startswith("pl_")
    assert Caller(app.test_client(), token).get("/backorders").status_code == 200
    row = session.scalars(select(ApiToken)).one()
    assert row.name == "ERP"
    assert row.expires_at is not None
    assert (row.expires_at - row.created_at).days == 30
    assert token not in row.token_hash


def test_nobody_gets_no_token(session: Session, company: Company, promiseline: Run) -> None:
    session.scalars(select(User).where(User.email == "sales@people.example")).one().active = False
    session.commit()
    for arguments in (
        ("--user", "nobody@people.example"),
        ("--user", "sales@people.example"),
        ("--user", "buyer@people.example", "--days", "0"),
        (),
    ):
        refused = promiseline("token", "create", *arguments)
        assert refused.returncode == 2
        assert refused.stdout == ""
        assert len(refused.stderr.strip().splitlines()) == 1
    assert session.scalars(select(ApiToken)).all() == []
