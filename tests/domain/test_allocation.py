from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.allocation import Waiting, allocate
from domain.priority import Turn

START = datetime(2026, 1, 1, tzinfo=UTC)
amounts = st.integers(0, 500).map(lambda each: Decimal(each) / 2)


@st.composite
def queues(draw: st.DrawFn) -> list[Waiting]:
    count = draw(st.integers(0, 12))
    return [
        Waiting(
            Turn(draw(st.integers(1, 9)), START + timedelta(minutes=draw(st.integers(0, 5))), number),
            draw(amounts),
        )
        for number in range(count)
    ]


@given(amounts, queues())
def test_units_are_conserved_and_never_negative(free: Decimal, waiting: list[Waiting]) -> None:
    decision = allocate(free, waiting)
    assert decision.allocated + decision.left == free
    assert decision.left >= 0
    assert all(share.quantity >= 0 and share.short >= 0 for share in decision.shares)


@given(amounts, queues())
def test_nobody_gets_anything_before_those_ahead_have_all_they_need(free: Decimal, waiting: list[Waiting]) -> None:
    shares = allocate(free, waiting).shares
    for ahead, behind in itertools.pairwise(shares):
        assert ahead.short == 0 or behind.quantity == 0


@given(amounts, amounts, queues())
def test_more_supply_never_gives_anybody_less(free: Decimal, more: Decimal, waiting: list[Waiting]) -> None:
    before = {share.backorder_id: share.quantity for share in allocate(free, waiting).shares}
    after = {share.backorder_id: share.quantity for share in allocate(free + more, waiting).shares}
    assert all(after[key] >= quantity for key, quantity in before.items())


@given(amounts, queues(), st.randoms(use_true_random=False))
def test_the_order_in_which_rows_are_read_does_not_matter(
    free: Decimal,
    waiting: list[Waiting],
    random: object,
) -> None:
    shuffled = list(waiting)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis hands in a Random
    assert allocate(free, shuffled) == allocate(free, waiting)


def test_ties_go_to_the_earlier_order_then_to_the_lower_id() -> None:
    one = Waiting(Turn(1, START + timedelta(seconds=1), 1), Decimal(1))
    two = Waiting(Turn(1, START, 3), Decimal(1))
    three = Waiting(Turn(1, START, 2), Decimal(1))
    assert [share.backorder_id for share in allocate(Decimal(3), [one, two, three]).shares] == [2, 3, 1]
