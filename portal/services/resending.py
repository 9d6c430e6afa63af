"""Having a notice that was refused sent once more, to the address that is known now."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.errors import Conflict, Fault
from domain.notices import ACCOUNT_KINDS, CUSTOMER_KINDS, NoticeStatus
from portal.models import Notice, PurchaseOrderLine
from portal.services.outbox import post_start
from portal.services.people import supplier_addresses
from portal.services.transaction import Context, announce, found, record, service
from workflows.contract import NOTICE_WORKFLOW, NoticeJob, notice_workflow_id


@service
def send_again(session: Session, who: Context, notice_id: int) -> Notice:
    """Send a refused notice again, in the words it had. Its risk is lifted until it is refused once more."""
    notice = found(
        session.scalar(
            select(Notice)
            .where(Notice.id == notice_id)
            .with_for_update(of=Notice)
            .execution_options(populate_existing=True)
        ),
        "id",
        "notice",
        notice_id,
    )
    if notice.status != NoticeStatus.REFUSED:
        raise Conflict([Fault("id", "not_refused", "That notice is not refused any more")])
    if notice.kind in ACCOUNT_KINDS:
        raise Conflict([Fault("id", "secret_gone", "Its link is gone: invite the person again, under People")])
    before = notice.recipient
    _readdress(session, notice)
    # As if a sender had died over it: sent with the same words and Message-ID, and not weighed as news again.
    notice.status = NoticeStatus.SENDING
    notice.lease_until = who.now
    notice.last_error = None
    workflow_id = f"{notice_workflow_id(notice.id)}-again-{notice.attempts}"
    post_start(session, NOTICE_WORKFLOW, workflow_id, NoticeJob(notice.id), summary=notice.kind)
    record(
        session,
        who,
        "notice.sent_again",
        "notice",
        str(notice.id),
        before={"recipient": before},
        after={"recipient": notice.recipient},
    )
    announce(session, "operations")
    return notice


def _readdress(session: Session, notice: Notice) -> None:
    """Write to where the same reader is written to today, and lift the risk that the old address was."""
    if notice.backorder is not None and notice.kind in CUSTOMER_KINDS:
        notice.recipient = notice.backorder.customer.email or notice.recipient
        notice.backorder.notice_risk = None
        announce(session, f"backorder:{notice.backorder.number}")
    elif notice.line_id is not None and notice.supplier_id is not None:
        line = session.get_one(PurchaseOrderLine, notice.line_id)
        addresses = supplier_addresses(session, line.supplier)
        if addresses and notice.recipient not in addresses:
            notice.recipient = addresses[0]
        line.notice_risk = None
        announce(session, f"line:{line.id}")
