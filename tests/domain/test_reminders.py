from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.calendars import add_working_days, is_working_day
from domain.reminders import Audience, Ladder, due, next_after, rungs

BERLIN = ZoneInfo("Europe/Berlin")
THURSDAY = datetime(2026, 12, 24, 9, tzinfo=UTC)
CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1)})


def test_the_ladder_steps_over_weekends_and_holidays() -> None:
    steps = rungs(Ladder(), THURSDAY, BERLIN, CHRISTMAS)
    assert [(step.audience, step.at.date().isoformat()) for step in steps] == [
        (Audience.SUPPLIER, "2026-12-28"),
        (Audience.SUPPLIER, "2026-12-29"),
        (Audience.BUYER, "2026-12-30"),
        (Audience.SUPPLY_CHAIN_MANAGER, "2027-01-04"),
    ]
    assert all(step.at.hour == 9 and step.at.tzinfo == BERLIN for step in steps)


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(0, 30))
def test_working_days_are_counted_one_by_one(start: date, days: int) -> None:
    end = add_working_days(start, days)
    first = add_working_days(start, 0)
    between = [first + timedelta(days=each) for each in range(1, (end - first).days + 1)]
    assert is_working_day(end)
    assert sum(map(is_working_day, between)) == days


@given(st.integers(0, 4), st.integers(0, 20))
def test_every_step_is_due_once_whatever_was_missed(climbed: int, days: int) -> None:
    steps = rungs(Ladder(), THURSDAY, BERLIN, CHRISTMAS)
    now = THURSDAY + timedelta(days=days)
    taken = due(steps, climbed, now)
    after = next_after(steps, taken[-1].step if taken else climbed)
    assert [step.step for step in taken] == list(range(climbed + 1, climbed + 1 + len(taken)))
    assert after is None or after.at > now or after.step <= climbed
