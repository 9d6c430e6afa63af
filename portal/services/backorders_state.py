"""A backorder's status follows its quantities; this is the one place where it is written."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from domain.backorder import CLOSED, WaitingOn, waiting_on
from portal.models import Backorder

ZERO = Decimal(0)


def restate(backorder: Backorder, now: datetime) -> None:
    """Let the status follow the quantities, and whose move it is; note since when, and the end.

    While goods are still to come, whose move it is depends on their supply, and planning decides it.
    """
    status = backorder.quantities.status
    if status != backorder.status:
        backorder.status = status
        backorder.status_since = now
    move = waiting_on(backorder.quantities, covered=True, line_awaits_buyer=False)
    if move is not WaitingOn.SUPPLIER:
        backorder.waiting_on = move
    if backorder.status in CLOSED and backorder.closed_at is None:
        backorder.closed_at = now
        backorder.uncovered_quantity = ZERO
        backorder.owner_id = None
