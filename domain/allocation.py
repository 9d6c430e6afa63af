"""Goods that are here: who gets how much of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.priority import Turn

POLICY = "priority, then first come first served; part quantities allowed"
ZERO = Decimal(0)


@dataclass(frozen=True)
class Waiting:
    """One open backorder and what it still needs (owed and not yet allocated)."""

    turn: Turn
    needed: Decimal


@dataclass(frozen=True)
class Share:
    """What one backorder gets, and what it still lacks afterwards."""

    backorder_id: int
    quantity: Decimal
    short: Decimal


@dataclass(frozen=True)
class Allocation:
    shares: tuple[Share, ...]
    left: Decimal

    @property
    def allocated(self) -> Decimal:
        return sum((share.quantity for share in self.shares), ZERO)


def allocate(free: Decimal, waiting: Sequence[Waiting]) -> Allocation:
    """Give `free` units to those who wait, in their turn.

    Every waiting backorder gets a share in the answer, also one of nothing: that it went short, and by
    how much, is part of the decision. Units are conserved: shares and what is left add up to `free`.
    """
    left = max(free, ZERO)
    shares = []
    for one in sorted(waiting, key=lambda each: each.turn):
        given = min(left, max(one.needed, ZERO))
        left -= given
        shares.append(Share(one.turn.backorder_id, given, one.needed - given))
    return Allocation(tuple(shares), left)
