from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import select
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from domain.errors import Conflict, NotFound, RuleViolation
from portal.models import AuditEvent, OutboxMessage
from portal.services import dead_letters
from portal.services.outbox import post_signal, post_start
from portal.services.transaction import Context
from tests.builders import make_company, order
from tests.conftest import Database
from tests.embedded import TemporalServer
from tests.workers.engine_room import PORTAL, Room, engine_room
from workflows.contract import BACKORDER_WORKFLOW, BackorderJob


@pytest_asyncio.fixture
async def room(database: Database, temporal_server: TemporalServer) -> AsyncIterator[Room]:
    async with engine_room(database, temporal_server.address) as made:
        yield made


def fresh() -> tuple[str, BackorderJob]:
    number = f"BO-{uuid4()}"
    return f"backorder-{number}", BackorderJob(number)


async def test_delivers_in_order_for_each_workflow_however_many_there_are(room: Room) -> None:
    names = ["supply_changed", "goods_allocated", "picking_started", "shipped"]
    jobs = [fresh() for _ in range(40)]
    async with room.relaying(relays=2):
        room.post(lambda session: [post_start(session, BACKORDER_WORKFLOW, *each, "SKU-1 · 4") for each in jobs])
        for name in names:
            room.post(lambda session, name=name: [post_signal(session, each, name) for each, _ in jobs])
        found = await room.delivered()
    assert len(found) == len(jobs) * 5
    assert {(each.attempts, each.resolution) for each in found} == {(1, None)}
    for workflow_id, _ in jobs:
        assert await room.signals(workflow_id) == names


async def test_a_start_carries_what_operators_see(room: Room) -> None:
    workflow_id, job = fresh()
    attributes = {"PlStage": "awaiting_supply", "PlPriority": 2, "PlEta": "2027-01-05T00:00:00+00:00"}
    async with room.relaying():
        room.post(lambda session: post_start(session, BACKORDER_WORKFLOW, workflow_id, job, "é" * 150, attributes))
        await room.delivered()
    told = await room.client.get_workflow_handle(workflow_id).describe()
    assert await told.static_summary() == "é" * 100
    shown = {pair.key.name: pair.value for pair in told.typed_search_attributes}
    assert shown["PlStage"] == "awaiting_supply"
    assert shown["PlPriority"] == 2
    assert shown["PlEta"].year == 2027
    history = await room.client.get_workflow_handle(workflow_id).fetch_history()
    payload = history.events[0].workflow_execution_started_event_attributes.input.payloads[0]
    assert PORTAL.encode() in payload.data


async def test_the_same_start_again_starts_nothing(room: Room) -> None:
    workflow_id, job = fresh()
    async with room.relaying():
        room.post(lambda session: post_start(session, BACKORDER_WORKFLOW, workflow_id, job))
        await room.delivered()
        first = await room.client.get_workflow_handle(workflow_id).describe()
        room.post(lambda session: post_start(session, BACKORDER_WORKFLOW, workflow_id, job))
        await room.delivered()
        await room.client.get_workflow_handle(workflow_id).terminate()
        room.post(lambda session: post_start(session, BACKORDER_WORKFLOW, workflow_id, job))
        await room.delivered()
    now = await room.client.get_workflow_handle(workflow_id).describe()
    assert now.run_id == first.run_id
    assert now.status is WorkflowExecutionStatus.TERMINATED


async def test_waits_out_an_engine_that_is_down_without_counting_it(room: Room) -> None:
    jobs = [fresh() for _ in range(5)]
    async with room.relaying():
        room.post(lambda session: post_start(session, BACKORDER_WORKFLOW, *jobs[0]))
        await room.delivered()
        await room.wire.cut()
        for each in jobs[1:]:
            room.post(lambda session, each=each: post_start(session, BACKORDER_WORKFLOW, *each))
        with pytest.raises((RPCError, RuntimeError)):
            await room.client.get_workflow_handle(jobs[0][0]).describe()
        waiting = [each for each in room.messages() if each.delivered_at is None]
        assert len(waiting) == 4
        await room.wire.join()
        found = await room.delivered()
    assert {each.attempts for each in found} == {1}


