"""The workers' process as the supervisor runs it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select
from temporalio.client import Client

from portal.config import OWNER_ROLE, WORKER_ROLE, Settings
from portal.gateway import engine_fault
from portal.models import Backorder, OutboxMessage
from portal.services.transaction import Context
from tests.builders import make_company, order
from tests.conftest import Database
from tests.embedded import TemporalServer, home_environ
from tests.workers.engine_room import own_numbers
from workers import schedules
from workers.supervisor import launch


async def test_works_from_the_outbox_to_the_plan_and_ends_when_told(
    database: Database, temporal_server: TemporalServer, tmp_path: Path, who: Callable[..., Context]
) -> None:
    environ = home_environ(tmp_path) | {
        "DATABASE_URL": database.url(OWNER_ROLE),
        "DATABASE_WORKER_URL": database.url(WORKER_ROLE),
        "TEMPORAL_ADDRESS": temporal_server.address,
    }
    own_numbers(database)
    with database.session() as session:
        make_company(session)
        number = order(session, who(), plan=False).number
    with (tmp_path / "workers.log").open("wb") as log:
        process = subprocess.Popen(
            launch.wrapped([sys.executable, "-m", "workers"]), env=environ, stderr=log, start_new_session=True
        )
    try:
        await asyncio.to_thread(_wait_planned, database, number)
        client = await Client.connect(temporal_server.address)
        assert await schedules.exist(client)
        settings = Settings.load(environ)
        assert await asyncio.to_thread(engine_fault, settings) == {}
        with database.session() as session:
            assert all(each.dead_at is None for each in session.scalars(select(OutboxMessage)))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0, (tmp_path / "workers.log").read_text()[-3000:]


def _wait_planned(database: Database, number: str) -> None:
    """It has its plan, and its workflow has seen the newest state."""
    with database.session() as session:
        for _ in range(3000):
            found = session.scalars(select(Backorder).where(Backorder.number == number)).one()
            if found.planned_at is not None and found.version == found.settled_version:
                return
            session.rollback()
            session.connection().exec_driver_sql("SELECT pg_sleep(0.02)")
    raise AssertionError("it was never planned")
