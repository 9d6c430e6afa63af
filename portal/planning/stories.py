"""Timelines: what was said, decided, sent and done, as the record's macro shows it. Newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from domain.reasons import label
from domain.replenishment import Action, Decision, Outcome
from portal.models import (
    Allocation,
    AuditEvent,
    BackorderPromise,
    Notice,
    Receipt,
    Shipment,
    SupplierAnswer,
)
from portal.presentation import quantity, status_label

#: What the parts of a timeline are called, in the order of its filter.
THREADS = {
    "promises": "Promises",
    "supplier": "Supplier",
    "goods": "Goods",
    "notices": "Notices",
    "record": "Record",
}


@dataclass(frozen=True)
class Event:
    """One thing that happened; `thread` is the part of the timeline it belongs to."""

    at: datetime
    title: str
    thread: str
    icon: str = "circle-dot"
    tone: str = "quiet"
    actor: str = ""
    text: str = ""


def newest_first(*stories: Iterable[Event]) -> list[Event]:
    return sorted((event for story in stories for event in story), key=lambda event: event.at, reverse=True)


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"


def _sentences(*parts: str) -> str:
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)


def dated_quantities(schedule: Sequence[dict[str, Any]], unit: str) -> str:
    """What an answer proposed: "40 ea on Tue 5 Jan 2027, 20 ea on …"."""
    return ", ".join(
        f"{quantity(Decimal(one['quantity']), unit)} on {_day(date.fromisoformat(one['promised_date']))}"
        for one in schedule
    )


def of_answers(answers: Iterable[SupplierAnswer], unit: str, about: str = "") -> Iterable[Event]:
    """What the supplier answered and what was decided on it. `about` names the line where there are many."""
    suffix = f" for {about}" if about else ""
    for answer in answers:
        said = {
            Action.ACCEPT: ("Accepted as requested", "check", "good"),
            Action.PROPOSE: (f"Proposed {dated_quantities(answer.schedule, unit)}", "calendar-clock", "wait"),
            Action.REJECT: ("Can't deliver", "circle-x", "bad"),
        }
        title, icon, tone = said[Action(answer.action)]
        reason = label(answer.reason_code) if answer.reason_code else ""
        judged = f"Judged: {answer.rule}" if answer.action == Action.PROPOSE else ""
        text = _sentences(reason, answer.note, judged)
        yield Event(answer.answered_at, f"{title}{suffix}", "supplier", icon, tone, answer.actor, text)
        if answer.decided_at is not None:
            approved = answer.decision == Decision.APPROVE
            yield Event(
                answer.decided_at,
                f"The proposal was {'approved' if approved else 'turned down'}{suffix}",
                "supplier",
                "user-round-check" if approved else "rotate-ccw",
                "good" if approved else "bad",
                answer.decided_by or "",
                answer.decision_reason or "",
            )
        elif answer.withdrawn_at is not None and answer.outcome == Outcome.AWAITING_BUYER:
            yield Event(
                answer.withdrawn_at,
                f"Replaced by a newer answer{suffix}",
                "supplier",
                "history",
                "quiet",
                answer.actor,
            )


def of_receipts(receipts: Iterable[Receipt], unit: str) -> Iterable[Event]:
    for receipt in receipts:
        title = f"{quantity(receipt.quantity, unit)} received in {receipt.warehouse.name}"
        yield Event(receipt.received_at, title, "goods", "warehouse", "good")


def of_promises(ledger: Sequence[BackorderPromise]) -> Iterable[Event]:
    """`ledger` is in the order it was written."""
    for row in reversed(ledger):
        causes = [label(code) for code in (row.reason_code, row.supply_reason_code) if code]
        text = ": ".join(dict.fromkeys(causes))
        if row.promised_date is None:
            yield Event(row.at, "No date can be promised", "promises", "calendar-x", "bad", row.actor, text)
        else:
            title = f"Promised for {_day(row.promised_date)} ({row.basis})"
            yield Event(row.at, title, "promises", "calendar-check", "info", row.actor, text)


def of_notices(notices: Iterable[Notice]) -> Iterable[Event]:
    for notice in notices:
        what = notice.subject or notice.kind.replace("_", " ").capitalize()
        refused = notice.status == "refused"
        yield Event(
            notice.sent_at or notice.created_at,
            f"Mail “{what}” to {notice.recipient}: {status_label(notice.status).lower()}",
            "notices",
            "mail-x" if refused else "mail",
            "bad" if refused else "info",
            "",
            notice.last_error or "" if refused else "",
        )


def of_goods(allocations: Iterable[Allocation], shipments: Iterable[Shipment], unit: str) -> Iterable[Event]:
    for one in allocations:
        released = f"; {quantity(one.released_quantity, unit)} given back" if one.released_quantity else ""
        title = f"{quantity(one.quantity, unit)} reserved in {one.warehouse.name}{released}"
        yield Event(one.at, title, "goods", "package-check", "info")
    for parcel in shipments:
        title = f"{quantity(parcel.quantity, unit)} shipped with {parcel.carrier}"
        yield Event(parcel.shipped_at, title, "goods", "truck", "info", "", f"Tracking {parcel.tracking_number}")
        if parcel.delivered_at is not None:
            title = f"{quantity(parcel.quantity, unit)} delivered"
            yield Event(parcel.delivered_at, title, "goods", "circle-check", "good")


def of_audit(events: Iterable[AuditEvent], unsaid: Iterable[str] = ()) -> Iterable[Event]:
    """The audit trail, without the actions that other parts of the timeline tell (`unsaid`)."""
    told = frozenset(unsaid)
    for event in events:
        if event.action not in told:
            yield Event(
                event.at,
                _action(event.action),
                "record",
                "scroll-text",
                "quiet",
                f"{event.actor} · {event.channel}",
                "; ".join(filter(None, (_changes(event), label(event.reason) if event.reason else ""))),
            )


def _action(action: str) -> str:
    thing, _, verb = action.partition(".")
    return f"{thing.replace('_', ' ').capitalize()}: {verb.replace('_', ' ')}"


def _changes(event: AuditEvent) -> str:
    """What an event changed, as "status Waiting for supplier → Confirmed"."""
    before, after = event.before or {}, event.after or {}
    parts = []
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, dict | list) or value is None or old == value:
            continue
        words, said = name.replace("_", " "), _said(name, value)
        parts.append(f"{words} {_said(name, old)} → {said}" if old is not None else f"{words} {said}")
    return ", ".join(parts)


def _said(name: str, value: object) -> str:
    """A value of the audit trail as people say it: codes in words, dates as dates."""
    text = str(value)
    if name == "status":
        return status_label(text)
    if name == "reason_code":
        return label(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return _day(moment.date()) if len(text) == len("2026-12-31") else f"{_day(moment.date())} {moment:%H:%M %Z}"
