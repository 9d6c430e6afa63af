from __future__ import annotations

from uuid import uuid4

from tests.workflows.engine import Stage
from workflows.contract import (
    ALLOCATION_WORKFLOW,
    NOTICE_WORKFLOW,
    RECONCILE_WORKFLOW,
    AllocationJob,
    NoticeJob,
)


async def test_an_allocation_run_decides_and_shows_who_got_what(play: Stage) -> None:
    job = AllocationJob("receipt-RC-1", "SKU-1", "W-1")
    handle = await play.start(ALLOCATION_WORKFLOW, job, f"allocate-{uuid4()}", result_type=dict)
    assert await handle.result() == {"key": job.key, "allocated": "4", "left": "0", "backorders": ["BO-1"]}
    details = (await handle.query("__temporal_workflow_metadata")).current_details
    assert "Gave out 4 of SKU-1" in details
    shown = {pair.key.name: pair.value for pair in (await handle.describe()).typed_search_attributes}
    assert shown["PlStage"] == "allocated"


async def test_a_notice_of_its_own_is_sent(play: Stage) -> None:
    play.ledger.tell("account", "invitation")
    handle = await play.start(NOTICE_WORKFLOW, NoticeJob(1), f"notice-{uuid4()}")
    assert await handle.result() == "sent"
    assert play.ledger.sent == ["account: invitation"]


async def test_reconciliation_reports_what_it_did(play: Stage) -> None:
    client = play.environment.client
    report = await client.execute_workflow(RECONCILE_WORKFLOW, id=f"reconcile-{uuid4()}", task_queue=play.queue)
    assert report["nudged"] == 1
