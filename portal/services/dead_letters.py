"""Messages that the engine refused for good: a person has each tried again, or gives it up with a reason."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.errors import Conflict, Fault, RuleViolation
from portal.models import OutboxMessage
from portal.services.transaction import Context, announce, found, record, service

LONGEST_REASON = 200


def waiting(session: Session, limit: int = 100) -> Sequence[OutboxMessage]:
    """Messages that are not delivered yet, dead letters first, then the oldest."""
    return session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.delivered_at.is_(None))
        .order_by(OutboxMessage.dead_at.is_(None), OutboxMessage.id)
        .limit(limit)
    ).all()


def dead(session: Session, limit: int = 100) -> Sequence[OutboxMessage]:
    return session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.delivered_at.is_(None), OutboxMessage.dead_at.is_not(None))
        .order_by(OutboxMessage.id)
        .limit(limit)
    ).all()


def held_back(session: Session, message: OutboxMessage) -> int:
    """How many later messages for the same workflow wait behind this one."""
    return (
        session.scalar(
            select(func.count()).where(
                OutboxMessage.workflow_id == message.workflow_id,
                OutboxMessage.delivered_at.is_(None),
                OutboxMessage.id > message.id,
            )
        )
        or 0
    )


@service
def retry(session: Session, who: Context, message_id: int, reason: str) -> OutboxMessage:
    """Have the relay try a dead letter again, from the beginning."""
    message = _dead_letter(session, message_id)
    before = _state(message)
    reason = _reason(reason)
    message.dead_at = None
    message.attempts = 0
    message.available_at = who.now
    record(session, who, "outbox.retried", "outbox", str(message.id), before=before, reason=reason)
    announce(session, "operations")
    return message


@service
def discard(session: Session, who: Context, message_id: int, reason: str) -> OutboxMessage:
    """Give a dead letter up; later messages for its workflow go on."""
    message = _dead_letter(session, message_id)
    before = _state(message)
    reason = _reason(reason)
    message.delivered_at = who.now
    message.resolution = f"discarded: {reason} ({who.actor})"[:300]
    record(session, who, "outbox.discarded", "outbox", str(message.id), before=before, reason=reason)
    announce(session, "operations")
    return message


def _dead_letter(session: Session, message_id: int) -> OutboxMessage:
    message = found(
        session.scalar(
            select(OutboxMessage)
            .where(OutboxMessage.id == message_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ),
        "id",
        "outbox message",
        message_id,
    )
    if message.delivered_at is not None:
        raise Conflict([Fault("id", "done", f"Message {message_id} was dealt with already")])
    if message.dead_at is None:
        raise Conflict([Fault("id", "not_dead", f"Message {message_id} is still being delivered by itself")])
    return message


def _reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise RuleViolation.of("reason", "required", "Say why: the reason is kept with the message")
    if len(reason) > LONGEST_REASON:
        raise RuleViolation.of("reason", "too_long", f"Keep the reason under {LONGEST_REASON} characters")
    return reason


def _state(message: OutboxMessage) -> dict[str, object]:
    return {
        "workflow_id": message.workflow_id,
        "op": message.op,
        "name": message.name,
        "attempts": message.attempts,
        "last_error": message.last_error,
    }
