"""Backorders from opened to delivered, phase by phase, as people in the portal would drive them.

A phase begins for all as soon as the one before has had its whole effect for all: workflows have seen
it, everybody concerned has the mail. So each life costs the same, however fast it goes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine as Database
from sqlalchemy import text

from bench.kit import company
from bench.kit.company import Case, Crowd
from bench.kit.installation import Installation

LOOK_S = 0.03
#: Longer than any phase takes; a benchmark that hangs says where.
PATIENCE_S = 300

#: What is still under way: outbox, mails, workflows that have not seen the newest change, first steps.
UNDER_WAY = text(
    "SELECT (SELECT count(*) FROM outbox WHERE delivered_at IS NULL)"
    " + (SELECT count(*) FROM notice WHERE status IN ('pending', 'sending'))"
    " + (SELECT count(*) FROM backorder WHERE version <> settled_version OR planned_at IS NULL)"
    " + (SELECT count(*) FROM purchase_order_line WHERE version <> settled_version OR"
    " (asked_at IS NULL AND closed_at IS NULL))"
)
UNDECIDED = text("SELECT (SELECT count(*) FROM receipt) - (SELECT count(*) FROM allocation_run)")


@dataclass
class Lives:
    seconds: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    backorders: list[str] = field(default_factory=list)


async def live(installation: Installation, cases: Sequence[Case]) -> Lives:
    """Seconds are from the first order to the last mail of the last delivery."""
    crowd = Crowd(installation.web)
    lives = Lives()

    async def phase(name: str, act: Callable[[], list[object] | None]) -> list[object]:
        began = time.monotonic()
        done = await asyncio.to_thread(act)
        await asyncio.to_thread(settled, installation.worker)
        lives.phases[name] = round(time.monotonic() - began, 3)
        return done or []

    began = time.monotonic()
    lives.backorders = [str(each) for each in await phase("open", lambda: crowd.each(cases, company.order))]
    lines = await asyncio.to_thread(company.lines_of, installation.worker, cases)
    await phase("answer", lambda: crowd.each(lines, company.propose, company.seen_by_supplier))
    await phase("receive", lambda: crowd.each(lines, company.receive))
    lists = await asyncio.to_thread(open_pick_lists, installation.worker)
    await phase("pick", lambda: crowd.each(lists, company.start_picking))
    shipments = await phase("ship", lambda: crowd.each(lives.backorders, company.ship))
    await phase("deliver", lambda: crowd.each([int(str(each)) for each in shipments], company.deliver))
    lives.seconds = time.monotonic() - began
    return lives


async def open_only(installation: Installation, cases: Sequence[Case]) -> list[str]:
    """The first phase alone: backorders that wait for their suppliers' answers."""
    crowd = Crowd(installation.web)
    numbers = await asyncio.to_thread(crowd.each, cases, company.order)
    await asyncio.to_thread(settled, installation.worker)
    return numbers


def settled(database: Database) -> None:
    """Return when nothing is under way. Raises TimeoutError with what is."""
    deadline = time.monotonic() + PATIENCE_S
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT set_config('app.staff', 'on', false)"))
        try:
            while (left := connection.scalar(UNDER_WAY) + connection.scalar(UNDECIDED)) > 0:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{left} things are still under way after {PATIENCE_S} s")
                time.sleep(LOOK_S)
        finally:
            connection.execute(text("RESET app.staff"))


def open_pick_lists(database: Database) -> list[str]:
    with database.connect() as connection:
        connection.execute(text("SELECT set_config('app.staff', 'on', true)"))
        return list(connection.scalars(text("SELECT number FROM pick_list WHERE status = 'open' ORDER BY id")))
