"""The spine: what a backorder's life costs, against empty workflows on the same server in the same run.

Three questions. How fast do backorders go from opened to delivered? How soon after a supplier's answer
does the customer have the mail, when nothing else happens and when many answer at once? How many
workflow tasks and activities does one life cost?

Floor and subject take turns, so that whatever else the machine does hits both; medians are compared.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

from sqlalchemy import text

from bench.kit import company, histories, installation, lives, machine
from bench.kit.company import Case, Crowd, OpenLine
from bench.kit.floor_driver import FloorDriver, Steps, allocation_id, backorder_id, line_id
from bench.kit.installation import Installation
from bench.kit.lives import Lives
from bench.kit.mailbox import Mailbox
from portal.database import utcnow

NS = 1e9
#: What we hold ourselves to.
LEAST_RATE, MOST_IDLE, MOST_BURST = 0.7, 6.0, 3.0


@dataclass(frozen=True)
class Size:
    """How much is measured. `rounds` counts the turns that floor and subject each take."""

    lives: int = 200
    idle: int = 60
    burst: int = 200
    rounds: int = 3


def measure(size: Size | None = None) -> dict[str, Any]:
    """Run it all on an installation of its own. Call it in the main thread.

    Raises workers.supervisor.supervise.PartFailed when a part does not start, TimeoutError when
    something never comes.
    """
    with installation.temporary_settings() as settings:
        return asyncio.run(_measure(settings, size or Size()))


async def _measure(settings: Any, size: Size) -> dict[str, Any]:
    facts = await asyncio.to_thread(machine.facts, settings)
    steps = Steps(settings.home)
    try:
        async with installation.running(settings, floor="bench.kit.floor_worker") as ours:
            spine = Spine(ours, FloorDriver(ours.client, steps), size)
            await spine.warm_up()
            return {
                "benchmark": "spine",
                "at": utcnow().isoformat(timespec="seconds"),
                "machine": facts,
                "size": asdict(size),
                "lives": await spine.lives(),
                "answers_idle": await spine.answers_one_by_one(),
                "answers_at_once": await spine.answers_at_once(),
                "life": await spine.cost(),
            }
    finally:
        steps.close()


class Spine:
    def __init__(self, ours: Installation, floor: FloorDriver, size: Size) -> None:
        self._ours = ours
        self._floor = floor
        self._size = size
        self._mailbox = Mailbox(ours.settings.mail_folder)
        self._last = Lives()
        self._last_cases: list[Case] = []
        self._last_floor = Lives()

    async def warm_up(self) -> None:
        await asyncio.to_thread(company.found, self._ours.worker)
        few = min(self._size.lives, 8)
        await self._floor.live("W", few)
        await lives.live(self._ours, await self._cases("W", few))

    async def lives(self) -> dict[str, Any]:
        """(a) Backorders from opened to delivered."""
        count = self._size.lives
        floor, subject = [], []
        for turn in range(self._size.rounds):
            cases = await self._cases(f"L{turn}", count)
            for who in in_turn(turn):
                if who == "floor":
                    self._last_floor = await self._floor.live(f"L{turn}", count)
                    floor.append(self._last_floor)
                else:
                    self._last = await lives.live(self._ours, cases)
                    self._last_cases = cases
                    subject.append(self._last)
        rate, floor_rate = (median(count / each.seconds for each in those) for those in (subject, floor))
        return {
            "backorders": count,
            "per_second": round(rate, 2),
            "floor_per_second": round(floor_rate, 2),
            "ratio": round(rate / floor_rate, 3),
            "target_at_least": LEAST_RATE,
            "seconds": [round(each.seconds, 2) for each in subject],
            "floor_seconds": [round(each.seconds, 2) for each in floor],
            "phases": _phases(subject),
            "floor_phases": _phases(floor),
        }

    async def answers_one_by_one(self) -> dict[str, Any]:
        """(b) One supplier answers when nothing else happens; until the customer's mail lies there."""
        count = self._size.idle
        lines = await self._awaiting("I", count)
        echoes = await self._floor.open_echoes("I", count)
        subject, sent = [], []
        for line, echo in zip(lines, echoes, strict=True):
            subject.append(await asyncio.to_thread(self._answer_one, line))
            await asyncio.to_thread(lives.settled, self._ours.worker)
            sent.append(time.time_ns())
            await self._floor.echo([echo])
        back = await self._came_back(echoes)
        floor = [(end - start) / NS for start, end in zip(sent, back, strict=True)]
        return {
            "answers": count,
            "p50_s": round(median(subject), 4),
            "p95_s": round(p95(subject), 4),
            "floor_p50_s": round(median(floor), 4),
            "floor_p95_s": round(p95(floor), 4),
            "ratio_p50": round(median(subject) / median(floor), 2),
            "ratio_p95": round(p95(subject) / p95(floor), 2),
            "target_at_most": MOST_IDLE,
        }

    async def _came_back(self, echoes: Sequence[str]) -> list[int]:
        """When the engine noted the second echo of each: the first made the workflow known to its worker.
        The worker knows that it has done a step a moment before the engine does."""
        while True:
            found = await histories.fetch(self._ours.client, echoes)
            completed = [histories.activities_completed_ns(each) for each in found]
            if all(len(each) > 1 for each in completed):
                return [max(each) for each in completed]
            await asyncio.sleep(0.05)

    def _answer_one(self, line: OpenLine) -> float:
        self._mailbox.clear()
        began = time.time_ns()
        Crowd(self._ours.web, 1).each([line], company.propose, company.seen_by_supplier)
        return (self._mailbox.wait_for([line.address])[line.address] - began) / NS

    async def answers_at_once(self) -> dict[str, Any]:
        """(b) Many suppliers answer at once; until the last customer's mail lies there."""
        count = self._size.burst
        subject, floor = [], []
        for turn in range(self._size.rounds):
            lines = await self._awaiting(f"B{turn}", count)
            echoes = await self._floor.open_echoes(f"B{turn}", count)
            for who in in_turn(turn):
                if who == "floor":
                    began = time.time_ns()
                    await self._floor.echo(echoes)
                    floor.append((max(await self._came_back(echoes)) - began) / NS)
                else:
                    subject.append(await asyncio.to_thread(self._answer_all, lines))
                    await asyncio.to_thread(lives.settled, self._ours.worker)
        return {
            "answers": count,
            "seconds": round(median(subject), 3),
            "floor_seconds": round(median(floor), 3),
            "ratio": round(median(subject) / median(floor), 2),
            "target_at_most": MOST_BURST,
            "all_seconds": [round(each, 3) for each in subject],
            "all_floor_seconds": [round(each, 3) for each in floor],
        }

    def _answer_all(self, lines: Sequence[OpenLine]) -> float:
        self._mailbox.clear()
        began = time.time_ns()
        Crowd(self._ours.web).each(lines, company.propose, company.seen_by_supplier)
        return (max(self._mailbox.wait_for([line.address for line in lines]).values()) - began) / NS

    async def cost(self) -> dict[str, Any]:
        """(c) What one life costs the engine, and the same of the floor, which proves that they match."""
        client = self._ours.client
        number = self._last.backorders[0]
        line = (await asyncio.to_thread(company.lines_of, self._ours.worker, self._last_cases[:1]))[0]
        receipt = await asyncio.to_thread(self._receipt_of, line)
        ids = {
            "backorder": f"backorder-{number}",
            "replenishment": f"replenish-{line.po_number}-{line.line_number}",
            "allocation": f"allocate-receipt-{receipt}",
        }
        fetched = dict(zip(ids, await histories.fetch(client, ids.values()), strict=True))
        first = self._last_floor.backorders[0]
        floor = await histories.fetch(client, [backorder_id(first), line_id(first), allocation_id(first)])
        return {
            **asdict(histories.Cost.of(fetched.values())),
            "by_workflow": {name: asdict(histories.Cost.of([each])) for name, each in fetched.items()},
            "floor": asdict(histories.Cost.of(floor)),
        }

    def _receipt_of(self, line: OpenLine) -> str:
        with self._ours.worker.connect() as connection:
            connection.execute(text("SELECT set_config('app.staff', 'on', true)"))
            found = connection.scalar(text("SELECT number FROM receipt WHERE line_id = :line"), {"line": line.id})
        return str(found)

    async def _cases(self, name: str, count: int) -> list[Case]:
        return await asyncio.to_thread(company.add_cases, self._ours.worker, name, count)

    async def _awaiting(self, name: str, count: int) -> list[OpenLine]:
        """Lines that await their suppliers' answers, each with a customer who waits for it."""
        cases = await self._cases(name, count)
        await lives.open_only(self._ours, cases)
        return await asyncio.to_thread(company.lines_of, self._ours.worker, cases)


