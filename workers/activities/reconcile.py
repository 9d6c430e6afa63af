"""Comparing database and engine, and putting right what differs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import uuid4

import structlog
from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.service import RPCError

from portal.services import reconcile as known
from portal.services.pruning import prune
from portal.services.reconcile import Expected
from workers.activities.running import Transactions
from workers.engine import Engine, Trouble, trouble
from workflows.contract import (
    BACKORDER_WORKFLOW,
    NOTICE_WORKFLOW,
    REPLENISHMENT_WORKFLOW,
    Message,
    ReconcileReport,
)

PAGE = 500
AT_ONCE = 16
#: Younger ones are most likely being worked on.
PATIENCE = timedelta(minutes=5)
RUNNING = (
    f"ExecutionStatus = 'Running' AND WorkflowType IN"
    f" ('{BACKORDER_WORKFLOW}', '{REPLENISHMENT_WORKFLOW}', '{NOTICE_WORKFLOW}')"
)

log = structlog.get_logger()


class Paged(Protocol):
    @property
    def row_id(self) -> int: ...


T = TypeVar("T", bound=Paged)


class ReconcileActivities:
    def __init__(self, transactions: Transactions, engine: Engine) -> None:
        self._do = transactions.run
        self._now = transactions.clock
        self._engine = engine

    @activity.defn
    async def reconcile(self) -> ReconcileReport:
        # In this order: what closes in between is no longer open, and so not taken to be missing.
        running = {each.id async for each in self._engine.client.list_workflows(RUNNING, page_size=1000)}
        backorders, nudged = await self._compare(known.open_backorders, running)
        lines, nudged_lines = await self._compare(known.open_lines, running)
        before = self._now() - PATIENCE
        report = ReconcileReport(
            backorders_restarted=backorders,
            lines_restarted=lines,
            nudged=nudged + nudged_lines,
            notices_resent=await self._resend(before, running),
            allocations_restarted=await self._allocate(before),
        )
        pruned = await asyncio.to_thread(self._do, lambda session: prune(session, self._now()))
        log.info("database and engine compared", pruned=pruned, **asdict(report))
        return report

    async def _compare(
        self, page_of: Callable[[Session, int, int], Sequence[Expected]], running: set[str]
    ) -> tuple[int, int]:
        """How many workflows were started, and how many nudged."""
        started = nudged = 0
        async for page in self._pages(page_of):
            settled = [each for each in page if not each.on_its_way]
            missing = [each for each in settled if each.workflow_id not in running]
            behind = [each.workflow_id for each in settled if each.workflow_id in running and each.behind]
            await _all(self._start(each) for each in missing)
            await _all(self._nudge(workflow_id) for workflow_id in behind)
            started += len(missing)
            nudged += len(behind)
        return started, nudged

    async def _resend(self, written_before: datetime, running: set[str]) -> int:
        """Notices go by the workflow that tells of their subject, where one runs; else by their own."""
        resent = 0
        pages = self._pages(
            lambda session, after, limit: known.unsent_notices(session, written_before, after, limit)
        )
        async for page in pages:
            owners = {each.owner_id for each in page if each.owner_id in running}
            orphans = [each.start for each in page if each.owner_id not in running]
            await _all(self._nudge(owner) for owner in owners if owner)
            await _all(self._start(each) for each in orphans if each.workflow_id not in running)
            resent += len(page)
        return resent

    async def _allocate(self, posted_before: datetime) -> int:
        started = 0
        pages = self._pages(
            lambda session, after, limit: known.undecided_allocations(session, posted_before, after, limit)
        )
        async for page in pages:
            await _all(self._start(each) for each in page)
            started += len(page)
        return started

    async def _pages(self, page_of: Callable[[Session, int, int], Sequence[T]]) -> AsyncIterator[Sequence[T]]:
        after = 0
        while True:
            page = await asyncio.to_thread(self._do, lambda session, after=after: page_of(session, after, PAGE))
            activity.heartbeat()
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1].row_id

    async def _start(self, each: Expected) -> None:
        await self._engine.start(
            each.workflow_type,
            each.workflow_id,
            each.job,
            summary=each.summary,
            attributes=each.attributes,
            again=True,
        )

    async def _nudge(self, workflow_id: str) -> None:
        try:
            await self._engine.signal(workflow_id, "nudged", Message(str(uuid4()), "reconcile"))
        except RPCError as error:
            if trouble(error) is not Trouble.NOT_RUNNING:  # it may have ended since
                raise


async def _all(steps: Iterable[Awaitable[None]]) -> None:
    """Run steps, some at a time; the first failure ends it."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one(step: Awaitable[None]) -> None:
        async with at_once:
            await step

    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(one(step))
