from __future__ import annotations

from uuid import uuid4

import pytest
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)

from domain.backorder import Status
from tests.workflows.engine import Stage, message
from workflows import policies
from workflows.contract import BACKORDER_WORKFLOW, BackorderJob


async def begin(play: Stage, **facts: object) -> tuple[str, WorkflowHandle]:
    number = f"BO-{uuid4()}"
    play.ledger.open_backorder(number, **facts)
    handle = await play.start(
        BACKORDER_WORKFLOW, BackorderJob(number, "http://portal.test"), f"backorder-{number}"
    )
    await play.until(lambda: play.ledger.backorders[number].planned)
    return number, handle


async def test_follows_a_backorder_to_its_delivery_and_tells_in_order(play: Stage) -> None:
    number, handle = await begin(play)
    for signal, status in [
        ("goods_allocated", Status.ALLOCATED),
        ("picking_started", Status.PICKING),
        ("shipped", Status.SHIPPED),
        ("delivered", Status.DELIVERED),
    ]:
        play.ledger.change(number, status=status)
        await handle.signal(signal, message())
    assert await handle.result() == Status.DELIVERED
    assert play.ledger.sent == [
        f"backorder {number}: {what}" for what in ("opened", "allocated", "picking", "shipped", "delivered")
    ]


async def test_the_same_message_again_is_no_news(play: Stage) -> None:
    number, handle = await begin(play)
    once = message()
    for _ in range(3):
        await handle.signal("supply_changed", once)
    await play.until(lambda: play.ledger.runs["settle_backorder"] == 1)
    play.ledger.change(number, status=Status.DELIVERED)
    await handle.signal("delivered", message())
    await handle.result()
    assert play.ledger.runs["settle_backorder"] == 2


async def test_messages_that_pile_up_are_taken_together(play: Stage) -> None:
    number, handle = await begin(play)
    play.ledger.database_works = False
    for _ in range(20):
        await handle.signal("supply_changed", message())
    play.ledger.database_works = True
    play.ledger.change(number, status=Status.DELIVERED)
    await handle.signal("delivered", message())
    await handle.result()
    assert play.ledger.runs["settle_backorder"] <= 3


async def test_unknown_and_malformed_messages_do_no_harm(play: Stage) -> None:
    number, handle = await begin(play)
    await handle.signal("never_heard_of", message())
    await handle.signal("shipped", "not a message")
    play.ledger.change(number, status=Status.DELIVERED)
    await handle.signal("delivered", message())
    assert await handle.result() == Status.DELIVERED


async def test_an_outage_of_the_mail_server_does_not_stop_it(play: Stage) -> None:
    play.ledger.mail_works = False
    number, handle = await begin(play)
    await play.until(lambda: play.ledger.attempts.total() > 0)
    play.ledger.change(number, status=Status.SHIPPED)
    await handle.signal("shipped", message())
    await play.until(lambda: play.ledger.backorders[number].settled == play.ledger.backorders[number].version)
    play.ledger.change(number, status=Status.DELIVERED)
    await handle.signal("delivered", message())
    await play.until(lambda: play.ledger.backorders[number].settled == play.ledger.backorders[number].version)
    assert play.ledger.sent == []
    play.ledger.mail_works = True
    assert await handle.result() == Status.DELIVERED
    assert play.ledger.sent == [f"backorder {number}: {what}" for what in ("opened", "shipped", "delivered")]


@pytest.mark.parametrize(
    "status",
    [
        Status.AWAITING_SUPPLY,
        Status.PARTIALLY_ALLOCATED,
        Status.ALLOCATED,
        Status.PICKING,
        Status.PARTIALLY_SHIPPED,
    ],
)
@pytest.mark.parametrize("way", ["message", "engine"])
async def test_is_cancelled_at_any_stage(play: Stage, status: Status, way: str) -> None:
    number, handle = await begin(play, status=status)
    backorder = play.ledger.backorders[number]
    if way == "message":
        play.ledger.change(number, cancel_reason="customer_request")
        await handle.signal("cancel_requested", message())
        assert await handle.result() == Status.CANCELLED
    else:
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
        assert backorder.cancel_reason == "operator"
    assert backorder.released == 1
    assert f"backorder {number}: cancelled" in play.ledger.sent


