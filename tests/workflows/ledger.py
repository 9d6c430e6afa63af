"""Stands in for the database in tests of the orchestration alone: the same activities over plain objects.

It keeps the promise that the services keep: a step that is run again changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.backorder import Status
from domain.replenishment import LineStatus
from workflows.contract import (
    AllocationJob,
    AllocationView,
    BackorderView,
    CancelBackorder,
    LineRef,
    LineView,
    ReconcileReport,
)

LADDER_DAYS = (1, 2, 3, 5)


@dataclass
class BackorderFacts:
    number: str
    status: Status = Status.AWAITING_SUPPLY
    promised_date: str | None = None
    cancel_reason: str = ""
    planned: bool = False
    released: int = 0
    version: int = 1
    settled: int = 0
    may_cancel: bool = True

    @property
    def closed(self) -> bool:
        return self.status in (Status.DELIVERED, Status.CANCELLED)


@dataclass
class LineFacts:
    po_number: str
    line_number: int
    status: LineStatus = LineStatus.AWAITING_SUPPLIER
    asked_at: datetime | None = None
    climbed: int = 0
    due_date: str | None = None

    @property
    def closed(self) -> bool:
        return self.status in (LineStatus.RECEIVED, LineStatus.CANCELLED, LineStatus.REJECTED)


class Ledger:
    def __init__(self) -> None:
        self.backorders: dict[str, BackorderFacts] = {}
        self.lines: dict[tuple[str, int], LineFacts] = {}
        self.notices: dict[int, str] = {}
        self.unsent: dict[str, list[int]] = {}
        self.sent: list[str] = []
        self.attempts: Counter[int] = Counter()
        self.runs: Counter[str] = Counter()
        self.mail_works = True
        self.database_works = True
        self._number = count(1)
        self._changed = asyncio.Condition()

    # what a test, or a person in the portal, does

    def open_backorder(self, number: str, **facts: Any) -> BackorderFacts:
        self.backorders[number] = BackorderFacts(number, **facts)
        return self.backorders[number]

    def open_line(self, po_number: str, line_number: int, **facts: Any) -> LineFacts:
        self.lines[po_number, line_number] = LineFacts(po_number, line_number, **facts)
        return self.lines[po_number, line_number]

    def change(self, number: str, **facts: Any) -> None:
        backorder = self.backorders[number]
        for name, value in facts.items():
            setattr(backorder, name, value)
        backorder.version += 1
        if "status" in facts:
            self.tell(f"backorder {number}", str(facts["status"]))

    def tell(self, about: str, what: str) -> None:
        """Write a notice; the same about the same is written once."""
        if f"{about}: {what}" in self.notices.values():
            return
        notice_id = next(self._number)
        self.notices[notice_id] = f"{about}: {what}"
        self.unsent.setdefault(about, []).append(notice_id)

    def notice(self, text: str) -> int | None:
        return next((notice_id for notice_id, said in self.notices.items() if said == text), None)

    async def until(self, true: Callable[[], bool]) -> None:
        async with self._changed, asyncio.timeout(30):
            await self._changed.wait_for(true)

    async def _note(self, name: str) -> None:
        if not self.database_works:
            raise ApplicationError("the database does not answer", type="DatabaseUnavailable")
        self.runs[name] += 1
        asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(self.look()))

    async def look(self) -> None:
        """Let those who wait for something look whether it has come."""
        async with self._changed:
            self._changed.notify_all()

    # the activities

    @property
    def core_activities(self) -> Sequence[Callable[..., Any]]:
        return (
            self.plan_supply,
            self.settle_backorder,
            self.cancel_backorder,
            self.ask_supplier,
            self.settle_line,
            self.climb_ladder,
            self.allocate_goods,
            self.reconcile,
        )

    @property
    def notify_activities(self) -> Sequence[Callable[..., Any]]:
        return (self.send_notice,)

    @activity.defn
    async def plan_supply(self, number: str) -> BackorderView:
        await self._note("plan_supply")
        if number not in self.backorders:
            raise ApplicationError(f"There is no backorder {number}", type="NotFound", non_retryable=True)
        backorder = self.backorders[number]
        if not backorder.planned:
            backorder.planned = True
            backorder.promised_date = backorder.promised_date or "2027-01-05"
            self.tell(f"backorder {number}", "opened")
        return self._backorder(backorder)

    @activity.defn
    async def settle_backorder(self, number: str) -> BackorderView:
        await self._note("settle_backorder")
        return self._backorder(self.backorders[number])

    @activity.defn
    async def cancel_backorder(self, command: CancelBackorder) -> BackorderView:
        await self._note("cancel_backorder")
        backorder = self.backorders[command.number]
        if not backorder.may_cancel:
            raise ApplicationError("All of it has been shipped", type="Conflict", non_retryable=True)
        if not backorder.closed:
            backorder.released += 1
            backorder.cancel_reason = command.reason_code
            self.change(command.number, status=Status.CANCELLED)
        return self._backorder(backorder)

    @activity.defn
    async def ask_supplier(self, line: LineRef) -> LineView:
        await self._note("ask_supplier")
        facts = self.lines[line.po_number, line.line_number]
        if facts.asked_at is None:
            facts.asked_at = virtual_now()
            self.tell(f"line {line.po_number}", "asked")
        return self._line(facts)

    @activity.defn
    async def settle_line(self, line: LineRef) -> LineView:
        await self._note("settle_line")
        return self._line(self.lines[line.po_number, line.line_number])

    @activity.defn
    async def climb_ladder(self, line: LineRef) -> LineView:
        await self._note("climb_ladder")
        facts = self.lines[line.po_number, line.line_number]
        assert facts.asked_at is not None
        while facts.climbed < len(LADDER_DAYS) and self._rung(facts) <= virtual_now():
            facts.climbed += 1
            self.tell(f"line {line.po_number}", f"reminded {facts.climbed}")
        return self._line(facts)

    @activity.defn
    async def allocate_goods(self, job: AllocationJob) -> AllocationView:
        await self._note("allocate_goods")
        return AllocationView(job.key, "4", "0", ["BO-1"])

    @activity.defn
    async def reconcile(self) -> ReconcileReport:
        await self._note("reconcile")
        return ReconcileReport(nudged=1)

    @activity.defn
    async def send_notice(self, notice_id: int) -> str:
        self.attempts[notice_id] += 1
        await self.look()
        if not self.mail_works:
            raise ApplicationError("the mail server does not answer", type="MailNotTaken")
        if any(notice_id in ids for ids in self.unsent.values()):
            self.sent.append(self.notices[notice_id])
        for ids in self.unsent.values():
            if notice_id in ids:
                ids.remove(notice_id)
        await self.look()
        return "sent"

    def _backorder(self, facts: BackorderFacts) -> BackorderView:
        facts.settled = facts.version
        return BackorderView(
            number=facts.number,
            stage=str(facts.status),
            waiting_on="nobody" if facts.closed else "supplier",
            waiting_for="" if facts.closed else "goods of PO-1 line 1",
            sku="SKU-1",
            customer_code="C-1",
            supplier_code="S-1",
            warehouse_code="W-1",
            priority=1,
            promised_date=facts.promised_date,
            promise_basis="confirmed",
            look_again_at=None,
            late=False,
            cancel_wanted=bool(facts.cancel_reason) and not facts.closed,
            cancel_reason_code=facts.cancel_reason,
            closed=facts.closed,
            notices=list(self.unsent.get(f"backorder {facts.number}", [])),
        )

    def _line(self, facts: LineFacts) -> LineView:
        owed = facts.status == LineStatus.AWAITING_SUPPLIER
        return LineView(
            po_number=facts.po_number,
            line_number=facts.line_number,
            stage=str(facts.status),
            waiting_on="nobody" if facts.closed else "supplier",
            waiting_for="" if facts.closed else "an answer",
            sku="SKU-1",
            supplier_code="S-1",
            warehouse_code="W-1",
            due_date=facts.due_date,
            reminders=facts.climbed,
            escalated=facts.climbed >= 3,
            look_again_at=self._rung(facts) if owed and facts.climbed < len(LADDER_DAYS) else None,
            waiting_customers=1,
            closed=facts.closed,
            notices=list(self.unsent.get(f"line {facts.po_number}", [])),
        )

    def _rung(self, facts: LineFacts) -> datetime:
        assert facts.asked_at is not None
        return facts.asked_at + timedelta(days=LADDER_DAYS[facts.climbed])


def virtual_now() -> datetime:
    """The workflow's time, which runs ahead of ours when a test skips some."""
    return activity.info().current_attempt_scheduled_time.astimezone(UTC)
