"""What suppliers answer, and what buyers decide on it. Every channel ends here."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from domain.errors import Conflict, Fault, RuleViolation
from domain.notices import NoticeKind
from domain.replenishment import (
    Answer,
    Decision,
    LineStatus,
    Outcome,
    ScheduleLine,
    Tolerance,
    Verdict,
    check_answer,
    check_decidable,
    judge,
)
from portal.models import PurchaseOrderLine, PurchaseOrderSchedule, Supplier, SupplierAnswer, SupplyPromise
from portal.services.notice_writing import tell_supplier
from portal.services.outbox import post_signal
from portal.services.purchasing import write_ledger
from portal.services.transaction import Context, amount, announce, found, record, service

ZERO = Decimal(0)


def locked_line(session: Session, line_id: int) -> PurchaseOrderLine:
    """A line, locked. Raises NotFound, also for a line of another supplier."""
    line = session.scalar(
        select(PurchaseOrderLine)
        .where(PurchaseOrderLine.id == line_id)
        .options(
            joinedload(PurchaseOrderLine.supplier),
            joinedload(PurchaseOrderLine.product),
            joinedload(PurchaseOrderLine.warehouse),
        )
        .with_for_update(of=PurchaseOrderLine)
        .execution_options(populate_existing=True)
    )
    return found(line, "id", "purchase order line", line_id)


def tolerance_of(supplier: Supplier) -> Tolerance:
    return Tolerance(
        days_early=supplier.days_early_tolerance,
        days_late=supplier.days_late_tolerance,
        percent_under=supplier.under_tolerance_percent,
        percent_over=supplier.over_tolerance_percent,
    )


@service
def answer_line(
    session: Session, who: Context, line_id: int, answer: Answer, version: int | None = None
) -> Verdict:
    """Record a supplier's answer and judge it. `version` is the one the supplier was shown.

    Raises RuleViolation with every fault, Conflict when the line is closed or was changed since.
    """
    return _answer(session, who, line_id, answer, version)


@service
def answer_lines(
    session: Session, who: Context, answers: dict[int, tuple[Answer, int | None]]
) -> dict[int, Verdict]:
    """Answer many lines at once, all or none. Faults name their line: `lines.<id>.<field>`."""
    verdicts: dict[int, Verdict] = {}
    faults: list[Fault] = []
    for line_id in sorted(answers):
        answer, version = answers[line_id]
        try:
            verdicts[line_id] = _answer(session, who, line_id, answer, version)
        except RuleViolation as violation:
            faults += [
                Fault(f"lines.{line_id}.{fault.field}", fault.code, fault.message) for fault in violation.faults
            ]
    if faults:
        raise RuleViolation(faults)
    return verdicts


def _answer(session: Session, who: Context, line_id: int, answer: Answer, version: int | None) -> Verdict:
    line = locked_line(session, line_id)
    if version is not None and version != line.version:
        raise Conflict(
            [
                Fault(
                    "version",
                    "stale",
                    f"Line {line.po_number}/{line.line_number} was changed since you opened it; look at it again",
                )
            ]
        )
    open_line = line.open_line
    check_answer(open_line, answer, who.now.date())
    verdict = judge(open_line, answer, tolerance_of(line.supplier))
    before = {"status": line.status, "promised_date": line.promised_date}
    line.version += 1
    line.answered_at = who.now
    _stop_asking(line)
    _withdraw_pending(session, line, who)
    row = SupplierAnswer(
        line_id=line.id,
        supplier_id=line.supplier_id,
        action=answer.action,
        schedule=[
            {"quantity": amount(one.quantity), "promised_date": one.promised_date.isoformat()}
            for one in answer.schedule
        ],
        reason_code=answer.reason_code,
        note=answer.note,
        outcome=verdict.outcome,
        rule=verdict.rule,
        channel=who.channel,
        actor=who.actor,
        answered_at=who.now,
    )
    session.add(row)
    session.flush()
    if verdict.outcome is Outcome.ACCEPTED:
        schedule = answer.schedule or (ScheduleLine(open_line.open_quantity, line.requested_date),)
        _agree(session, who, line, schedule, row)
    elif verdict.outcome is Outcome.REJECTED:
        _reject(session, who, line, row)
    else:
        line.status = LineStatus.AWAITING_BUYER
    _tell_changed(session, line, "answered")
    record(
        session,
        who,
        f"purchase_order_line.{answer.action}",
        "purchase_order_line",
        f"{line.po_number}/{line.line_number}",
        before=before,
        after={
            "status": line.status,
            "promised_date": line.promised_date,
            "schedule": row.schedule,
            "outcome": verdict.outcome,
            "rule": verdict.rule,
        },
        reason=answer.reason_code,
    )
    return verdict


@service
def decide(
    session: Session, who: Context, line_id: int, decision: Decision, reason: str, version: int | None = None
) -> PurchaseOrderLine:
    """A buyer approves what a supplier proposed, or rejects it: then the old values stand and the supplier
    is asked again. Raises Conflict when nothing waits for a decision."""
    line = locked_line(session, line_id)
    if version is not None and version != line.version:
        raise Conflict([Fault("version", "stale", "The line was changed since you opened it; look at it again")])
    check_decidable(LineStatus(line.status))
    if decision is Decision.REJECT and not reason.strip():
        raise RuleViolation.of("reason", "required", "Say why, so that the supplier can answer again")
    pending = found(next((each for each in line.answers if each.pending), None), "id", "open proposal on", line_id)
    pending.decision = decision
    pending.decision_reason = reason or None
    pending.decided_by = who.actor
    pending.decided_at = who.now
    before = {"status": line.status, "promised_date": line.promised_date}
    line.version += 1
    if decision is Decision.APPROVE:
        schedule = tuple(
            ScheduleLine(Decimal(one["quantity"]), date.fromisoformat(one["promised_date"]))
            for one in pending.schedule
        )
        _agree(session, who, line, schedule, pending)
    else:
        line.status = LineStatus.AWAITING_SUPPLIER
        line.asked_at = who.now
        line.answered_at = None
        _stop_asking(line)
        tell_supplier(session, line, NoticeKind.PROPOSAL_REJECTED, f"answer-{pending.id}", {"reason": reason})
    _tell_changed(session, line, "decided")
    record(
        session,
        who,
        f"purchase_order_line.proposal_{decision}d"
        if decision == "approve"
        else "purchase_order_line.proposal_rejected",
        "purchase_order_line",
        f"{line.po_number}/{line.line_number}",
        before=before,
        after={"status": line.status, "promised_date": line.promised_date, "schedule": pending.schedule},
        reason=reason or None,
    )
    return line


def _tell_changed(session: Session, line: PurchaseOrderLine, signal: str) -> None:
    post_signal(session, line.workflow_id, signal)
    announce(session, f"supplier:{line.supplier_id}", f"line:{line.id}", "planning")


def _stop_asking(line: PurchaseOrderLine) -> None:
    line.reminders = 0
    line.escalated = False
    line.next_reminder_at = None


def _withdraw_pending(session: Session, line: PurchaseOrderLine, who: Context) -> None:
    for each in line.answers:
        if each.pending:
            each.withdrawn_at = who.now


def _agree(
    session: Session,
    who: Context,
    line: PurchaseOrderLine,
    schedule: tuple[ScheduleLine, ...],
    answer: SupplierAnswer,
) -> None:
    """Make a schedule the agreed one and write it to the ledger. What has been received stays as it is.

    Schedule lines that keep their date keep their row, so that what is pegged to them stays pegged.
    """
    wanted: dict[date, Decimal] = defaultdict(Decimal)
    for one in schedule:
        wanted[one.promised_date] += one.quantity
    for row in line.schedule:
        quantity = wanted.pop(row.due_date, ZERO)
        if row.received_quantity + quantity > ZERO:
            row.quantity = row.received_quantity + quantity
            row.confirmed = True
        else:
            row.replaced_at = who.now
    for day, quantity in sorted(wanted.items()):
        session.add(
            PurchaseOrderSchedule(
                line_id=line.id, supplier_id=line.supplier_id, quantity=quantity, due_date=day, confirmed=True
            )
        )
    first = session.scalar(
        select(SupplyPromise.id).where(SupplyPromise.line_id == line.id, SupplyPromise.kind == "original").limit(1)
    )
    for one in schedule:
        write_ledger(
            session,
            who,
            line,
            "revision" if first else "original",
            one.promised_date,
            one.quantity,
            reason_code=answer.reason_code,
            answer_id=answer.id,
        )
    line.promised_date = max(one.promised_date for one in schedule)
    line.status = LineStatus.PARTIALLY_RECEIVED if line.received_quantity > ZERO else LineStatus.CONFIRMED
    session.flush()
    session.expire(line, ["schedule"])


def _reject(session: Session, who: Context, line: PurchaseOrderLine, answer: SupplierAnswer) -> None:
    """The line brings nothing more; its open schedule lines are withdrawn."""
    for row in line.schedule:
        write_ledger(
            session,
            who,
            line,
            "withdrawn",
            row.due_date,
            row.open_quantity,
            reason_code=answer.reason_code,
            answer_id=answer.id,
        )
        if row.received_quantity > ZERO:
            row.quantity = row.received_quantity
        else:
            row.replaced_at = who.now
    line.status = LineStatus.REJECTED
    line.closed_at = who.now
    session.flush()
    session.expire(line, ["schedule"])
