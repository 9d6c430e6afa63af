"""The floor: empty workflows that ask of the engine exactly what the real ones ask.

The same starts, signals, activities, timers and search attributes, with payloads of the same size, and
nothing in between: no rules, no database, no mail. What the real ones take more is our own doing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import SearchAttributeUpdate

from workflows.contract import (
    AllocationJob,
    AllocationView,
    BackorderJob,
    BackorderView,
    LineJob,
    LineRef,
    LineView,
    Message,
    notify_queue,
)
from workflows.policies import ALLOCATION as ALLOCATING
from workflows.policies import MAIL, PATIENT, SENDING, SENDING_IN_ALL, TRANSACTION
from workflows.steps import quick_transaction, transaction
from workflows.visibility import KEYS

BACKORDER, LINE, ALLOCATION, ECHO = "FloorBackorder", "FloorLine", "FloorAllocation", "FloorEcho"
FAR = timedelta(days=20)
DAY = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Turn:
    """What a workflow does at one piece of news, after its step."""

    attributes: dict[str, Any]
    notice: bool = False
    timer: bool = False
    last: bool = False


BACKORDER_TURNS = {
    "opened": Turn(
        {
            "PlStage": "awaiting_supply",
            "PlWaitingOn": "supplier",
            "PlSupplier": "S001",
            "PlCustomer": "A-C0001",
            "PlSku": "A-P0001",
            "PlWarehouse": "MAIN",
            "PlPriority": 50,
            "PlNextDueAt": DAY,
            "PlEta": DAY,
        },
        notice=True,
        timer=True,
    ),
    "supply_changed": Turn(
        {"PlNextDueAt": DAY + timedelta(days=1), "PlEta": DAY + timedelta(days=1)}, notice=True, timer=True
    ),
    "goods_allocated": Turn(
        {"PlStage": "allocated", "PlWaitingOn": "warehouse", "PlSupplier": None, "PlNextDueAt": DAY, "PlEta": DAY},
        notice=True,
        timer=True,
    ),
    "picking_started": Turn({"PlStage": "picking"}),
    "shipped": Turn({"PlStage": "shipped", "PlWaitingOn": "carrier"}, notice=True),
    "delivered": Turn(
        {"PlStage": "delivered", "PlWaitingOn": "nobody", "PlNextDueAt": None}, notice=True, last=True
    ),
}
LINE_TURNS = {
    "opened": Turn(
        {
            "PlStage": "awaiting_supplier",
            "PlWaitingOn": "supplier",
            "PlSupplier": "S001",
            "PlSku": "A-P0001",
            "PlWarehouse": "MAIN",
            "PlNextDueAt": DAY,
            "PlEta": DAY,
            "PlReminders": 0,
            "PlEscalated": False,
        },
        notice=True,
        timer=True,
    ),
    "answered": Turn({"PlStage": "confirmed", "PlNextDueAt": DAY + timedelta(days=1), "PlEta": None}, timer=True),
    "received": Turn({"PlStage": "received", "PlWaitingOn": "nobody", "PlNextDueAt": None}, last=True),
}


@activity.defn
def floor_backorder_step(number: str) -> BackorderView:
    raise NotImplementedError(number)


@activity.defn
def floor_line_step(line: LineRef) -> LineView:
    raise NotImplementedError(line)


@activity.defn
def floor_allocation_step(job: AllocationJob) -> AllocationView:
    raise NotImplementedError(job)


@activity.defn
def floor_notice(notice_id: int) -> str:
    raise NotImplementedError(notice_id)


class Turns:
    """The loop that both long-lived workflows share."""

    def __init__(self) -> None:
        self.news: deque[str] = deque()
        self._timer: asyncio.Task[None] | None = None
        self._notices: list[asyncio.Task[str]] = []

    async def run(self, turns: dict[str, Turn], step: Any, argument: Any) -> None:
        self.news.appendleft("opened")
        run_step, last = transaction, False
        while not last:
            await workflow.wait_condition(lambda: bool(self.news))
            turn = turns[self.news.popleft()]
            last = turn.last
            await run_step(step, argument)
            run_step = quick_transaction  # as the real ones: the first step is an activity of its own
            publish(turn.attributes)
            if turn.notice:
                self._notices.append(asyncio.create_task(tell()))
            if turn.timer:
                self._set_timer()
        await asyncio.gather(*self._notices)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.create_task(workflow.sleep(FAR, summary="look at the promised date"))


async def tell() -> str:
    return await workflow.execute_activity(
        floor_notice,
        1_000,
        task_queue=notify_queue(workflow.info().task_queue),
        start_to_close_timeout=SENDING,
        schedule_to_close_timeout=SENDING_IN_ALL,
        retry_policy=MAIL,
    )


def publish(attributes: dict[str, Any]) -> None:
    updates: list[SearchAttributeUpdate[Any]] = [
        KEYS[name].value_unset() if value is None else KEYS[name].value_set(value)
        for name, value in attributes.items()
    ]
    workflow.upsert_search_attributes(updates)


@workflow.defn(name=BACKORDER)
class FloorBackorder:
    @workflow.init
    def __init__(self, job: BackorderJob) -> None:
        self._turns = Turns()

    @workflow.run
    async def run(self, job: BackorderJob) -> str:
        await self._turns.run(BACKORDER_TURNS, floor_backorder_step, job.number)
        return "delivered"

    @workflow.signal
    def supply_changed(self, message: Message) -> None:
        self._turns.news.append("supply_changed")

    @workflow.signal
    def goods_allocated(self, message: Message) -> None:
        self._turns.news.append("goods_allocated")

    @workflow.signal
    def picking_started(self, message: Message) -> None:
        self._turns.news.append("picking_started")

    @workflow.signal
    def shipped(self, message: Message) -> None:
        self._turns.news.append("shipped")

    @workflow.signal
    def delivered(self, message: Message) -> None:
        self._turns.news.append("delivered")


@workflow.defn(name=LINE)
class FloorLine:
    @workflow.init
    def __init__(self, job: LineJob) -> None:
        self._turns = Turns()

    @workflow.run
    async def run(self, job: LineJob) -> str:
        await self._turns.run(LINE_TURNS, floor_line_step, LineRef(job.po_number, job.line_number))
        return "received"

    @workflow.signal
    def answered(self, message: Message) -> None:
        self._turns.news.append("answered")

    @workflow.signal
    def received(self, message: Message) -> None:
        self._turns.news.append("received")


@workflow.defn(name=ALLOCATION)
class FloorAllocation:
    @workflow.run
    async def run(self, job: AllocationJob) -> AllocationView:
        publish({"PlStage": "allocating", "PlSku": job.sku, "PlWarehouse": job.warehouse_code})
        done = await transaction(floor_allocation_step, job, ALLOCATING)
        publish({"PlStage": "allocated"})
        return done


@workflow.defn(name=ECHO)
class FloorEcho:
    """The shortest way through the engine and back: a signal, and an activity that does nothing."""

    @workflow.init
    def __init__(self, job: BackorderJob) -> None:
        self._unread = 0

    @workflow.run
    async def run(self, job: BackorderJob) -> None:
        while True:
            await workflow.wait_condition(lambda: self._unread > 0)
            self._unread -= 1
            await workflow.execute_activity(
                floor_backorder_step,
                job.number,
                start_to_close_timeout=TRANSACTION,
                retry_policy=PATIENT,
            )

    @workflow.signal
    def knock(self, message: Message) -> None:
        self._unread += 1
