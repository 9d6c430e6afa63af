"""The embedded servers by themselves: where they live, what they recover from, what they are given."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from portal.config import Settings
from tests.embedded import start_postgres, start_temporal, temporary_home
from workers.supervisor import accounts, postgres, temporal
from workers.supervisor.logfiles import as_json


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        yield folder


@pytest.mark.faults
def test_postgres_recovers_from_a_kill_on_the_same_port(home: Path) -> None:
    first = start_postgres(home)
    try:
        with first.server.connect(postgres.DATABASE) as connection:
            connection.execute("create table kept (what text)")
    finally:
        first.process.kill()
        first.process.wait()
    # As after a restart of the machine, when the number of the dead server is another process now.
    pid_file = first.server.data / "postmaster.pid"
    _, *rest = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getppid()), *rest]))
    second = start_postgres(home)
    try:
        assert second.server.port == first.server.port
        with second.server.connect(postgres.DATABASE) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (0,)
    finally:
        second.stop()


def test_postgres_lets_nobody_in_without_the_password(home: Path) -> None:
    running = start_postgres(home)
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"postgresql://{postgres.ADMIN_ROLE}:wrong@127.0.0.1:{running.server.port}/postgres")
        with running.server.connect() as connection:
            assert connection.execute("show unix_socket_directories").fetchone() == ("",)
            assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
    finally:
        running.stop()


def test_data_of_another_version_is_refused_and_kept(home: Path) -> None:
    data, _ = postgres.data_folder(home)
    data.mkdir()
    (data / "PG_VERSION").write_text("17\n")
    server = postgres.PostgresServer.of(Settings.load({"PROMISELINE_HOME": str(home)}))
    with pytest.raises(postgres.PostgresFailed, match="17, not PostgreSQL 18"):
        server.prepare()
    assert (data / "PG_VERSION").exists()


def test_a_closed_folder_above_stops_an_account(tmp_path: Path) -> None:
    stranger = accounts.Account(os.getuid() + 1, os.getgid() + 1)
    inside = tmp_path / "closed" / "inside"
    inside.mkdir(parents=True)
    inside.parent.chmod(0o700)
    assert not accounts.can_pass(inside, stranger)
    assert accounts.can_pass(Path("/"), stranger)


async def test_an_older_temporal_data_file_gets_attributes_and_retention(home: Path) -> None:
    server = start_temporal(home, without=("--search-attribute",))
    try:
        client = await Client.connect(server.address)
        assert "PlStage" in await temporal.missing_search_attributes(client)
        assert await temporal.ensure(client) == []
        assert await temporal.ensure(client) == []
        assert await temporal.missing_search_attributes(client) == {}
        assert await temporal.namespace_retention(client) == temporal.RETENTION
        stage = SearchAttributeKey.for_keyword("PlStage")
        attributes = TypedSearchAttributes([SearchAttributePair(stage, "opened")])
        await client.start_workflow("Any", id="any", task_queue="nobody", search_attributes=attributes)
    finally:
        server.stop()


def test_the_data_file_of_another_temporal_version_is_set_aside(tmp_path: Path) -> None:
    settings = Settings.load({"PROMISELINE_HOME": str(tmp_path)})
    assert temporal.prepare(settings) is None
    sqlite3.connect(tmp_path / temporal.DATA_FILE).close()
    assert temporal.prepare(settings) is None
    settings.write_runtime(temporal_version="1.0.0 (Server 1.20.0)")
    note = temporal.prepare(settings)
    assert note is not None
    assert "1.0.0" in note
    assert sorted(path.name for path in tmp_path.glob("temporal.db*")) == ["temporal.db.1.0.0"]


def test_lines_are_json_whatever_a_part_prints() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert as_json("web", '{"event": "hello"}', now) == '{"event": "hello"}'
    told = json.loads(as_json("postgres", "12:00 UTC [1] FATAL:  no room", now))
    assert told == {
        "part": "postgres",
        "event": "12:00 UTC [1] FATAL:  no room",
        "level": "critical",
        "timestamp": "2026-03-01T12:00:00Z",
    }
    assert json.loads(as_json("web", "{not json", now))["event"] == "{not json"