def in_turn(turn: int) -> tuple[str, str]:
    """Who goes first changes each time."""
    return ("subject", "floor") if turn % 2 else ("floor", "subject")


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def _phases(those: Sequence[Lives]) -> dict[str, float]:
    return {name: round(median(each.phases[name] for each in those), 3) for name in those[0].phases}


def told(found: dict[str, Any]) -> str:
    """The figures in a few lines for people."""
    a, b, c, life = (found[name] for name in ("lives", "answers_idle", "answers_at_once", "life"))
    return "\n".join(
        [
            f"{a['backorders']} backorders from opened to delivered: {a['per_second']} a second, floor"
            f" {a['floor_per_second']}: {a['ratio']} of the floor (target at least {a['target_at_least']})",
            f"answer to mail, one by one: p50 {b['p50_s']} s, p95 {b['p95_s']} s, floor p95 {b['floor_p95_s']} s:"
            f" {b['ratio_p95']} times the floor (target at most {b['target_at_most']})",
            f"{c['answers']} answers at once, all mailed in {c['seconds']} s, floor {c['floor_seconds']} s:"
            f" {c['ratio']} times the floor (target at most {c['target_at_most']})",
            f"one life: {life['workflow_tasks']} workflow tasks, {life['activities']} activities,"
            f" {life['signals']} signals, {life['events']} events, {life['bytes']} bytes",
        ]
    )
