from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest_asyncio
from sqlalchemy import delete, update
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import ActivityEnvironment

from portal.models import Backorder, Notice, OutboxMessage
from portal.services.outbox import post_start
from portal.services.transaction import Context
from tests.builders import make_company, order
from tests.conftest import NOW, Database
from tests.embedded import TemporalServer
from tests.workers.engine_room import Room, engine_room
from workers.activities.reconcile import ReconcileActivities
from workers.activities.running import Transactions
from workflows.contract import ALLOCATION_WORKFLOW, AllocationJob, ReconcileReport, allocation_workflow_id


@pytest_asyncio.fixture
async def room(database: Database, temporal_server: TemporalServer) -> AsyncIterator[Room]:
    async with engine_room(database, temporal_server.address) as made:
        yield made


async def reconcile(room: Room, now: datetime = NOW) -> ReconcileReport:
    activities = ReconcileActivities(Transactions(room.database.worker, lambda: now), room.engine)
    return await ActivityEnvironment().run(activities.reconcile)


def open_one(room: Room, who: Callable[..., Context]) -> str:
    with room.database.session() as session:
        make_company(session)
        return order(session, who()).number


async def status(room: Room, workflow_id: str) -> WorkflowExecutionStatus | None:
    return (await room.client.get_workflow_handle(workflow_id).describe()).status


async def listed(room: Room, *workflow_ids: str) -> None:
    """Wait until the engine's lists know of a workflow that it has started."""
    for workflow_id in workflow_ids:
        while not [each async for each in room.client.list_workflows(f"WorkflowId = '{workflow_id}'")]:
            pass


async def test_an_engine_that_lost_everything_is_filled_from_the_database(
    room: Room, who: Callable[..., Context]
) -> None:
    number = open_one(room, who)
    room.post(lambda session: session.execute(delete(OutboxMessage)))  # delivered, pruned, and then lost
    report = await reconcile(room)
    assert (report.backorders_restarted, report.lines_restarted) == (1, 1)
    assert await status(room, f"backorder-{number}") is WorkflowExecutionStatus.RUNNING
    with room.database.session() as session:
        line = session.query(Backorder).one()
        assert line.number == number


async def test_what_is_on_its_way_is_left_to_the_relay(room: Room, who: Callable[..., Context]) -> None:
    open_one(room, who)
    report = await reconcile(room)
    assert report == ReconcileReport()


async def test_a_workflow_that_missed_a_change_is_nudged_once(room: Room, who: Callable[..., Context]) -> None:
    number = open_one(room, who)
    async with room.relaying():
        messages = await room.delivered()
    await listed(room, *(each.workflow_id for each in messages if each.op == "start"))
    before = await reconcile(room)
    room.post(lambda session: session.execute(update(Backorder).values(version=Backorder.version + 1)))
    report = await reconcile(room)
    assert report.nudged == before.nudged + 1
    assert report.backorders_restarted == 0
    assert (await room.signals(f"backorder-{number}"))[-1] == "nudged"


async def test_notices_that_nobody_sends_get_a_workflow_of_their_own(
    room: Room, who: Callable[..., Context]
) -> None:
    open_one(room, who)
    room.post(lambda session: session.execute(delete(OutboxMessage)))
    room.post(lambda session: session.execute(update(Backorder).values(closed_at=NOW)))

    def unsent(session: object) -> None:
        session.add(Notice(dedupe_key="x", kind="invitation", recipient="a@b.example", facts={}, created_at=NOW))

    room.post(unsent)
    with room.database.session() as session:
        notice_id = session.query(Notice.id).filter_by(dedupe_key="x").scalar()
    assert (await reconcile(room)).notices_resent == 0
    report = await reconcile(room, NOW + timedelta(minutes=10))
    assert report.notices_resent == 1
    assert await status(room, f"notice-{notice_id}") is WorkflowExecutionStatus.RUNNING


async def test_an_allocation_that_was_lost_before_it_decided_is_started_again(
    room: Room, who: Callable[..., Context]
) -> None:
    with room.database.session() as session:
        make_company(session)
    job = AllocationJob(f"receipt-{uuid4()}", "WIDGET", "MAIN")
    async with room.relaying():
        room.post(lambda session: post_start(session, ALLOCATION_WORKFLOW, allocation_workflow_id(job.key), job))
        await room.delivered()
    await room.client.get_workflow_handle(allocation_workflow_id(job.key)).terminate()
    with room.database.session() as session:
        delivered_at = session.query(OutboxMessage.delivered_at).scalar()
    assert (await reconcile(room, delivered_at)).allocations_restarted == 0
    report = await reconcile(room, delivered_at + timedelta(minutes=10))
    assert report.allocations_restarted == 1
    assert await status(room, allocation_workflow_id(job.key)) is WorkflowExecutionStatus.RUNNING
