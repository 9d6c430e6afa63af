"""Records histories of typical lives: `python -m tests.workflows.record`.

Every later version of the workflows has to be able to go on from each of them, so old files stay when
new ones are recorded: each gets the day of its recording in its name. Record anew, beside the old ones,
when a workflow learns something.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowFailureError, WorkflowHandle

from domain.backorder import Status
from domain.replenishment import LineStatus
from tests.workflows.engine import Stage, message, stage, virtual_time
from workers import process
from workflows.contract import (
    ALLOCATION_WORKFLOW,
    BACKORDER_WORKFLOW,
    NOTICE_WORKFLOW,
    RECONCILE_WORKFLOW,
    REPLENISHMENT_WORKFLOW,
    AllocationJob,
    BackorderJob,
    LineJob,
    NoticeJob,
)

HISTORIES = Path(__file__).resolve().parent.parent / "histories"
PORTAL = "http://portal.test"

Handle = WorkflowHandle[Any, Any]


async def _backorder(play: Stage, number: str) -> Handle:
    play.ledger.open_backorder(number)
    handle = await play.start(BACKORDER_WORKFLOW, BackorderJob(number, PORTAL), f"backorder-{number}")
    await play.until(lambda: play.ledger.backorders[number].planned)
    return handle


async def backorder_delivered(play: Stage) -> Handle:
    handle = await _backorder(play, "BO-1")
    for signal, facts in [
        ("supply_changed", {"promised_date": "2027-01-12"}),
        ("goods_allocated", {"status": Status.ALLOCATED}),
        ("picking_started", {"status": Status.PICKING}),
        ("shipped", {"status": Status.SHIPPED}),
    ]:
        play.ledger.change("BO-1", **facts)
        await handle.signal(signal, message())
        await play.until(lambda: play.ledger.backorders["BO-1"].settled == play.ledger.backorders["BO-1"].version)
    play.ledger.change("BO-1", status=Status.DELIVERED)
    await handle.signal("delivered", message())
    await handle.result()
    return handle


async def backorder_cancelled_in_the_portal(play: Stage) -> Handle:
    handle = await _backorder(play, "BO-2")
    play.ledger.change("BO-2", cancel_reason="customer_request")
    await handle.signal("cancel_requested", message())
    await handle.result()
    return handle


async def backorder_cancelled_by_an_operator(play: Stage) -> Handle:
    handle = await _backorder(play, "BO-3")
    await handle.cancel()
    try:
        await handle.result()
    except WorkflowFailureError:
        return handle
    raise AssertionError("it was to be cancelled")


async def backorder_looked_at_again(play: Stage) -> Handle:
    handle = await _backorder(play, "BO-4")
    await handle.signal("supply_changed", message())
    await play.until(lambda: play.ledger.runs["settle_backorder"] == 1)
    await handle.execute_update("look_again")
    await play.until(lambda: play.ledger.runs["settle_backorder"] == 2)
    return handle


async def line_reminded_answered_received(play: Stage) -> Handle:
    line = play.ledger.open_line("PO-1", 1)
    handle = await play.start(REPLENISHMENT_WORKFLOW, LineJob("PO-1", 1, PORTAL), "replenish-PO-1-1")
    await play.until(lambda: line.asked_at is not None)
    await play.pass_time(handle, timedelta(days=1.1))
    await play.until(lambda: line.climbed == 1)
    line.status, line.due_date = LineStatus.CONFIRMED, "2027-01-10"
    await handle.signal("answered", message())
    await play.until(lambda: play.ledger.runs["settle_line"] == 1)
    line.status = LineStatus.RECEIVED
    await handle.signal("received", message())
    await handle.result()
    return handle


async def allocation_run(play: Stage) -> Handle:
    job = AllocationJob("receipt-RC-1", "SKU-1", "W-1", "PO-1", 1)
    handle = await play.start(ALLOCATION_WORKFLOW, job, "allocate-receipt-RC-1")
    await handle.result()
    return handle


async def notice_sent(play: Stage) -> Handle:
    play.ledger.tell("account", "invitation")
    handle = await play.start(NOTICE_WORKFLOW, NoticeJob(1), "notice-1")
    await handle.result()
    return handle


async def reconciled(play: Stage) -> Handle:
    client = play.environment.client
    handle = await client.start_workflow(RECONCILE_WORKFLOW, id="reconcile", task_queue=play.queue)
    await handle.result()
    return handle


SCENARIOS: tuple[Callable[[Stage], Awaitable[Handle]], ...] = (
    backorder_delivered,
    backorder_cancelled_in_the_portal,
    backorder_cancelled_by_an_operator,
    backorder_looked_at_again,
    line_reminded_answered_received,
    allocation_run,
    notice_sent,
    reconciled,
)


def scrubbed(value: Any) -> Any:
    """Without what tells of the machine that recorded it: workers name themselves process@machine."""
    if isinstance(value, dict):
        return {key: scrubbed(each) for key, each in value.items() if key != "stackTrace"}
    if isinstance(value, list):
        return [scrubbed(each) for each in value]
    return "recorded" if isinstance(value, str) and "@" in value else value


async def record() -> None:
    today = datetime.now(UTC).date().isoformat()
    async with virtual_time(tempfile.mkdtemp()) as environment:
        for scenario in SCENARIOS:
            async with stage(environment) as play:
                handle = await scenario(play)
                history = await handle.fetch_history()
                saved = {"workflow_id": handle.id, "history": scrubbed(json.loads(history.to_json()))}
                path = HISTORIES / f"{scenario.__name__}.{today}.json"
                path.write_text(json.dumps(saved, indent=1) + "\n")


if __name__ == "__main__":
    asyncio.run(record())
    process.finish(0)
