"""Drives the floor's workflows in the same phases as real lives, by the client directly."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client

from bench.kit import floor
from bench.kit.floor_worker import STEPS_PIPE
from bench.kit.installation import FLOOR_QUEUE
from bench.kit.lives import PATIENCE_S, Lives
from workers.engine import Engine
from workers.relay import BATCH, LANES
from workflows.contract import AllocationJob, BackorderJob, LineJob, Message

#: As many calls under way as the relay has.
AT_ONCE = LANES * BATCH
PORTAL = "http://127.0.0.1:8000"


class Steps:
    """How many activities of the floor have run, as they say through a pipe in the home folder."""

    def __init__(self, home: Path) -> None:
        path = home / STEPS_PIPE
        os.mkfifo(path)
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._count = 0
        self._wanted = 0
        self._reached = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._pipe, self._read)

    def _read(self) -> None:
        self._count += len(os.read(self._pipe, 65_536))
        if self._count >= self._wanted:
            self._reached.set()

    async def more(self, count: int) -> None:
        """Return when so many have run since the last call returned. Raises TimeoutError."""
        self._reached.clear()
        self._wanted += count
        if self._count < self._wanted:
            async with asyncio.timeout(PATIENCE_S):
                await self._reached.wait()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pipe)
        os.close(self._pipe)


class FloorDriver:
    def __init__(self, client: Client, steps: Steps) -> None:
        self._engine = Engine(client, PORTAL, FLOOR_QUEUE)
        self._steps = steps

    async def live(self, name: str, count: int) -> Lives:
        """The counterpart of `lives.live`: seconds from the first start to the last activity."""
        numbers = [f"{name}-{number:06}" for number in range(count)]
        lives = Lives(backorders=numbers)

        async def phase(called: str, steps: int, *acts: Callable[[str], Awaitable[None]]) -> None:
            began = time.monotonic()
            await self._all(act(number) for number in numbers for act in acts)
            await self._steps.more(steps * count)
            lives.phases[called] = round(time.monotonic() - began, 3)

        began = time.monotonic()
        # Each number: how many activities one life's phase has.
        await phase("open", 4, self._open_backorder, self._open_line)
        await phase("answer", 3, self._signal_line("answered"), self._signal("supply_changed"))
        await phase("receive", 4, self._signal_line("received"), self._allocate, self._signal("goods_allocated"))
        await phase("pick", 1, self._signal("picking_started"))
        await phase("ship", 2, self._signal("shipped"))
        await phase("deliver", 2, self._signal("delivered"))
        lives.seconds = time.monotonic() - began
        return lives

    async def open_echoes(self, name: str, count: int) -> list[str]:
        """Workflows that wait for a signal, already known to the worker; their ids."""
        ids = [f"floor-echo-{name}-{number}" for number in range(count)]
        await self._all(
            self._engine.start(floor.ECHO, each, asdict(BackorderJob(f"BO-{number:06}")))
            for number, each in enumerate(ids)
        )
        await self.echo(ids)
        return ids

    async def echo(self, ids: Sequence[str]) -> None:
        """One round trip of each, all at once: a signal, and an activity that does nothing."""
        await self._all(self._engine.signal(each, "knock", _message()) for each in ids)
        await self._steps.more(len(ids))

    async def _open_backorder(self, number: str) -> None:
        job = BackorderJob(number)
        await self._engine.start(floor.BACKORDER, backorder_id(number), asdict(job), summary="A-P0001 · 10 ea")

    async def _open_line(self, number: str) -> None:
        await self._engine.start(
            floor.LINE, line_id(number), asdict(LineJob(number, 1)), summary="A-P0001 · S001 · 10"
        )

    async def _allocate(self, number: str) -> None:
        key = f"receipt-{number}"
        job = AllocationJob(key, "A-P0001", "MAIN", number, 1)
        await self._engine.start(
            floor.ALLOCATION, allocation_id(number), asdict(job), summary=f"A-P0001 · MAIN · {key}"
        )

    def _signal(self, name: str) -> Callable[[str], Awaitable[None]]:
        return lambda number: self._engine.signal(backorder_id(number), name, _message())

    def _signal_line(self, name: str) -> Callable[[str], Awaitable[None]]:
        return lambda number: self._engine.signal(line_id(number), name, _message())

    async def _all(self, calls: Iterable[Awaitable[None]]) -> None:
        at_once = asyncio.Semaphore(AT_ONCE)

        async def one(call: Awaitable[None]) -> None:
            async with at_once:
                await call

        async with asyncio.TaskGroup() as group:
            for call in calls:
                group.create_task(one(call))


def backorder_id(number: str) -> str:
    return f"floor-backorder-{number}"


def line_id(number: str) -> str:
    return f"floor-replenish-{number}-1"


def allocation_id(number: str) -> str:
    return f"floor-allocate-receipt-{number}"


def _message() -> Message:
    return Message(str(uuid4()))
