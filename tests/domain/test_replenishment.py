from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Conflict, RuleViolation
from domain.replenishment import (
    CLOSED_LINES,
    Action,
    Answer,
    LineStatus,
    OpenLine,
    Outcome,
    ScheduleLine,
    Tolerance,
    check_answer,
    check_receipt,
    judge,
    spread_receipt,
)

TODAY = date(2026, 11, 18)
ASKED = date(2026, 12, 1)


def a_line(status: LineStatus = LineStatus.AWAITING_SUPPLIER, quantity: int = 100, received: int = 0) -> OpenLine:
    return OpenLine(status, "ea", Decimal(quantity), Decimal(received), ASKED)


def proposal(*parts: tuple[str, date]) -> Answer:
    return Answer(
        Action.PROPOSE, tuple(ScheduleLine(Decimal(quantity), day) for quantity, day in parts), "capacity"
    )


def faults(line: OpenLine, answer: Answer) -> set[tuple[str, str]]:
    with pytest.raises(RuleViolation) as refused:
        check_answer(line, answer, TODAY)
    return {(fault.field, fault.code) for fault in refused.value.faults}


@given(st.integers(-20, 20), st.integers(1, 100), st.integers(0, 10), st.integers(0, 10), st.integers(0, 50))
def test_an_answer_passes_by_rule_exactly_when_every_deviation_is_within_tolerance(
    days: int, quantity: int, early: int, late: int, under: int
) -> None:
    tolerance = Tolerance(early, late, Decimal(under))
    verdict = judge(a_line(), proposal((str(quantity), ASKED + timedelta(days=days))), tolerance)
    within = -early <= days <= late and 100 - quantity <= under
    assert verdict.outcome is (Outcome.ACCEPTED if within else Outcome.AWAITING_BUYER)


def test_one_part_that_comes_too_late_is_enough_to_need_a_person() -> None:
    verdict = judge(a_line(), proposal(("99", ASKED), ("1", ASKED + timedelta(days=9))), Tolerance(days_late=3))
    assert verdict.outcome is Outcome.AWAITING_BUYER
    assert verdict.rule == "outside tolerance: late 9 > 3 days"


@pytest.mark.parametrize("status", sorted(CLOSED_LINES))
def test_a_closed_line_takes_no_answer_and_no_goods(status: LineStatus) -> None:
    with pytest.raises(Conflict):
        check_answer(a_line(status), Answer(Action.ACCEPT), TODAY)
    with pytest.raises(Conflict):
        check_receipt(a_line(status), Decimal(1))


def test_every_fault_of_an_answer_is_named_at_once() -> None:
    answer = Answer(
        Action.PROPOSE,
        (ScheduleLine(Decimal("0.5"), TODAY - timedelta(days=1)), ScheduleLine(Decimal(-1), date(2062, 1, 1))),
    )
    assert faults(a_line(), answer) == {
        ("schedule.0.quantity", "fractional"),
        ("schedule.0.promised_date", "in_the_past"),
        ("schedule.1.quantity", "not_positive"),
        ("schedule.1.promised_date", "too_far_ahead"),
        ("reason_code", "required"),
    }


def test_no_more_can_be_promised_or_received_than_is_open() -> None:
    line = a_line(received=40)
    assert faults(line, proposal(("61", ASKED))) == {("schedule", "more_than_ordered")}
    with pytest.raises(RuleViolation, match="61 can't be received: 60 is open"):
        check_receipt(line, Decimal(61))


@given(st.lists(st.integers(1, 50), max_size=8), st.integers(1, 300))
def test_a_receipt_is_spread_over_the_earliest_schedule_lines_and_never_over_books(
    lines: list[int], quantity: int
) -> None:
    booked = spread_receipt([(key, Decimal(each)) for key, each in enumerate(lines)], Decimal(quantity))
    assert sum(booked.values()) == min(quantity, sum(lines))
    full = [booked.get(key, 0) == each for key, each in enumerate(lines)]
    assert full == sorted(full, reverse=True)
