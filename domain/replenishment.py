"""A purchase order line and the supplier's answer to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.errors import Conflict, Fault, RuleViolation
from domain.quantities import future_date_fault, quantity_fault
from domain.reasons import SupplyReason

ZERO = Decimal(0)
HUNDRED = Decimal(100)

#: How many dated quantities one answer may hold.
MOST_SCHEDULE_LINES = 24


class LineStatus(StrEnum):
    AWAITING_SUPPLIER = "awaiting_supplier"
    AWAITING_BUYER = "awaiting_buyer"
    CONFIRMED = "confirmed"
    PARTIALLY_RECEIVED = "partially_received"
    RECEIVED = "received"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


#: A line that brings nothing more. No answer can be given to it and nothing received against it.
CLOSED_LINES = frozenset({LineStatus.RECEIVED, LineStatus.REJECTED, LineStatus.CANCELLED})


class Action(StrEnum):
    ACCEPT = "accept"
    PROPOSE = "propose"
    REJECT = "reject"


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    AWAITING_BUYER = "awaiting_buyer"
    REJECTED = "rejected"


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True)
class ScheduleLine:
    """One dated quantity of a purchase order line."""

    quantity: Decimal
    promised_date: date


@dataclass(frozen=True)
class Answer:
    """What a supplier says to a line, whichever way it came."""

    action: Action
    schedule: tuple[ScheduleLine, ...] = ()
    reason_code: str | None = None
    note: str = ""


@dataclass(frozen=True)
class OpenLine:
    """The facts about a line that an answer is judged against. Dates are the delivery dates at our door."""

    status: LineStatus
    unit: str
    quantity: Decimal
    received: Decimal
    requested_date: date

    @property
    def open_quantity(self) -> Decimal:
        return self.quantity - self.received


@dataclass(frozen=True)
class Tolerance:
    """How far a supplier may move a line by itself. Days and per cent of quantity; 0 allows nothing."""

    days_early: int = 0
    days_late: int = 0
    percent_under: Decimal = ZERO
    percent_over: Decimal = ZERO


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    #: The rule that decided, in words, kept with the answer.
    rule: str


def check_open(line: OpenLine) -> None:
    """Raise Conflict when a line can no longer be answered."""
    if line.status in CLOSED_LINES:
        raise Conflict(
            [
                Fault(
                    "status",
                    "line_closed",
                    f"This line is {line.status.value}; it can't be answered any more",
                )
            ]
        )


def check_answer(line: OpenLine, answer: Answer, today: date) -> None:
    """Raise RuleViolation with every fault of an answer; Conflict when the line is closed."""
    check_open(line)
    faults: list[Fault] = []
    if answer.action is Action.PROPOSE:
        faults += _schedule_faults(line, answer.schedule, today)
    elif answer.schedule:
        faults.append(Fault("schedule", "not_expected", f"An answer of '{answer.action.value}' takes no dates"))
    if answer.action is not Action.ACCEPT and not answer.reason_code:
        faults.append(Fault("reason_code", "required", "Say why: choose a reason"))
    if answer.reason_code and answer.reason_code not in set(SupplyReason):
        known = ", ".join(SupplyReason)
        faults.append(
            Fault("reason_code", "unknown", f"'{answer.reason_code}' is not a reason; choose one of {known}")
        )
    if faults:
        raise RuleViolation(faults)


def _schedule_faults(line: OpenLine, schedule: Sequence[ScheduleLine], today: date) -> list[Fault]:
    if not schedule:
        return [Fault("schedule", "required", "Propose at least one date and quantity")]
    if len(schedule) > MOST_SCHEDULE_LINES:
        return [Fault("schedule", "too_many", f"Propose at most {MOST_SCHEDULE_LINES} dates")]
    faults: list[Fault] = []
    for position, one in enumerate(schedule):
        field = f"schedule.{position}"
        for fault in (
            quantity_fault(f"{field}.quantity", one.quantity, line.unit),
            future_date_fault(f"{field}.promised_date", one.promised_date, today),
        ):
            if fault:
                faults.append(fault)
    if len({one.promised_date for one in schedule}) < len(schedule):
        faults.append(Fault("schedule", "same_date_twice", "Two of the dates are the same; join their quantities"))
    total = sum((one.quantity for one in schedule), ZERO)
    if not faults and total > line.open_quantity:
        faults.append(
            Fault(
                "schedule",
                "more_than_ordered",
                f"{total.normalize():f} is promised, but {line.open_quantity.normalize():f} is open",
            )
        )
    return faults


def judge(line: OpenLine, answer: Answer, tolerance: Tolerance) -> Verdict:
    """Whether an answer passes by rule or waits for a person. Assumes `check_answer` passed.

    Every dated quantity counts by itself: one part that comes too late is enough to need a person.
    """
    if answer.action is Action.ACCEPT:
        return Verdict(Outcome.ACCEPTED, "as requested")
    if answer.action is Action.REJECT:
        return Verdict(Outcome.REJECTED, "rejected by the supplier")
    early = max((line.requested_date - one.promised_date).days for one in answer.schedule)
    late = max((one.promised_date - line.requested_date).days for one in answer.schedule)
    total = sum((one.quantity for one in answer.schedule), ZERO)
    under = max(ZERO, (line.open_quantity - total) * HUNDRED / line.open_quantity)
    over = max(ZERO, (total - line.open_quantity) * HUNDRED / line.open_quantity)
    outside = [
        f"{name} {_plain(actual)} > {_plain(allowed)} {unit}"
        for name, actual, allowed, unit in (
            ("late", late, tolerance.days_late, "days"),
            ("early", early, tolerance.days_early, "days"),
            ("short", under, tolerance.percent_under, "%"),
            ("over", over, tolerance.percent_over, "%"),
        )
        if actual > allowed
    ]
    if outside:
        return Verdict(Outcome.AWAITING_BUYER, f"outside tolerance: {', '.join(outside)}")
    allowed = (
        f"{tolerance.days_late} days late, {tolerance.days_early} days early, "
        f"{_plain(tolerance.percent_under)} % short, {_plain(tolerance.percent_over)} % over"
    )
    return Verdict(Outcome.ACCEPTED, f"within tolerance: {allowed}")


def _plain(value: Decimal | int) -> str:
    number = Decimal(value).quantize(Decimal("0.1"))
    return f"{number.normalize():f}"


def check_decidable(status: LineStatus) -> None:
    """Raise Conflict when no proposal waits for a decision."""
    if status is not LineStatus.AWAITING_BUYER:
        raise Conflict(
            [
                Fault(
                    "status",
                    "nothing_to_decide",
                    "No proposal of the supplier waits for a decision on this line",
                )
            ]
        )


def check_receipt(line: OpenLine, quantity: Decimal) -> None:
    """Raise when a receipt can't be booked: a closed line, or more than is open on it."""
    if line.status in CLOSED_LINES:
        raise Conflict(
            [
                Fault(
                    "status",
                    "line_closed",
                    f"This line is {line.status.value}; nothing can be received on it",
                )
            ]
        )
    fault = quantity_fault("quantity", quantity, line.unit)
    if fault:
        raise RuleViolation([fault])
    if quantity > line.open_quantity:
        raise RuleViolation.of(
            "quantity",
            "more_than_open",
            f"{quantity.normalize():f} can't be received: {line.open_quantity.normalize():f} is open",
        )


def status_after_receipt(line: OpenLine) -> LineStatus:
    """The status of a line whose `received` has just grown."""
    if line.received >= line.quantity:
        return LineStatus.RECEIVED
    if line.status in (LineStatus.AWAITING_SUPPLIER, LineStatus.AWAITING_BUYER):
        return line.status  # goods came, but the answer to the rest is still owed
    return LineStatus.PARTIALLY_RECEIVED


def spread_receipt(open_by_line: Sequence[tuple[int, Decimal]], quantity: Decimal) -> dict[int, Decimal]:
    """Book a received quantity on schedule lines in the order given (earliest first), by their id."""
    booked: dict[int, Decimal] = {}
    for line_id, still_open in open_by_line:
        taken = min(still_open, quantity)
        if taken > ZERO:
            booked[line_id] = taken
            quantity -= taken
    return booked