async def test_cancelled_by_an_operator_in_the_middle_of_a_step(play: Stage) -> None:
    number, handle = await begin(play)
    play.ledger.database_works = False
    await handle.signal("supply_changed", message())
    await handle.cancel()
    play.ledger.database_works = True
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert play.ledger.backorders[number].released == 1


async def test_what_can_not_be_cancelled_goes_on(play: Stage) -> None:
    number, handle = await begin(play, status=Status.SHIPPED, may_cancel=False)
    await handle.cancel()
    await play.until(lambda: play.ledger.runs["cancel_backorder"] == 1)
    play.ledger.change(number, status=Status.DELIVERED)
    await handle.signal("delivered", message())
    assert await handle.result() == Status.DELIVERED
    assert play.ledger.runs["cancel_backorder"] == 1


async def test_starts_over_when_its_history_is_long(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "LONGEST_HISTORY", 25)
    number, handle = await begin(play)
    first = await handle.describe()
    repeated = message()
    for step in range(12):
        play.ledger.change(number, promised_date=f"2027-02-{step + 1:02}")
        await handle.signal("supply_changed", repeated if step == 0 else message())
        await play.until(lambda: play.ledger.backorders[number].settled == play.ledger.backorders[number].version)
    now = await handle.describe()
    assert now.run_id != first.run_id
    before = play.ledger.runs.copy()
    await handle.signal("supply_changed", repeated)
    play.ledger.change(number, status=Status.DELIVERED)
    await handle.signal("delivered", message())
    assert await handle.result() == Status.DELIVERED
    assert play.ledger.runs["settle_backorder"] - before["settle_backorder"] == 1
    assert play.ledger.sent.count(f"backorder {number}: opened") == 1


async def test_a_backorder_that_the_database_does_not_know_fails_visibly(play: Stage) -> None:
    handle = await play.start(BACKORDER_WORKFLOW, BackorderJob("BO-none"), f"backorder-{uuid4()}")
    with pytest.raises(WorkflowFailureError):
        await handle.result()


async def test_operators_may_have_it_look_again_while_it_lives(play: Stage) -> None:
    number, handle = await begin(play)
    await handle.signal("supply_changed", message())
    await play.until(lambda: play.ledger.runs["settle_backorder"] == 1)
    play.ledger.change(number, promised_date="2027-03-01")
    assert await handle.execute_update("look_again") == "looking"
    await play.until(lambda: play.ledger.backorders[number].settled == play.ledger.backorders[number].version)
    play.ledger.mail_works = False
    play.ledger.change(number, status=Status.DELIVERED)
    await handle.signal("delivered", message())
    await play.until(lambda: play.ledger.attempts[play.ledger.notice(f"backorder {number}: delivered")] > 0)
    with pytest.raises(WorkflowUpdateFailedError):
        await handle.execute_update("look_again")
    play.ledger.mail_works = True
    await handle.result()


async def test_operators_see_what_it_waits_for(play: Stage) -> None:
    number, handle = await begin(play)
    await handle.signal("supply_changed", message("PO-1/1"))
    await play.until(lambda: play.ledger.runs["settle_backorder"] == 1)
    details = await handle.query("__temporal_workflow_metadata")
    text = details.current_details
    for expected in (
        "awaiting supply",
        "supplier: goods of PO-1 line 1",
        "2027-01-05 (confirmed)",
        "supply changed PO-1/1",
        f"http://portal.test/backorders/{number}",
    ):
        assert expected in text
    found = (await handle.describe()).typed_search_attributes
    shown = {pair.key.name: pair.value for pair in found}
    assert shown["PlStage"] == "awaiting_supply"
    assert shown["PlWaitingOn"] == "supplier"
    assert shown["PlCustomer"] == "C-1"
    assert shown["PlEta"].isoformat() == "2027-01-05T00:00:00+00:00"
    await handle.terminate()
