"""Messages may come never, once, twice or three times, in any order; the end is the same."""

from __future__ import annotations

import random
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from domain.backorder import Status
from domain.replenishment import LineStatus
from tests.workflows.engine import Stage, message
from workflows.contract import BACKORDER_WORKFLOW, REPLENISHMENT_WORKFLOW, BackorderJob, LineJob, Message

STORY = [
    ("supply_changed", {"promised_date": "2027-01-12"}),
    ("supply_changed", {"promised_date": "2027-01-19"}),
    ("goods_allocated", {"status": Status.ALLOCATED}),
    ("allocation_released", {"status": Status.AWAITING_SUPPLY}),
    ("goods_allocated", {"status": Status.ALLOCATED}),
    ("picking_started", {"status": Status.PICKING}),
    ("shipped", {"status": Status.SHIPPED}),
]
ENDS = [("delivered", {"status": Status.DELIVERED}), ("cancel_requested", {"cancel_reason": "customer_request"})]
SEEDS = range(12)


def shuffled(seed: int, names: list[str]) -> list[tuple[str, Message]]:
    """Each message 0 to 3 times, all in random order, then the nudge that reconciliation would give."""
    chance = random.Random(seed)
    deliveries = []
    for name in names:
        deliveries += [(name, message())] * chance.randint(0, 3)
    chance.shuffle(deliveries)
    return [*deliveries, ("nudged", message())]


async def _deliver(handle: WorkflowHandle, name: str, each: Message) -> None:
    try:
        await handle.signal(name, each)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # it has read the end already
            raise


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_backorder_ends_the_same(play: Stage, seed: int) -> None:
    chance = random.Random(-seed)
    number = f"BO-{uuid4()}"
    backorder = play.ledger.open_backorder(number)
    handle = await play.start(BACKORDER_WORKFLOW, BackorderJob(number), f"backorder-{number}")
    end = ENDS[seed % 2]
    facts = [*STORY, end]
    deliveries = shuffled(seed, [name for name, _ in facts])
    # facts happen in their order, at random moments between the messages, and all before the nudge
    moments = sorted(chance.randrange(len(deliveries)) for _ in facts)
    for moment, (name, each) in enumerate(deliveries):
        for at, (_, change) in zip(moments, facts, strict=True):
            if at == moment:
                play.ledger.change(number, **change)
        await _deliver(handle, name, each)
    await handle.result()
    assert backorder.status == (Status.CANCELLED if seed % 2 else Status.DELIVERED)
    assert backorder.released == seed % 2
    assert len(play.ledger.sent) == len(set(play.ledger.sent)) == len(play.ledger.notices)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_line_ends_the_same(play: Stage, seed: int) -> None:
    number = f"PO-{uuid4()}"
    line = play.ledger.open_line(number, 1)
    handle = await play.start(REPLENISHMENT_WORKFLOW, LineJob(number, 1), f"replenish-{number}-1")
    await play.until(lambda: line.asked_at is not None)
    line.status, line.due_date = LineStatus.CONFIRMED, "2027-01-10"
    messages = shuffled(seed, ["answered", "decided", "changed", "received"])
    half = len(messages) // 2
    for name, each in messages[:half]:
        await _deliver(handle, name, each)
    line.status = LineStatus.RECEIVED
    for name, each in messages[half:]:
        await _deliver(handle, name, each)
    assert await handle.result() == LineStatus.RECEIVED
    assert line.climbed == 0
    assert play.ledger.sent == [f"line {number}: asked"]
