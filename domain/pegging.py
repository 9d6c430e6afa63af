"""Goods on their way: which dated supply is planned for which backorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.allocation import ZERO, Waiting


@dataclass(frozen=True)
class Supply:
    """What is still to come of one schedule line, and when."""

    schedule_line_id: int
    available_on: date
    quantity: Decimal
    confirmed: bool


@dataclass(frozen=True)
class Peg:
    """A quantity of one schedule line that is planned for one backorder."""

    backorder_id: int
    schedule_line_id: int
    quantity: Decimal


@dataclass(frozen=True)
class Plan:
    pegs: tuple[Peg, ...]
    #: What no supply covers, by backorder; those fully covered are not in it.
    uncovered: dict[int, Decimal]


def peg(waiting: Sequence[Waiting], supplies: Sequence[Supply]) -> Plan:
    """Plan the earliest supply for whoever is first in turn, the same order in which goods are
    allocated when they come, so that a promise made from pegs is one that allocation will keep.

    Supply of the same day is used in the order of its id. The answer depends on nothing but the
    arguments, so planning twice changes nothing.
    """
    remaining = iter(sorted((one for one in supplies if one.quantity > ZERO), key=_earliest))
    supply = next(remaining, None)
    left = supply.quantity if supply else ZERO
    pegs: list[Peg] = []
    uncovered: dict[int, Decimal] = {}
    for one in sorted(waiting, key=lambda each: each.turn):
        needed = one.needed
        while needed > ZERO and supply is not None:
            taken = min(needed, left)
            pegs.append(Peg(one.turn.backorder_id, supply.schedule_line_id, taken))
            needed -= taken
            left -= taken
            if left == ZERO:
                supply = next(remaining, None)
                left = supply.quantity if supply else ZERO
        if needed > ZERO:
            uncovered[one.turn.backorder_id] = needed
    return Plan(tuple(pegs), uncovered)


def _earliest(supply: Supply) -> tuple[date, int]:
    return supply.available_on, supply.schedule_line_id


def covering_date(pegs: Sequence[tuple[date, Decimal]], needed: Decimal) -> date | None:
    """The first day on which pegs cover all of `needed`; None while they don't."""
    total = ZERO
    for day, quantity in sorted(pegs):
        total += quantity
        if total >= needed:
            return day
    return None


def lead_time_date(today: date, lead_time_days: int) -> date:
    """When a line ordered today can be asked for; lead times are in calendar days."""
    return today + timedelta(days=lead_time_days)
