"""A hundred backorders are driven to their end while parts of the installation are killed at random."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import func, select

from domain.backorder import Status
from portal.models import Backorder, Notice, OutboxMessage
from tests.embedded import RunningPortal, running_portal, temporary_home
from tests.faults.company import Company
from tests.portal.services.test_races import check_invariants
from workers.supervisor import temporal
from workflows.contract import backorder_workflow_id

pytestmark = pytest.mark.faults

BACKORDERS = 100
KILLS = 30
#: Seconds of quiet between two kills, so that most work is done under way from one outage to the next.
QUIET = (0.4, 2.0)
#: Seconds after the last kill in which everything has to come to its end.
PATIENCE = 240


@pytest.fixture(scope="module")
def portal() -> Iterator[RunningPortal]:
    with temporary_home() as home, running_portal(home, PROMISELINE_ENV="development") as running:
        yield running


def kill_at_random(portal: RunningPortal, chance: random.Random) -> Counter[str]:
    """Kill one part after the other; how often each."""
    killed: Counter[str] = Counter()
    while killed.total() < KILLS:
        part = chance.choice(("web", "workers", "temporal", "postgres"))
        try:
            portal.kill(part)
        except (KeyError, ProcessLookupError):
            time.sleep(0.1)  # it is down from the last time
            continue
        killed[part] += 1
        time.sleep(chance.uniform(*QUIET))
    return killed


def mails(portal: RunningPortal) -> list[tuple[str, str]]:
    """Message-ID and recipient of every mail that arrived."""
    kept = []
    for file in (portal.settings.mail_folder / "new").iterdir():
        message = message_from_bytes(file.read_bytes(), policy=default)
        kept.append((str(message["Message-ID"]), str(message["Delivered-To"])))
    return kept


def test_thirty_kills_lose_nothing_and_double_nothing(portal: RunningPortal) -> None:
    company = Company(portal)
    company.found()
    for index in range(BACKORDERS):
        company.order(index)
    over = threading.Event()
    crews = [list(range(crew, BACKORDERS, 5)) for crew in range(5)]
    with ThreadPoolExecutor(len(crews) + 1) as pool:
        driving = [pool.submit(company.drive, crew, over) for crew in crews]
        killed = pool.submit(kill_at_random, portal, random.Random(20261121)).result()
        timer = threading.Timer(PATIENCE, over.set)
        timer.start()
        left = [index for each in driving for index in each.result()]
        timer.cancel()
    assert killed.total() == KILLS
    assert set(killed) == {"web", "workers", "temporal", "postgres"}
    assert left == []
    _come_to_rest(company)

    with company.session() as session:
        check_invariants(session)
        statuses = Counter(session.scalars(select(Backorder.status)))
        assert statuses == {Status.DELIVERED: BACKORDERS}
        undelivered = session.scalar(select(func.count()).where(OutboxMessage.delivered_at.is_(None)))
        assert undelivered == 0
        told = Counter(session.execute(select(Notice.backorder_id, Notice.kind, Notice.status)).all())
        sent = session.scalar(select(func.count()).where(Notice.status == "sent"))
        numbers = session.scalars(select(Backorder.number)).all()
        ids = session.scalars(select(Backorder.id)).all()
    for backorder_id in ids:
        for kind in ("opened", "allocated", "shipped", "delivered"):
            assert told[(backorder_id, kind, "sent")] == 1, (backorder_id, kind)
    arrived = mails(portal)
    assert len({message_id for message_id, _ in arrived}) == len(arrived) == sent
    company.engine.dispose()
    _all_workflows_ended(portal, numbers)


def _come_to_rest(company: Company) -> None:
    """Wait until no message and no notice is on its way."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with company.session() as session:
            moving = session.scalar(
                select(func.count()).where(OutboxMessage.delivered_at.is_(None))
            ) or session.scalar(select(func.count()).where(Notice.status.in_(("pending", "sending"))))
        if not moving:
            return
        time.sleep(0.2)


def _all_workflows_ended(portal: RunningPortal, numbers: Sequence[str]) -> None:
    async def look() -> list[str]:
        client = await temporal.connect(portal.settings)
        running = []
        for number in numbers:
            description = await client.get_workflow_handle(backorder_workflow_id(number)).describe()
            if description.status is not None and description.status.name != "COMPLETED":
                running.append(f"{number}: {description.status.name}")
        return running

    assert asyncio.run(look()) == []
