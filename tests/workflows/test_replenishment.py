from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError

from domain.replenishment import LineStatus
from tests.workflows.engine import Stage, message
from tests.workflows.ledger import LineFacts
from workflows import policies
from workflows.contract import REPLENISHMENT_WORKFLOW, LineJob


async def begin(play: Stage, **facts: object) -> tuple[LineFacts, WorkflowHandle]:
    number = f"PO-{uuid4()}"
    line = play.ledger.open_line(number, 1, **facts)
    handle = await play.start(
        REPLENISHMENT_WORKFLOW, LineJob(number, 1, "http://portal.test"), f"replenish-{number}-1"
    )
    await play.until(lambda: line.asked_at is not None)
    return line, handle


def said(play: Stage, line: LineFacts) -> list[str]:
    return sorted(text.rpartition(": ")[2] for text in play.ledger.sent if line.po_number in text)


async def test_reminds_by_the_ladder_over_days_until_it_ends(play: Stage) -> None:
    line, handle = await begin(play)
    for day, climbed in [(1.1, 1), (1, 2), (1, 3), (1, 3), (1, 4), (10, 4)]:
        await play.pass_time(handle, timedelta(days=day))
        await play.until(lambda climbed=climbed: line.climbed == climbed)
    line.status = LineStatus.CANCELLED
    await handle.signal("cancelled", message())
    await handle.result()
    assert said(play, line) == ["asked", "reminded 1", "reminded 2", "reminded 3", "reminded 4"]
    assert play.ledger.runs["climb_ladder"] == 4


async def test_steps_missed_while_workers_were_down_are_taken_at_once(play: Stage) -> None:
    line, handle = await begin(play)
    await play.pass_time(handle, timedelta(days=4))
    await play.until(lambda: line.climbed == 3)
    await handle.terminate()


async def test_an_answer_stops_the_reminders(play: Stage) -> None:
    line, handle = await begin(play)
    await play.pass_time(handle, timedelta(days=1.1))
    await play.until(lambda: line.climbed == 1)
    line.status = LineStatus.CONFIRMED
    await handle.signal("answered", message())
    await play.until(lambda: play.ledger.runs["settle_line"] == 1)
    await play.pass_time(handle, timedelta(days=30))
    assert line.climbed == 1
    line.status = LineStatus.RECEIVED
    await handle.signal("received", message())
    assert await handle.result() == LineStatus.RECEIVED
    assert said(play, line) == ["asked", "reminded 1"]


async def test_one_who_can_not_be_reached_does_not_hold_up_the_others(play: Stage) -> None:
    play.ledger.mail_works = False
    line, handle = await begin(play)
    asked = play.ledger.notice(f"line {line.po_number}: asked")
    await play.until(lambda: play.ledger.attempts[asked] > 0)
    play.ledger.tell(f"line {line.po_number}", "escalated")
    await handle.signal("changed", message())
    await play.until(lambda: play.ledger.attempts[play.ledger.notice(f"line {line.po_number}: escalated")] > 0)
    assert play.ledger.sent == []
    await handle.terminate()


async def test_cancelling_it_in_the_engine_is_refused_in_words(play: Stage) -> None:
    line, handle = await begin(play)
    await handle.signal("changed", message())
    await play.until(lambda: play.ledger.runs["settle_line"] == 1)
    await handle.cancel()
    await handle.signal("changed", message())
    await play.until(lambda: play.ledger.runs["settle_line"] == 2)
    details = (await handle.query("__temporal_workflow_metadata")).current_details
    assert "cancelled in the portal, not here" in details
    assert f"http://portal.test/purchase-orders/{line.po_number}/1" in details
    line.status = LineStatus.CANCELLED
    await handle.signal("cancelled", message())
    assert await handle.result() == LineStatus.CANCELLED


async def test_starts_over_when_its_history_is_long(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "LONGEST_HISTORY", 25)
    line, handle = await begin(play)
    first = (await handle.describe()).run_id
    for turn in range(1, 8):
        await handle.signal("changed", message())
        await play.until(
            lambda turn=turn: play.ledger.runs["settle_line"] + play.ledger.runs["ask_supplier"] > turn
        )
    assert (await handle.describe()).run_id != first
    line.status = LineStatus.RECEIVED
    await handle.signal("received", message())
    assert await handle.result() == LineStatus.RECEIVED
    assert said(play, line) == ["asked"]


async def test_operators_may_have_it_look_again(play: Stage) -> None:
    line, handle = await begin(play)
    await handle.signal("changed", message())
    await play.until(lambda: play.ledger.runs["settle_line"] == 1)
    line.due_date = "2027-03-01"
    assert await handle.execute_update("look_again") == "looking"
    await play.until(lambda: play.ledger.runs["settle_line"] == 2)
    play.ledger.mail_works = False
    play.ledger.tell(f"line {line.po_number}", "closed")
    line.status = LineStatus.RECEIVED
    await handle.signal("received", message())
    await play.until(lambda: play.ledger.attempts[play.ledger.notice(f"line {line.po_number}: closed")] > 0)
    with pytest.raises(WorkflowUpdateFailedError):
        await handle.execute_update("look_again")
    play.ledger.mail_works = True
    await handle.result()
