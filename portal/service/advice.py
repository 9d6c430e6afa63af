"""What to say to a customer about a backorder, and what has to be done next. Pure words from facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.backorder import CLOSED, Status, WaitingOn, is_late
from portal.models import Backorder


class Concern(StrEnum):
    """Why a customer should hear from a person today, worst first."""

    LATE = "late"
    BOUNCED = "bounced"
    UNDATED = "undated"
    MOVED = "moved"


CONCERN_WORDS: dict[Concern, str] = {
    Concern.LATE: "Late",
    Concern.BOUNCED: "Mail came back",
    Concern.UNDATED: "No date",
    Concern.MOVED: "Moved, not told yet",
}

#: The status code that shows each (see portal/presentation.py).
CONCERN_CODES: dict[Concern, str] = {
    Concern.LATE: "late",
    Concern.BOUNCED: "refused",
    Concern.UNDATED: "warning",
    Concern.MOVED: "notice",
}


@dataclass(frozen=True)
class Advice:
    concerns: tuple[Concern, ...]
    next_step: str


def concerns(backorder: Backorder, today: date) -> tuple[Concern, ...]:
    if backorder.status in CLOSED:
        return ()
    travels = backorder.status == Status.SHIPPED
    found = {
        Concern.LATE: is_late(backorder.promised_date, backorder.requested_date, today, backorder.quantities),
        Concern.BOUNCED: backorder.notice_risk is not None,
        Concern.UNDATED: backorder.promised_date is None and backorder.planned_at is not None and not travels,
        Concern.MOVED: backorder.told_date != backorder.promised_date
        and backorder.planned_at is not None
        and not travels,
    }
    return tuple(concern for concern, is_so in found.items() if is_so)


def advise(backorder: Backorder, today: date) -> Advice:
    found = concerns(backorder, today)
    return Advice(found, _next_step(backorder, found))


def _next_step(backorder: Backorder, found: tuple[Concern, ...]) -> str:
    if backorder.status in CLOSED:
        return "Nothing: it is over."
    if backorder.cancel_requested_at is not None:
        return "Nothing: it is being cancelled, and the customer gets a mail."
    if Concern.BOUNCED in found:
        on = f" on {backorder.customer.phone}" if backorder.customer.phone else ""
        return f"Call the customer{on}: mail does not arrive. Ask for an address that does."
    if Concern.UNDATED in found:
        who = backorder.owner.name if backorder.owner else "the buyers"
        return f"Say that there is no date yet and that {who} is finding supply; offer an alternative."
    if Concern.LATE in found:
        return f"Say sorry and why; {_chase(backorder)}. Offer an alternative, or to cancel."
    if Concern.MOVED in found:
        return "The mail with the new date is on its way; tell it now if the customer is on the line."
    if backorder.status == Status.SHIPPED:
        return "Give the tracking number."
    return "Nothing: the promise stands."


def _chase(backorder: Backorder) -> str:
    match backorder.waiting_on:
        case WaitingOn.WAREHOUSE:
            return "ask the warehouse when it leaves"
        case WaitingOn.BUYER:
            return f"ask {backorder.owner.name if backorder.owner else 'the buyers'} for a new date"
        case WaitingOn.CARRIER:
            return "follow the parcel"
    return "ask the buyers what the supplier says"
