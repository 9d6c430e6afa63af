from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.allocation import Waiting
from domain.pegging import Supply, covering_date, peg
from domain.priority import Turn
from domain.promise import Basis, PeggedSupply, promise

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = date(2026, 1, 1)
amounts = st.integers(1, 60).map(Decimal)
waiting = st.lists(st.tuples(st.integers(1, 9), amounts), max_size=10).map(
    lambda rows: [Waiting(Turn(priority, START, key), needed) for key, (priority, needed) in enumerate(rows)]
)
supplies = st.lists(st.tuples(st.integers(0, 9), amounts), max_size=10).map(
    lambda rows: [
        Supply(100 + key, DAY + timedelta(days=day), quantity, True) for key, (day, quantity) in enumerate(rows)
    ]
)


@given(waiting, supplies)
def test_no_supply_is_planned_twice_and_every_need_is_pegged_or_named(
    queue: list[Waiting], supply: list[Supply]
) -> None:
    plan = peg(queue, supply)
    used: dict[int, Decimal] = defaultdict(Decimal)
    covered: dict[int, Decimal] = defaultdict(Decimal)
    for each in plan.pegs:
        assert each.quantity > 0
        used[each.schedule_line_id] += each.quantity
        covered[each.backorder_id] += each.quantity
    assert all(used[one.schedule_line_id] <= one.quantity for one in supply)
    for one in queue:
        key = one.turn.backorder_id
        assert covered[key] + plan.uncovered.get(key, Decimal(0)) == one.needed


@given(waiting, supplies)
def test_those_ahead_are_covered_no_later_than_those_behind(queue: list[Waiting], supply: list[Supply]) -> None:
    plan = peg(queue, supply)
    days = {one.schedule_line_id: one.available_on for one in supply}
    last = [
        max(
            (days[each.schedule_line_id] for each in plan.pegs if each.backorder_id == one.turn.backorder_id),
            default=date.max,
        )
        for one in sorted(queue, key=lambda each: each.turn)
    ]
    assert last == sorted(last)


@given(supplies, amounts)
def test_a_promise_is_the_first_day_that_covers_all_plus_handling(supply: list[Supply], needed: Decimal) -> None:
    pegs = [(one.available_on, one.quantity) for one in supply]
    day = covering_date(pegs, needed)
    there = lambda until: sum((quantity for on, quantity in pegs if on <= until), Decimal(0))  # noqa: E731  said once
    if day is None:
        assert there(date.max) < needed
    else:
        assert there(day) >= needed > there(day - timedelta(days=1))
        promised = promise(needed, [PeggedSupply(on, quantity, True) for on, quantity in pegs], DAY, 2)
        assert promised is not None
        assert promised.day == day + timedelta(days=2)


def test_a_promise_is_planned_while_one_peg_it_rests_on_is_not_confirmed() -> None:
    pegs = [PeggedSupply(DAY, Decimal(5), True), PeggedSupply(DAY + timedelta(days=1), Decimal(5), False)]
    first = promise(Decimal(5), pegs, DAY, 0)
    both = promise(Decimal(6), pegs, DAY, 0)
    assert first is not None
    assert both is not None
    assert (first.basis, both.basis) == (Basis.CONFIRMED, Basis.PLANNED)
