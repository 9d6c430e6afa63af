"""Asking suppliers for an answer, and asking again, higher up the ladder each time."""

from __future__ import annotations

import functools
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from domain.notices import NoticeKind
from domain.reminders import Audience, Ladder, Rung, due, next_after, rungs
from domain.replenishment import LineStatus
from portal.models import PurchaseOrderLine, Supplier
from portal.services import people
from portal.services.notice_writing import tell_staff, tell_supplier
from portal.services.transaction import Context, announce, found, record, service, system
from portal.services.views import line_view
from workflows.contract import LineRef, LineView

#: What every step and view of a line reads with it.
ALONGSIDE = (
    joinedload(PurchaseOrderLine.supplier),
    joinedload(PurchaseOrderLine.product),
    joinedload(PurchaseOrderLine.warehouse),
)


def line_by_ref(session: Session, ref: LineRef, *, lock: bool = False) -> PurchaseOrderLine:
    query = (
        select(PurchaseOrderLine)
        .where(PurchaseOrderLine.po_number == ref.po_number, PurchaseOrderLine.line_number == ref.line_number)
        .options(*ALONGSIDE)
    )
    if lock:
        query = query.with_for_update(of=PurchaseOrderLine).execution_options(populate_existing=True)
    return found(session.scalar(query), "line", "purchase order line", f"{ref.po_number}/{ref.line_number}")


@service
def ask(session: Session, ref: LineRef, now: datetime) -> LineView:
    """Put a line before its supplier, once. A line that was confirmed when it was booked needs no answer."""
    line = line_by_ref(session, ref, lock=True)
    if line.status == LineStatus.AWAITING_SUPPLIER and line.asked_at is None:
        _ask(session, line, system(now))
    return noted(session, line, now)


def _ask(session: Session, line: PurchaseOrderLine, who: Context) -> None:
    line.asked_at = who.now
    arm(line, who.now)
    # one mail an order and day, however many lines it has
    tell_supplier(session, line, NoticeKind.ANSWER_NEEDED, f"asked-{who.now.date()}", {})
    record(
        session,
        who,
        "purchase_order_line.asked",
        "purchase_order_line",
        f"{line.po_number}/{line.line_number}",
        after={"next_reminder_at": line.next_reminder_at},
    )
    announce(session, f"supplier:{line.supplier_id}")


def arm(line: PurchaseOrderLine, now: datetime) -> None:
    """Set when the next step of the ladder is due; None when all have been taken."""
    step = next_after(ladder_of(line), line.reminders)
    line.next_reminder_at = step.at if step else None


def ladder_of(line: PurchaseOrderLine) -> tuple[Rung, ...]:
    """The ladder of a line that has been asked, with the instants of its steps."""
    supplier = line.supplier
    if line.asked_at is None:
        return ()
    return rungs(
        Ladder(tuple(supplier.reminder_days), supplier.buyer_day, supplier.manager_day),
        line.asked_at,
        ZoneInfo(supplier.time_zone),
        holidays_of(supplier, line.asked_at.year),
    )


def holidays_of(supplier: Supplier, year: int) -> AbstractSet[date]:
    """Public holidays where the supplier is, in this year and the next; none where its country is not known."""
    return _holidays(supplier.country, year) if supplier.country else frozenset()


@functools.lru_cache(maxsize=512)
def _holidays(country: str, year: int) -> AbstractSet[date]:
    if country not in holidays.list_supported_countries(include_aliases=False):
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=(year, year + 1)))


@service
def climb(session: Session, ref: LineRef, now: datetime) -> LineView:
    """Take every step that is due. After an outage the steps missed are caught up without a burst: each
    audience hears once."""
    line = line_by_ref(session, ref, lock=True)
    if line.status == LineStatus.AWAITING_SUPPLIER and line.asked_at is not None:
        steps = due(ladder_of(line), line.reminders, now)
        for step in {step.audience: step for step in steps}.values():
            _take(session, line, step, system(now))
        if steps:
            line.reminders = steps[-1].step
            announce(session, f"supplier:{line.supplier_id}", "planning")
        arm(line, now)
    return noted(session, line, now)


def _take(session: Session, line: PurchaseOrderLine, step: Rung, who: Context) -> None:
    asked = line.asked_at.date() if line.asked_at else who.now.date()
    occasion = f"asked-{asked}-step-{step.step}"
    facts = {"asked_on": asked, "step": step.step}
    if step.audience is Audience.SUPPLIER:
        tell_supplier(session, line, NoticeKind.ANSWER_REMINDER, occasion, facts)
    elif step.audience is Audience.BUYER:
        person = line.order.buyer or people.buyer(session)
        tell_staff(session, [person] if person else [], line, NoticeKind.ANSWER_OVERDUE, occasion, facts)
    else:
        line.escalated = True
        person = people.manager(session)
        tell_staff(session, [person] if person else [], line, NoticeKind.ANSWER_OVERDUE, occasion, facts)
    record(
        session,
        who,
        f"purchase_order_line.reminded_{step.audience}",
        "purchase_order_line",
        f"{line.po_number}/{line.line_number}",
        after=facts,
    )


def noted(session: Session, line: PurchaseOrderLine, now: datetime) -> LineView:
    """The line as its workflow is to know it; it has now seen this version."""
    line.settled_version = line.version
    session.flush()
    return line_view(session, line, now)
