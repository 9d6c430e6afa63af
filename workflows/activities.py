"""The activities by name, input and result. Bodies live in workers/; a test compares the two."""

from __future__ import annotations

from temporalio import activity

from workflows.contract import (
    AllocationJob,
    AllocationView,
    BackorderView,
    CancelBackorder,
    LineRef,
    LineView,
    ReconcileReport,
)


@activity.defn
def plan_supply(number: str) -> BackorderView:
    """Peg a new backorder to open supply, raise a purchase order line for the rest, promise a date."""
    raise NotImplementedError(number)


@activity.defn
def settle_backorder(number: str) -> BackorderView:
    """Read where a backorder stands and note that its workflow has seen it."""
    raise NotImplementedError(number)


@activity.defn
def cancel_backorder(command: CancelBackorder) -> BackorderView:
    """Undo what was done for a backorder: release goods, free supply for others, tell the customer."""
    raise NotImplementedError(command)


@activity.defn
def ask_supplier(line: LineRef) -> LineView:
    """Put the line before its supplier, once."""
    raise NotImplementedError(line)


@activity.defn
def settle_line(line: LineRef) -> LineView:
    """Carry a line's change on to the backorders that rest on it, and read where the line stands."""
    raise NotImplementedError(line)


@activity.defn
def climb_ladder(line: LineRef) -> LineView:
    """Take every step of the reminder ladder that is due."""
    raise NotImplementedError(line)


@activity.defn
def allocate_goods(job: AllocationJob) -> AllocationView:
    """Give free goods to those who wait, in their turn; the same key decides only once."""
    raise NotImplementedError(job)


@activity.defn
def send_notice(notice_id: int) -> str:
    """Send one notice, unless it was sent or has nothing left to say; the result is its status."""
    raise NotImplementedError(notice_id)


@activity.defn
def reconcile() -> ReconcileReport:
    """Start the workflows that the database misses, nudge those that missed something."""
    raise NotImplementedError
