"""The life of one backorder."""

from __future__ import annotations

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

from domain.backorder import Status
from workflows import activities, visibility
from workflows.contract import (
    BACKORDER_WORKFLOW,
    BackorderJob,
    BackorderView,
    CancelBackorder,
    Message,
)
from workflows.steps import Alarm, Inbox, Teller, quick_transaction, refusal, should_start_over, transaction

#: The reason code of a backorder that was cancelled in the Temporal UI.
BY_OPERATOR = "operator"


@workflow.defn(name=BACKORDER_WORKFLOW)
class BackorderWorkflow:
    """Follows one backorder from its opening until it is delivered or cancelled.

    The database owns the facts. A message only wakes the workflow, which then reads what became of
    the backorder; so a message that comes twice, late or out of order does no harm, and starting is the
    same as starting over.
    """

    @workflow.init
    def __init__(self, job: BackorderJob) -> None:
        self._job = job
        self._inbox = Inbox(job.seen)
        self._alarm = Alarm()
        self._teller = Teller(in_order=True)
        self._operator_heard = False
        self._trouble = ""
        self._view: BackorderView

    @workflow.run
    async def run(self, job: BackorderJob) -> str:
        await self._plan_supply()
        await self._cancel_if_wanted()
        while not self._view.closed:
            self._start_over_if_long()
            await self._wait_for_news()
            await self._settle()
            await self._cancel_if_wanted()
        await self._teller.finish()
        if self._operator_heard and self._view.stage == Status.CANCELLED:
            raise asyncio.CancelledError  # so that the engine lists it as cancelled, as it was asked to
        return self._view.stage

    async def _plan_supply(self) -> None:
        self._inbox.read()
        self._note(await transaction(activities.plan_supply, self._job.number))

    async def _wait_for_news(self) -> None:
        self._alarm.set(self._view.look_again_at, "look at the promised date")
        try:
            await workflow.wait_condition(lambda: self._inbox.unread or self._alarm.rang or self._operator_cancels)
        except asyncio.CancelledError:
            if workflow.cancellation_reason() is None:
                raise

    async def _settle(self) -> None:
        self._inbox.read()
        self._note(await quick_transaction(activities.settle_backorder, self._job.number))

    async def _cancel_if_wanted(self) -> None:
        """Compensate: release what is reserved, free the supply for others, tell the customer."""
        if self._view.closed:
            return
        if self._operator_cancels:
            self._operator_heard = True
            await self._cancel(BY_OPERATOR)
        elif self._view.cancel_wanted:
            await self._cancel(self._view.cancel_reason_code)

    async def _cancel(self, reason_code: str) -> None:
        command = CancelBackorder(self._job.number, reason_code)
        try:
            view = await transaction(activities.cancel_backorder, command)
        except ActivityError as error:
            self._trouble = refusal(error)
            self._publish()
        else:
            self._trouble = ""
            self._note(view)

    def _start_over_if_long(self) -> None:
        """Nothing is lost with what is unread: the first step of the next run reads the whole state."""
        if should_start_over() and not self._operator_cancels:
            workflow.continue_as_new(BackorderJob(self._job.number, self._job.portal_url, seen=self._inbox.seen))

    @property
    def _operator_cancels(self) -> bool:
        return workflow.cancellation_reason() is not None and not self._operator_heard

    def _note(self, view: BackorderView) -> None:
        self._view = view
        self._teller.tell(view.notices)
        self._publish()

    def _publish(self) -> None:
        visibility.publish(visibility.backorder_attributes(self._view))
        workflow.set_current_details(
            visibility.backorder_details(
                self._view,
                self._job.portal_url,
                self._inbox.latest,
                unsent=self._teller.unsent,
                trouble=self._trouble,
            )
        )

    @workflow.signal(description="Supply that it waits for was answered, moved, cut or re-planned")
    def supply_changed(self, message: Message) -> None:
        self._inbox.take("supply_changed", message)

    @workflow.signal(description="Goods on a shelf were reserved for it")
    def goods_allocated(self, message: Message) -> None:
        self._inbox.take("goods_allocated", message)

    @workflow.signal(description="Goods that were reserved for it were given back")
    def allocation_released(self, message: Message) -> None:
        self._inbox.take("allocation_released", message)

    @workflow.signal(description="It stands on a pick list")
    def picking_started(self, message: Message) -> None:
        self._inbox.take("picking_started", message)

    @workflow.signal(description="Some or all of it has left the warehouse")
    def shipped(self, message: Message) -> None:
        self._inbox.take("shipped", message)

    @workflow.signal(description="A parcel has reached the customer")
    def delivered(self, message: Message) -> None:
        self._inbox.take("delivered", message)

    @workflow.signal(description="Somebody who may has asked in the portal to cancel it")
    def cancel_requested(self, message: Message) -> None:
        self._inbox.take("cancel_requested", message)

    @workflow.signal(description="Reconciliation found that it has missed something")
    def nudged(self, message: Message) -> None:
        self._inbox.take("nudged", message)

    @workflow.update(description="Read the backorder's state again now")
    def look_again(self) -> str:
        self._inbox.nudge("look_again")
        return "looking"

    @look_again.validator
    def check_look_again(self) -> None:
        check_running(getattr(self, "_view", None))


def check_running(view: BackorderView | None) -> None:
    """Raise ValueError, which rejects an update, when there is nothing to look at."""
    if view is None:
        raise ValueError("it has not read its state for the first time yet")
    if view.closed:
        raise ValueError(f"it is {view.stage}; only notices are still being sent")
