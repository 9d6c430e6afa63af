"""Who comes first: the customer's tier, then how soon the goods are wanted, then first come first served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

TIERS = ("A", "B", "C")

#: Days from order to requested date up to which an order is urgent, and up to which it is normal.
URGENT_WITHIN_DAYS = 7
NORMAL_WITHIN_DAYS = 30


def priority(tier: str, requested: date, opened: date) -> int:
    """1 (first) to 9 (last). Fixed when the backorder opens, so that waiting alone never demotes anyone."""
    days = (requested - opened).days
    urgency = 0 if days <= URGENT_WITHIN_DAYS else 1 if days <= NORMAL_WITHIN_DAYS else 2
    return TIERS.index(tier) * 3 + urgency + 1


@dataclass(frozen=True, order=True)
class Turn:
    """A backorder's place in the queue for supply. Ties in priority go to the earlier order; ties in
    the instant of ordering go to the lower backorder id, which no two share."""

    priority: int
    ordered_at: datetime
    backorder_id: int
