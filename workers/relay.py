"""Brings the outbox's messages to the engine: in order for each workflow, many workflows at once.

Any number of relays may run. Each lane takes the oldest undelivered message of some workflows, holding
their rows locked until they are marked; others skip locked rows, and a relay that dies lets go of them.
So every message is delivered at least once, and workflows know messages that they have had.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import structlog
from psycopg.rows import class_row
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from portal.services.reconcile import Expected
from workers.engine import Engine, Trouble, trouble
from workflows.contract import Message

LANES = 4
BATCH = 12
#: A safety net under the notifications, and how messages that were put off come up again.
POLL_S = 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
#: A message that fails in an odd way is put off for 1, 2, 4 … seconds, and given up after so many times.
MOST_ATTEMPTS, LONGEST_DELAY_S = 12, 300
CHANNEL = "promiseline_outbox"

#: The head of each workflow's queue; a dead letter at its head holds back its own workflow only.
CLAIM = """
    SELECT id, message_id::text, workflow_id, op, name, payload, attempts FROM outbox AS head
    WHERE delivered_at IS NULL AND dead_at IS NULL AND available_at <= now()
      AND NOT EXISTS (SELECT FROM outbox AS earlier
                      WHERE earlier.workflow_id = head.workflow_id AND earlier.delivered_at IS NULL
                        AND earlier.id < head.id)
    ORDER BY id LIMIT %s FOR UPDATE OF head SKIP LOCKED
"""
DELIVERED = "UPDATE outbox SET delivered_at = clock_timestamp(), attempts = attempts + 1 WHERE id = ANY(%s)"
RESOLVED = """
    UPDATE outbox SET delivered_at = clock_timestamp(), attempts = attempts + 1, resolution = %s WHERE id = %s
"""
PUT_OFF = """
    UPDATE outbox SET attempts = attempts + 1, last_error = %s, available_at = now() + %s * interval '1 second'
    WHERE id = %s
