"""The life of one purchase order line."""

from __future__ import annotations

import asyncio

from temporalio import workflow

from domain.replenishment import LineStatus
from workflows import activities, visibility
from workflows.contract import REPLENISHMENT_WORKFLOW, LineJob, LineRef, LineView, Message
from workflows.steps import Alarm, Inbox, Teller, quick_transaction, should_start_over, transaction

NOT_HERE = "a purchase order line is cancelled in the portal, not here"


@workflow.defn(name=REPLENISHMENT_WORKFLOW)
class ReplenishmentWorkflow:
    """Asks a supplier about one line, reminds by the ladder, and watches the line until it has closed.

    A peer of the backorders that rest on the line: they hear of its changes through the database and
    messages of their own. As with them, messages only wake it.
    """

    @workflow.init
    def __init__(self, job: LineJob) -> None:
        self._job = job
        self._line = LineRef(job.po_number, job.line_number)
        self._inbox = Inbox(job.seen)
        self._alarm = Alarm()
        # several readers: one who can't be reached must not hold up the others
        self._teller = Teller(in_order=False)
        self._view: LineView

    @workflow.run
    async def run(self, job: LineJob) -> str:
        await self._ask_supplier()
        while not self._view.closed:
            self._start_over_if_long()
            await self._wait_for_news()
            if self._inbox.unread:
                await self._settle()
            if self._time_has_come:
                await self._look_at_the_clock()
        await self._teller.finish()
        return self._view.stage

    async def _ask_supplier(self) -> None:
        self._inbox.read()
        self._note(await transaction(activities.ask_supplier, self._line))

    async def _wait_for_news(self) -> None:
        owed = "remind of the answer" if self._answer_owed else "look at the date"
        self._alarm.set(self._view.look_again_at, owed)
        try:
            await workflow.wait_condition(lambda: self._inbox.unread or self._alarm.rang)
        except asyncio.CancelledError:
            if workflow.cancellation_reason() is None:
                raise
            self._publish()

    async def _settle(self) -> None:
        self._inbox.read()
        self._note(await quick_transaction(activities.settle_line, self._line))

    async def _look_at_the_clock(self) -> None:
        if self._answer_owed:
            self._note(await transaction(activities.climb_ladder, self._line))
        else:
            await self._settle()

    @property
    def _time_has_come(self) -> bool:
        at = self._view.look_again_at
        return self._alarm.rang and at is not None and at <= workflow.now()

    @property
    def _answer_owed(self) -> bool:
        return self._view.stage == LineStatus.AWAITING_SUPPLIER

    def _start_over_if_long(self) -> None:
        """Nothing is lost with what is unread: the first step of the next run reads the whole state."""
        if should_start_over():
            workflow.continue_as_new(
                LineJob(self._job.po_number, self._job.line_number, self._job.portal_url, seen=self._inbox.seen)
            )

    def _note(self, view: LineView) -> None:
        self._view = view
        self._teller.tell(view.notices)
        self._publish()

    def _publish(self) -> None:
        visibility.publish(visibility.line_attributes(self._view))
        workflow.set_current_details(
            visibility.line_details(
                self._view,
                self._job.portal_url,
                self._inbox.latest,
                unsent=self._teller.unsent,
                trouble=NOT_HERE if workflow.cancellation_reason() is not None else "",
            )
        )

    @workflow.signal(description="The supplier has answered")
    def answered(self, message: Message) -> None:
        self._inbox.take("answered", message)

    @workflow.signal(description="A buyer has decided on the supplier's proposal")
    def decided(self, message: Message) -> None:
        self._inbox.take("decided", message)

    @workflow.signal(description="The line was changed on our side")
    def changed(self, message: Message) -> None:
        self._inbox.take("changed", message)

    @workflow.signal(description="Goods of this line have come")
    def received(self, message: Message) -> None:
        self._inbox.take("received", message)

    @workflow.signal(description="The line was cancelled")
    def cancelled(self, message: Message) -> None:
        self._inbox.take("cancelled", message)

    @workflow.signal(description="Reconciliation found that it has missed something")
    def nudged(self, message: Message) -> None:
        self._inbox.take("nudged", message)

    @workflow.update(description="Read the line's state again now")
    def look_again(self) -> str:
        self._inbox.nudge("look_again")
        return "looking"

    @look_again.validator
    def check_look_again(self) -> None:
        view: LineView | None = getattr(self, "_view", None)
        if view is None or view.closed:
            raise ValueError("there is nothing to look at: it has not begun, or it has ended")
