"""The workers' process: the outbox relay, and the workers that run workflows, their steps and mails."""

from __future__ import annotations

import asyncio
import signal
import sys

import structlog
from sqlalchemy import Engine as Database
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from temporalio.client import Client
from temporalio.service import RPCError

from portal.config import WORKER_ROLE, NotRunning, Settings
from portal.logs import configure_logging
from portal.services import reconcile
from portal.services.reconcile import Expected
from workers import process, registry, schedules
from workers.activities.core import CoreActivities
from workers.activities.notify import NotifyActivities
from workers.activities.reconcile import ReconcileActivities
from workers.activities.running import Transactions
from workers.engine import Engine
from workers.relay import Relay
from workers.supervisor import temporal
from workers.transports.mail import MailTransport

RETRY_S = 1.0
SWITCH_INTERVAL_S = 0.0005
#: How soon an engine that lost its data while we run is noticed and filled again.
WATCH_S = 15.0

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises when a worker can't go on; the process is to be started again."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    working = asyncio.create_task(_work(settings))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            log.info("stopping: finishing what is under way")
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
    if not working.cancelled():
        working.result()


async def _work(settings: Settings) -> None:
    # Not pinged before use: a step that finds its connection gone is run again anyway. The last used is
    # used next: the database has prepared our statements on it already.
    database = create_engine(
        settings.database(WORKER_ROLE), pool_size=registry.DATABASE_POOL, pool_recycle=1800, pool_use_lifo=True
    )
    mail = MailTransport.of(settings)
    try:
        await _database_ready(database)
        client = await _engine_ready(settings)
        engine = Engine(client, settings.base_url)
        transactions = Transactions(database)
        core = registry.core_worker(
            client,
            registry.core_activities(CoreActivities(transactions), ReconcileActivities(transactions, engine)),
        )
        notify = registry.notify_worker(
            client, registry.notify_activities(NotifyActivities(transactions, mail, settings))
        )

        def expected(workflow_id: str) -> Expected | None:
            with Session(database) as session:
                return reconcile.expected(session, workflow_id)

        relay = Relay(_conninfo(settings), engine, expected)
        async with core, notify, asyncio.TaskGroup() as group:
            group.create_task(relay.run())
            group.create_task(_keep_engine_filled(client))
            log.info("working", temporal=settings.temporal_target)
    finally:
        mail.close()
        database.dispose()


async def _database_ready(database: Database) -> None:
    def ask() -> None:
        with database.connect() as connection:
            connection.execute(text("SELECT 1 FROM outbox LIMIT 1"))

    while True:
        try:
            return await asyncio.to_thread(ask)
        except SQLAlchemyError as error:
            log.warning("waiting for the database", why=str(error).strip().splitlines()[0])
            await asyncio.sleep(RETRY_S)


async def _engine_ready(settings: Settings) -> Client:
    while True:
        try:
            client = await temporal.connect(settings)
            for note in await temporal.ensure(client):
                log.warning("not ours to change on this Temporal server", what=note)
            await schedules.ensure(client)
        except (RPCError, RuntimeError) as error:
            log.warning("waiting for Temporal", why=str(error).strip().splitlines()[0])
            await asyncio.sleep(RETRY_S)
        else:
            return client


async def _keep_engine_filled(client: Client) -> None:
    """Compare database and engine at the start, and again whenever the engine has lost its data."""
    lost = True
    while True:
        try:
            if lost or not await schedules.exist(client):
                await temporal.ensure(client)
                await schedules.ensure(client)
                await schedules.reconcile_now(client)
                lost = False
                log.info("comparing database and engine")
        except (RPCError, RuntimeError) as error:
            log.warning("can't look after the engine now", why=str(error).strip().splitlines()[0])
        await asyncio.sleep(WATCH_S)


def _conninfo(settings: Settings) -> str:
    url = make_url(settings.database(WORKER_ROLE)).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def main() -> int:
    configure_logging("workers")
    # Steps in the database give up the interpreter at every query; let them have it back soon.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        asyncio.run(serve(Settings.load()))
    except (NotRunning, ValueError, temporal.TemporalFailed) as error:
        print(f"the workers could not start: {error}", file=sys.stderr)  # noqa: T201 - read by the supervisor
        return 1
    except Exception:
        log.exception("the workers can't go on")
        return 1
    return 0


if __name__ == "__main__":
    process.finish(main())