"""
DEAD = "UPDATE outbox SET dead_at = clock_timestamp(), attempts = attempts + 1, last_error = %s WHERE id = %s"

log = structlog.get_logger()


@dataclass(frozen=True)
class Row:
    id: int
    message_id: str
    workflow_id: str
    op: str
    name: str
    payload: dict[str, Any]
    attempts: int


@dataclass(frozen=True)
class Outcome:
    """What became of one message. `resolution` tells how it was dealt with when not simply delivered."""

    row: Row
    trouble: Trouble | None = None
    error: str = ""
    resolution: str | None = None


@dataclass
class Breaker:
    """While the engine is down, nobody tries before the pause is over; pauses double."""

    pause_s: float = FIRST_PAUSE_S
    _until: float = 0.0

    async def ready(self) -> None:
        loop = asyncio.get_running_loop()
        while (left := self._until - loop.time()) > 0:
            await asyncio.sleep(left)

    def opened(self, why: str) -> None:
        loop = asyncio.get_running_loop()
        if self._until > loop.time():
            return  # another lane has said so already
        log.warning("the engine can't be reached, messages wait", why=why, pause_s=round(self.pause_s, 1))
        self._until = loop.time() + self.pause_s * random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries only
        self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)

    def closed(self) -> None:
        if self.pause_s > FIRST_PAUSE_S:
            log.info("the engine is reached again")
        self.pause_s, self._until = FIRST_PAUSE_S, 0.0


@dataclass
class Lane:
    number: int
    idle: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    backend: int | None = None


class Relay:
    """`conninfo` is libpq's; `expected` looks up, in a thread, what ought to run under an id."""

    def __init__(
        self, conninfo: str, engine: Engine, expected: Callable[[str], Expected | None], lanes: int = LANES
    ) -> None:
        self._conninfo = conninfo
        self._engine = engine
        self._expected = expected
        self._lanes = [Lane(number) for number in range(lanes)]
        self._breaker = Breaker()

    async def run(self) -> None:
        """Deliver until cancelled; outages of database and engine are waited out."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._reconnecting(self._listen))
            for lane in self._lanes:
                group.create_task(self._reconnecting(lambda lane=lane: self._serve(lane)))

    async def _reconnecting(self, work: Callable[[], Any]) -> None:
        pause = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await work()
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                pause = FIRST_PAUSE_S if loop.time() - began > LONGEST_PAUSE_S else pause
                log.warning(
                    "the database can't be reached, messages wait", why=_said(error), pause_s=round(pause, 1)
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self._wake()  # for what was written while nobody listened
            async for notification in connection.notifies():
                if notification.pid not in {lane.backend for lane in self._lanes}:
                    self._wake()

    def _wake(self) -> None:
        """Let one more lane look; the first, when all are at work, will look again."""
        lane = next((each for each in self._lanes if each.idle), self._lanes[0])
        lane.idle = False
        lane.news.set()

    async def _serve(self, lane: Lane) -> None:
        async with await psycopg.AsyncConnection.connect(self._conninfo) as connection:
            lane.backend = connection.info.backend_pid
            while True:
                lane.news.clear()
                await self._breaker.ready()
                if await self._deliver_some(connection) == 0:
                    lane.idle = True
                    with contextlib.suppress(TimeoutError):
                        # one lane is enough to find what no notification told of
                        await asyncio.wait_for(lane.news.wait(), POLL_S if lane.number == 0 else None)
                    lane.idle = False

    async def _deliver_some(self, connection: psycopg.AsyncConnection[Any]) -> int:
        """Take and deliver a batch in one transaction; how many were dealt with."""
        async with connection.transaction(), connection.cursor(row_factory=class_row(Row)) as cursor:
            rows = await (await cursor.execute(CLAIM, (BATCH,), prepare=True)).fetchall()
            if not rows:
                return 0
            if len(rows) == BATCH:
                self._wake()
            outcomes = await asyncio.gather(*(self._deliver(row) for row in rows))
            await self._mark(cursor, outcomes)
        down = [each for each in outcomes if each.trouble is Trouble.DOWN]
        if down:
            self._breaker.opened(down[0].error)
        else:
            self._breaker.closed()
        return len(rows)

    async def _deliver(self, row: Row) -> Outcome:
        with structlog.contextvars.bound_contextvars(workflow_id=row.workflow_id, message_id=row.message_id):
            try:
                resolution = await self._hand_over(row)
            except (RPCError, RuntimeError) as error:
                return Outcome(row, trouble(error), _said(error))
            except SQLAlchemyError as error:  # while looking up what ought to run
                return Outcome(row, Trouble.DOWN, _said(error))
            except (KeyError, TypeError, ValueError) as error:  # no message that we could have written
                return Outcome(row, Trouble.REFUSED, f"{type(error).__name__}: {error}"[:500])
            log.info("message delivered", op=row.op, name=row.name, resolution=resolution)
            return Outcome(row, resolution=resolution)

    async def _hand_over(self, row: Row) -> str | None:
        if row.op == "start":
            payload = row.payload
            await self._engine.start(
                row.name,
                row.workflow_id,
                payload["job"],
                summary=payload.get("summary", ""),
                attributes=payload.get("attributes"),
            )
            return None
        try:
            message = Message(row.message_id, row.payload.get("ref", ""))
            await self._engine.signal(row.workflow_id, row.name, message)
        except RPCError as error:
            if trouble(error) is not Trouble.NOT_RUNNING:
                raise
        else:
            return None
        # Either it has ended, and there is nothing to wake; or the engine has lost it, and a start from
        # the database's view brings all news with it.
        lost = await asyncio.to_thread(self._expected, row.workflow_id)
        if lost is None:
            return "stale"
        await self._engine.start(
            lost.workflow_type,
            lost.workflow_id,
            lost.job,
            summary=lost.summary,
            attributes=lost.attributes,
            again=True,
        )
        return "restarted"

    async def _mark(self, cursor: psycopg.AsyncCursor[Row], outcomes: Sequence[Outcome]) -> None:
        plain = [each.row.id for each in outcomes if each.trouble is None and each.resolution is None]
        if plain:
            await cursor.execute(DELIVERED, (plain,))
        for each in outcomes:
            row = each.row
            if each.resolution is not None:
                await cursor.execute(RESOLVED, (each.resolution, row.id))
            elif each.trouble is None or each.trouble is Trouble.DOWN:
                continue
            elif each.trouble is Trouble.ODD and row.attempts + 1 < MOST_ATTEMPTS:
                delay = min(2**row.attempts, LONGEST_DELAY_S)
                await cursor.execute(PUT_OFF, (each.error, delay, row.id))
            else:
                log.error(
                    "a message was refused: retry or discard it with `promiseline outbox`",
                    workflow_id=row.workflow_id,
                    message_id=row.message_id,
                    why=each.error,
                )
                await cursor.execute(DEAD, (each.error, row.id))


def _said(error: Exception) -> str:
    words = str(error).strip()
    return words.splitlines()[0][:500] if words else type(error).__name__
