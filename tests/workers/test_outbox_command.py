"""`promiseline outbox`, as a person types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from portal.config import OWNER_ROLE, WORKER_ROLE
from portal.database import utcnow
from portal.models import OutboxMessage
from portal.services.outbox import post_signal
from tests.conftest import Database
from workers.cli import run


@pytest.fixture
def letters(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Runs the command against a database with one dead letter and one message that waits behind it."""
    monkeypatch.setenv("PROMISELINE_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database.url(OWNER_ROLE))
    monkeypatch.setenv("DATABASE_WORKER_URL", database.url(WORKER_ROLE))
    with database.session() as session:
        post_signal(session, "backorder-BO-1", "shipped")
        session.execute(update(OutboxMessage).values(dead_at=utcnow(), attempts=1, last_error="too large"))
        post_signal(session, "backorder-BO-1", "delivered")
        session.commit()
    return lambda *arguments: run(["outbox", *arguments])


def listed(
    capsys: pytest.CaptureFixture[str], letters: Callable[..., int], *options: str
) -> list[dict[str, object]]:
    assert letters("list", "--json", *options) == 0
    return json.loads(capsys.readouterr().out)


def test_lists_retries_and_discards(letters: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    dead, waiting = listed(capsys, letters)
    assert (dead["name"], dead["last_error"], waiting["dead_at"]) == ("shipped", "too large", None)
    assert letters("list") == 0
    assert "DEAD after 1" in capsys.readouterr().out
    assert letters("discard", str(waiting["id"]), "--reason", "no") == 2
    assert "still being delivered" in capsys.readouterr().err
    assert letters("retry", str(dead["id"]), "--reason", "mended") == 0
    capsys.readouterr()
    assert listed(capsys, letters, "--dead") == []
