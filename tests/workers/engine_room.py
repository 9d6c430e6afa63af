"""A relay between a test's database and a real engine, with a wire that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, RetryConfig

from portal.config import WORKER_ROLE
from portal.models import OutboxMessage
from portal.services import reconcile
from portal.services.reconcile import Expected
from tests.conftest import Database
from workers.engine import Engine
from workers.relay import Relay

PORTAL = "http://portal.test"


@dataclass
class Wire:
    """Forwards TCP to the engine; while it is cut nobody listens on its port."""

    target: str
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def join(self) -> None:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            self._server = None

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.target.partition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        self._open |= {writer, far_writer}
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._open -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@dataclass(frozen=True)
class Room:
    database: Database
    client: Client
    engine: Engine
    wire: Wire

    def relay(self) -> Relay:
        url = make_url(self.database.url(WORKER_ROLE)).set(drivername="postgresql")
        return Relay(url.render_as_string(hide_password=False), self.engine, self.expected)

    def expected(self, workflow_id: str) -> Expected | None:
        with self.database.session() as session:
            return reconcile.expected(session, workflow_id)

    @contextlib.asynccontextmanager
    async def relaying(self, relays: int = 1) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.relay().run()) for _ in range(relays)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def post(self, work: Callable[[Session], object]) -> None:
        with self.database.session() as session:
            work(session)
            session.commit()

    def messages(self) -> list[OutboxMessage]:
        with self.database.session() as session:
            return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))

    async def until(self, true: Callable[[list[OutboxMessage]], bool]) -> list[OutboxMessage]:
        """Wait until the outbox is as wanted; it is looked at, since rows tell nobody."""
        async with asyncio.timeout(30):
            while True:
                found = await asyncio.to_thread(self.messages)
                if true(found):
                    return found
                await asyncio.sleep(0.02)

    async def delivered(self) -> list[OutboxMessage]:
        return await self.until(lambda found: all(each.delivered_at for each in found))

    async def signals(self, workflow_id: str) -> list[str]:
        """The names of the signals that a workflow has got, in order."""
        history = await self.client.get_workflow_handle(workflow_id).fetch_history()
        return [
            event.workflow_execution_signaled_event_attributes.signal_name
            for event in history.events
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        ]


def own_numbers(database: Database) -> None:
    """Tests share an engine, which knows workflows by the numbers that people see: none may come twice."""
    with psycopg.connect(database.url().replace("+psycopg", "", 1), autocommit=True) as owner:
        for sequence in ("backorder_number", "purchase_order_number"):
            owner.execute("SELECT setval(%s, %s)", (sequence, 100_000 + secrets.randbelow(10**12)))


@contextlib.asynccontextmanager
async def engine_room(database: Database, address: str) -> AsyncIterator[Room]:
    """A queue of its own that nobody polls: starts and signals are kept, and nothing runs."""
    own_numbers(database)
    wire = Wire(address)
    await wire.join()
    client = await Client.connect(
        f"127.0.0.1:{wire.port}",
        lazy=True,
        retry_config=RetryConfig(max_elapsed_time_millis=300, max_retries=2),
    )
    try:
        yield Room(database, client, Engine(client, PORTAL, f"{uuid4()}-core"), wire)
    finally:
        await wire.cut()
