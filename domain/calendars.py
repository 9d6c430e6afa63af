"""Working days. Saturday and Sunday are free everywhere; holidays are handed in."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SATURDAY = 5


def is_working_day(day: date, holidays: AbstractSet[date] = frozenset()) -> bool:
    return day.weekday() < SATURDAY and day not in holidays


def add_working_days(start: date, days: int, holidays: AbstractSet[date] = frozenset()) -> date:
    """The day that lies `days` working days after `start`; 0 gives the next working day from `start` on."""
    day = start
    while not is_working_day(day, holidays):
        day += timedelta(days=1)
    for _ in range(days):
        day += timedelta(days=1)
        while not is_working_day(day, holidays):
            day += timedelta(days=1)
    return day


def morning(day: date, zone: ZoneInfo, hour: int = 9) -> datetime:
    """The instant at which working people in `zone` can be written to on `day`."""
    return datetime.combine(day, time(hour), tzinfo=zone)
