"""What a change of a purchase order line means for those who wait for its goods."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.reasons import PromiseReason
from domain.replenishment import LineStatus
from portal.models import SupplierAnswer
from portal.services.asking import arm, line_by_ref, noted
from portal.services.pegging import Cause, replan
from portal.services.transaction import lock_products, service, system
from workflows.contract import LineRef, LineView


@service
def settle_line(session: Session, ref: LineRef, now: datetime) -> LineView:
    """Carry a line's change on to the backorders that rest on it: pegs, promises, notices, messages.

    Planning is a function of what the tables say, so settling a line again changes nothing.
    """
    line = line_by_ref(session, ref)
    if line.version != line.settled_version:
        lock_products(session, [line.product_id])
        line = line_by_ref(session, ref, lock=True)
        if line.status == LineStatus.AWAITING_SUPPLIER and line.next_reminder_at is None:
            arm(line, now)  # a rejected proposal: the supplier is asked again
        replan(session, line.product_id, system(now), _cause(session, line.id))
    return noted(session, line, now)


def _cause(session: Session, line_id: int) -> Cause:
    """Why the line changed last, in the supplier's own words where it was an answer."""
    answer = session.scalar(
        select(SupplierAnswer).where(SupplierAnswer.line_id == line_id).order_by(SupplierAnswer.id.desc()).limit(1)
    )
    if answer is None:
        return Cause(PromiseReason.SUPPLY_REPLANNED)
    if answer.action == "reject":
        return Cause(PromiseReason.SUPPLIER_REJECTED, answer.reason_code)
    return Cause(PromiseReason.SUPPLIER_MOVED, answer.reason_code)
