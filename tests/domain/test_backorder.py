from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.backorder import Quantities, Status, WaitingOn, check_cancellable, check_shippable, is_late, waiting_on
from domain.errors import Conflict, RuleViolation
from domain.priority import priority


@st.composite
def quantities(draw: st.DrawFn) -> Quantities:
    ordered = draw(st.integers(1, 6))
    cancelled = draw(st.integers(0, ordered))
    allocated = draw(st.integers(0, ordered - cancelled))
    shipped = draw(st.integers(0, ordered - cancelled - allocated))
    picking = draw(st.integers(0, allocated))
    delivered = draw(st.integers(0, shipped))
    return Quantities(*map(Decimal, (ordered, cancelled, allocated, picking, shipped, delivered)))


@given(quantities())
def test_a_status_always_says_where_the_units_are(each: Quantities) -> None:
    match each.status:
        case Status.CANCELLED:
            assert each.owed == 0
        case Status.DELIVERED:
            assert each.delivered == each.owed
        case Status.SHIPPED:
            assert each.shipped == each.owed > each.delivered
        case Status.PARTIALLY_SHIPPED:
            assert 0 < each.shipped < each.owed
        case Status.PICKING:
            assert each.picking > 0 == each.shipped
        case Status.ALLOCATED:
            assert each.allocated == each.owed
        case Status.PARTIALLY_ALLOCATED:
            assert 0 < each.allocated < each.owed
        case Status.AWAITING_SUPPLY:
            assert each.allocated == each.shipped == 0


@given(quantities(), st.booleans(), st.booleans())
def test_somebody_has_the_next_move_until_the_end(each: Quantities, covered: bool, decision: bool) -> None:
    move = waiting_on(each, covered=covered, line_awaits_buyer=decision)
    assert (move is WaitingOn.NOBODY) == (each.status in (Status.DELIVERED, Status.CANCELLED))


@pytest.mark.parametrize(
    "impossible",
    [
        {"ordered": Decimal(1), "allocated": Decimal(2)},
        {"ordered": Decimal(2), "cancelled": Decimal(1), "shipped": Decimal(2)},
        {"ordered": Decimal(2), "shipped": Decimal(1), "delivered": Decimal(2)},
        {"ordered": Decimal(1), "picking": Decimal(1)},
        {"ordered": Decimal(-1)},
    ],
)
def test_impossible_quantities_are_refused(impossible: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match=r"more|negative"):
        Quantities(**impossible)


def test_what_has_left_the_building_cannot_be_cancelled() -> None:
    check_cancellable(Quantities(Decimal(2), shipped=Decimal(1), allocated=Decimal(1)))
    for gone in (Quantities(Decimal(2), shipped=Decimal(2)), Quantities(Decimal(2), cancelled=Decimal(2))):
        with pytest.raises(Conflict):
            check_cancellable(gone)


def test_only_allocated_units_can_be_shipped() -> None:
    with pytest.raises(RuleViolation):
        check_shippable(Quantities(Decimal(5), allocated=Decimal(2)), Decimal(3))


def test_late_is_what_is_owed_after_its_day() -> None:
    open_one, day = Quantities(Decimal(1)), date(2026, 12, 1)
    assert is_late(day, date(2026, 1, 1), date(2026, 12, 2), open_one)
    assert not is_late(day, date(2026, 1, 1), day, open_one)
    assert not is_late(day, day, date(2026, 12, 2), Quantities(Decimal(1), shipped=Decimal(1)))


def test_a_better_tier_always_goes_first_and_urgency_decides_within_it() -> None:
    opened = date(2026, 11, 1)
    ranks = [
        priority(tier, requested, opened)
        for tier in "ABC"
        for requested in (date(2026, 11, 5), date(2026, 11, 20), date(2027, 3, 1))
    ]
    assert ranks == list(range(1, 10))