async def test_a_relay_that_ends_in_the_middle_loses_nothing(room: Room) -> None:
    jobs = [fresh() for _ in range(30)]
    room.post(lambda session: [post_start(session, BACKORDER_WORKFLOW, *each) for each in jobs])
    async with room.relaying():
        await room.until(lambda found: any(each.delivered_at for each in found))
    async with room.relaying():
        await room.delivered()
    for workflow_id, _ in jobs:
        told = await room.client.get_workflow_handle(workflow_id).describe()
        assert told.status is WorkflowExecutionStatus.RUNNING


async def test_a_refused_message_holds_back_its_own_workflow_only(room: Room, who: Callable[..., Context]) -> None:
    (refused, refused_job), (fine, fine_job) = fresh(), fresh()

    def write(session: object) -> None:
        post_start(session, BACKORDER_WORKFLOW, refused, refused_job, attributes={"PlStage": "x" * 3_000_000})
        post_signal(session, refused, "supply_changed")
        post_start(session, BACKORDER_WORKFLOW, fine, fine_job)
        post_signal(session, fine, "supply_changed")

    async with room.relaying():
        room.post(write)
        found = await room.until(lambda found: found[0].dead_at is not None and found[3].delivered_at is not None)
        dead = found[0]
        assert dead.last_error
        assert found[1].delivered_at is None
        with room.database.session() as session:
            assert dead_letters.held_back(session, dead) == 1
            with pytest.raises(RuleViolation):
                dead_letters.discard(session, who(), dead.id, "  ")
            dead_letters.retry(session, who(), dead.id, "perhaps now")
        found = await room.until(lambda found: found[0].dead_at is not None)
        with room.database.session() as session:
            dead_letters.discard(session, who(), dead.id, "nobody needs it")
            with pytest.raises(Conflict):
                dead_letters.discard(session, who(), dead.id, "again")
            with pytest.raises(NotFound):
                dead_letters.retry(session, who(), 999_999, "no such")
            actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
        found = await room.delivered()
    assert actions == ["outbox.retried", "outbox.discarded"]
    assert found[0].resolution == "discarded: nobody needs it (Bea Buyer)"
    assert found[1].resolution == "stale"


async def test_a_message_that_nobody_could_have_written_is_a_dead_letter(room: Room) -> None:
    def write(session: object) -> None:
        session.add(
            OutboxMessage(message_id=str(uuid4()), workflow_id="x-1", op="start", name="Nothing", payload={})
        )

    async with room.relaying():
        room.post(write)
        found = await room.until(lambda found: found[0].dead_at is not None)
    assert "job" in found[0].last_error


async def test_a_signal_for_what_has_ended_is_stale(room: Room) -> None:
    async with room.relaying():
        room.post(lambda session: post_signal(session, "backorder-BO-0", "shipped"))
        room.post(lambda session: post_signal(session, "replenish-PO-0-1", "answered"))
        room.post(lambda session: post_signal(session, "allocate-x", "nudged"))
        found = await room.delivered()
    assert [each.resolution for each in found] == ["stale"] * 3


async def test_what_the_engine_lost_is_started_from_the_database(room: Room, who: Callable[..., Context]) -> None:
    with room.database.session() as session:
        make_company(session)
        backorder = order(session, who())
        workflow_id = backorder.workflow_id
    async with room.relaying():
        await room.delivered()
        await room.client.get_workflow_handle(workflow_id).terminate()
        room.post(lambda session: post_signal(session, workflow_id, "supply_changed"))
        found = await room.delivered()
    assert found[-1].resolution == "restarted"
    told = await room.client.get_workflow_handle(workflow_id).describe()
    assert told.status is WorkflowExecutionStatus.RUNNING


async def test_messages_written_while_nobody_relays_are_found(room: Room) -> None:
    room.post(lambda session: post_start(session, BACKORDER_WORKFLOW, *fresh()))
    async with room.relaying():
        found = await room.delivered()
    assert [each.last_error for each in found] == [None]
