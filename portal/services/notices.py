"""Sending notices: claimed before, noted after, so that none is lost and none is sent twice.

A crash between the mail server's "yes" and our note of it leaves the notice "sending"; when the lease
has run out it is sent again with the same Message-ID, by which receiving systems know it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from domain.backorder import Status
from domain.notices import ACCOUNT_KINDS, CUSTOMER_KINDS, NoticeKind, NoticeStatus
from domain.promise import is_news
from portal.config import Settings
from portal.links import Tracked, desk_link, tracking_link
from portal.mails import Mail, render
from portal.models import Backorder, Notice, PurchaseOrderLine, SalesOrderLine
from portal.services.transaction import amount, announce, found, record, service, system

#: How long a sender that said "sending" is taken to be at it; more than one attempt may take.
LEASE = timedelta(seconds=50)

TELLS_THE_DATE = frozenset({NoticeKind.OPENED, NoticeKind.PROMISE_CHANGED, NoticeKind.ALLOCATED})
#: After these there is no date to wait for any more.
OVER = frozenset({Status.SHIPPED, Status.DELIVERED, Status.CANCELLED})


@dataclass(frozen=True)
class Outgoing:
    """A mail ready to hand to a mail server. The Message-ID is the same however often it is tried."""

    notice_id: int
    message_id: str
    sender: str
    recipient: str
    recipient_name: str
    mail: Mail


@service
def claim(session: Session, notice_id: int, now: datetime, settings: Settings) -> Outgoing | None:
    """Say that a notice is being sent, and with which words; None when there is nothing to send (any more),
    or another sender is at it."""
    notice = session.scalar(
        select(Notice).where(Notice.id == notice_id).with_for_update().execution_options(populate_existing=True)
    )
    notice = found(notice, "id", "notice", notice_id)
    if notice.status == NoticeStatus.SENDING:
        if notice.lease_until is not None and notice.lease_until > now:
            return None
    elif notice.status != NoticeStatus.PENDING:
        return None
    facts = dict(notice.facts)
    if notice.kind in CUSTOMER_KINDS:
        news = _backorder_facts(session, notice, settings)
        if news is None:
            notice.status = NoticeStatus.SUPERSEDED
            return None
        facts |= news
    elif notice.line_id is not None:
        facts |= _line_facts(session, notice, settings)
    facts["link"] = facts.get("link") or desk_link(settings, "/")
    mail = render(
        NoticeKind(notice.kind),
        facts,
        recipient_name=notice.recipient_name,
        time_zone=notice.time_zone,
        at=notice.created_at,
    )
    notice.facts = facts
    notice.subject = mail.subject[:300]
    notice.status = NoticeStatus.SENDING
    notice.attempts += 1
    notice.lease_until = now + LEASE
    return Outgoing(
        notice_id=notice.id,
        message_id=f"<notice-{notice.id}.{notice.created_at:%Y%m%d%H%M%S%f}@{_domain(settings)}>",
        sender=settings.mail_from,
        recipient=notice.recipient,
        recipient_name=notice.recipient_name,
        mail=mail,
    )


def _domain(settings: Settings) -> str:
    return settings.mail_from.rpartition("@")[2].rstrip(">")


def _backorder_facts(session: Session, notice: Notice, settings: Settings) -> dict[str, Any] | None:
    """What to say about the backorder as it is now, and note the date that is being told. None when the
    news is no news any more."""
    backorder = session.scalar(
        select(Backorder)
        .where(Backorder.id == notice.backorder_id)
        .options(joinedload(Backorder.product), joinedload(Backorder.order_line).joinedload(SalesOrderLine.order))
        .with_for_update(of=Backorder)
        .execution_options(populate_existing=True)
    )
    backorder = found(backorder, "id", "backorder", notice.backorder_id)
    told_before = notice.facts.get("told_before") or (
        backorder.told_date.isoformat() if backorder.told_date else None
    )
    first_try = notice.status == NoticeStatus.PENDING
    still_news = backorder.status not in OVER and is_news(backorder.told_date, backorder.promised_date)
    if notice.kind == NoticeKind.PROMISE_CHANGED and first_try and not still_news:
        return None
    if notice.kind in TELLS_THE_DATE and first_try:
        backorder.told_date = backorder.promised_date
    line = backorder.order_line
    return {
        "backorder": backorder.number,
        "order": line.order.number,
        "line": line.line_number,
        "sku": backorder.product.sku,
        "product": backorder.product.name,
        "unit": backorder.product.unit,
        "ordered": amount(line.quantity),
        "waiting": amount(backorder.quantities.owed),
        "requested_date": backorder.requested_date.isoformat(),
        "promised_date": _told(notice, first_try, backorder),
        "told_before": told_before,
        "firm": backorder.promise_basis != "planned",
        "status": str(backorder.status),
        "link": tracking_link(settings, Tracked(backorder.customer_id, backorder.number)),
    }


def _told(notice: Notice, first_try: bool, backorder: Backorder) -> str | None:
    """The date this notice tells; a second try of the same mail tells what the first one did."""
    if not first_try and "promised_date" in notice.facts:
        return notice.facts["promised_date"]
    return backorder.promised_date.isoformat() if backorder.promised_date else None


def _line_facts(session: Session, notice: Notice, settings: Settings) -> dict[str, Any]:
    line = session.get_one(PurchaseOrderLine, notice.line_id)
    lines = [line]
    if notice.kind == NoticeKind.ANSWER_NEEDED:
        lines = list(
            session.scalars(
                select(PurchaseOrderLine)
                .where(PurchaseOrderLine.order_id == line.order_id, PurchaseOrderLine.closed_at.is_(None))
                .order_by(PurchaseOrderLine.line_number)
                .limit(50)
            )
        )
    own_desk = "/supplier" if notice.supplier_id else f"/purchase-orders/{line.po_number}/{line.line_number}"
    return {
        "po": line.po_number,
        "lines": [
            {
                "line": each.line_number,
                "sku": each.product.sku,
                "product": each.product.name,
                "quantity": amount(each.open_quantity),
                "unit": each.product.unit,
                "requested_date": each.requested_date.isoformat(),
                "waiting_customers": each.waiting_customers,
            }
            for each in lines
        ],
        "supplier": line.supplier.name,
        "link": desk_link(settings, own_desk),
    }


@service
def mark_sent(session: Session, notice_id: int, now: datetime) -> str:
    notice = _locked(session, notice_id)
    notice.status = NoticeStatus.SENT
    notice.sent_at = now
    notice.lease_until = None
    notice.last_error = None
    _forget_secret(notice)
    _lift_risk(session, notice)
    _announce(session, notice)
    return notice.status


def _lift_risk(session: Session, notice: Notice) -> None:
    """An address that takes mail again is no risk any more."""
    if notice.backorder is not None:
        notice.backorder.notice_risk = None
    elif notice.line_id is not None and notice.supplier_id is not None:
        session.execute(
            update(PurchaseOrderLine)
            .where(PurchaseOrderLine.id == notice.line_id, PurchaseOrderLine.notice_risk.is_not(None))
            .values(notice_risk=None)
        )


@service
def mark_refused(session: Session, notice_id: int, error: str, now: datetime) -> str:
    """The address was refused for good: a risk on what the notice is about, until somebody mends it."""
    notice = _locked(session, notice_id)
    notice.status = NoticeStatus.REFUSED
    notice.lease_until = None
    notice.last_error = error[:500]
    _forget_secret(notice)
    risk = f"Mail to {notice.recipient} was refused: {error}"[:300]
    if notice.backorder is not None:
        notice.backorder.notice_risk = risk
        record(
            session, system(now), "notice.refused", "backorder", notice.backorder.number, after={"error": error}
        )
    elif notice.line_id is not None:
        line = session.get_one(PurchaseOrderLine, notice.line_id)
        line.notice_risk = risk
        record(
            session,
            system(now),
            "notice.refused",
            "purchase_order_line",
            f"{line.po_number}/{line.line_number}",
            after={"error": error},
        )
    _announce(session, notice)
    return notice.status


@service
def mark_failed(session: Session, notice_id: int, error: str, now: datetime) -> str:
    """It did not go out this time; whoever sends it tries again."""
    notice = _locked(session, notice_id)
    if notice.status == NoticeStatus.SENDING:
        notice.lease_until = now
        notice.last_error = error[:500]
    return notice.status


def _locked(session: Session, notice_id: int) -> Notice:
    return found(
        session.scalar(
            select(Notice)
            .where(Notice.id == notice_id)
            .options(joinedload(Notice.backorder))
            .with_for_update(of=Notice)
            .execution_options(populate_existing=True)
        ),
        "id",
        "notice",
        notice_id,
    )


def _forget_secret(notice: Notice) -> None:
    """A link that chooses a password is in nobody's hands but the recipient's, once the mail is settled."""
    if notice.kind in ACCOUNT_KINDS:
        notice.facts = {name: value for name, value in notice.facts.items() if name != "link"}


def _announce(session: Session, notice: Notice) -> None:
    if notice.backorder is not None:
        announce(session, f"backorder:{notice.backorder.number}")
