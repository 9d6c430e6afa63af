"""Let go of what was kept only for a while. Facts, ledgers and audit events are never pruned."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.models import OutboxMessage
from portal.services import idempotency
from portal.services.transaction import service

#: For how long the same Idempotency-Key gets the same answer.
KEYS_KEPT = timedelta(days=2)
#: For how long a delivered message can be looked up.
MESSAGES_KEPT = timedelta(days=30)


@service
def prune(session: Session, now: datetime) -> int:
    """Delete old idempotency keys and delivered messages; how many rows."""
    keys = idempotency.forget(session, now - KEYS_KEPT)
    delivered = delete(OutboxMessage).where(OutboxMessage.delivered_at < now - MESSAGES_KEPT)
    return keys + len(session.execute(delivered.returning(OutboxMessage.id)).all())
