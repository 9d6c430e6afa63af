"""The ladder: who is asked, and when, while a line stays unanswered."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.calendars import add_working_days, morning


class Audience(StrEnum):
    SUPPLIER = "supplier"
    BUYER = "buyer"
    SUPPLY_CHAIN_MANAGER = "supply_chain_manager"


@dataclass(frozen=True)
class Ladder:
    """Working days after asking at which each is written to; set per supplier."""

    supplier_days: tuple[int, ...] = (1, 2)
    buyer_day: int = 3
    manager_day: int = 5


@dataclass(frozen=True)
class Rung:
    """One step of the ladder. `step` counts from 1 and names it for good."""

    step: int
    audience: Audience
    at: datetime


def rungs(ladder: Ladder, asked_at: datetime, zone: ZoneInfo, holidays: AbstractSet[date]) -> tuple[Rung, ...]:
    """All steps in time order, each at nine in the morning of a working day where the supplier is.

    Steps of the same day keep the order supplier, buyer, manager.
    """
    asked_on = asked_at.astimezone(zone).date()
    days = [(day, Audience.SUPPLIER) for day in ladder.supplier_days]
    days += [(ladder.buyer_day, Audience.BUYER), (ladder.manager_day, Audience.SUPPLY_CHAIN_MANAGER)]
    days.sort(key=lambda each: (each[0], list(Audience).index(each[1])))
    return tuple(
        Rung(step, audience, morning(add_working_days(asked_on, day, holidays), zone))
        for step, (day, audience) in enumerate(days, start=1)
    )


def due(all_rungs: tuple[Rung, ...], climbed: int, now: datetime) -> tuple[Rung, ...]:
    """The steps whose time has come and that have not been taken yet, in order."""
    return tuple(rung for rung in all_rungs if rung.step > climbed and rung.at <= now)


def next_after(all_rungs: tuple[Rung, ...], climbed: int) -> Rung | None:
    """The first step that has not been taken yet."""
    return next((rung for rung in all_rungs if rung.step > climbed), None)
