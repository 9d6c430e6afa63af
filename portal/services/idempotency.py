"""Calls that carry a key and may come twice: the second gets the answer of the first and does nothing.

A key is written in the transaction of what the call does, together with the answer, so that a crash
leaves all of it or none. Only what succeeded is remembered: a call that was refused changed nothing,
and may be mended and sent again under its key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from domain.errors import Conflict, Fault, RuleViolation
from portal.models import IdempotencyKey

HEADER = "Idempotency-Key"

#: How long a call waits for another one with its key that is under way.
LONGEST_WAIT = "10s"


@dataclass(frozen=True)
class Given:
    """An answer that was given before."""

    status: int
    body: str


def claim(session: Session, user_id: int, key: str, request_hash: str, now: datetime) -> Given | None:
    """Take a key for the call that this transaction does, or say what was answered to the same call before.

    A call under the same key that is under way is waited for. Raises RuleViolation when the key was
    used for another request, Conflict when the other call takes too long.
    """
    session.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": LONGEST_WAIT})
    try:
        taken = session.execute(
            insert(IdempotencyKey)
            .values(user_id=user_id, key=key, request_hash=request_hash, created_at=now)
            .on_conflict_do_nothing()
            .returning(IdempotencyKey.key)
        ).first()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":  # lock_not_available
            raise _under_way() from error
        raise
    session.execute(text("SELECT set_config('lock_timeout', '0', true)"))
    if taken:
        return None
    earlier = session.execute(
        select(IdempotencyKey.request_hash, IdempotencyKey.status, IdempotencyKey.body).where(
            IdempotencyKey.user_id == user_id, IdempotencyKey.key == key
        )
    ).first()
    if earlier is None or earlier.status is None:  # forgotten between the two looks
        raise _under_way()
    if earlier.request_hash != request_hash:
        raise RuleViolation.of(
            HEADER, "key_reused", f"This {HEADER} was used for another request; give each request a key of its own"
        )
    return Given(earlier.status, earlier.body or "")


def keep(session: Session, user_id: int, key: str, status: int, body: str) -> None:
    """Write down the answer to the call that holds the key, before the same transaction is committed."""
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
        .values(status=status, body=body)
    )


def forget(session: Session, before: datetime) -> int:
    """Let keys of calls from before an instant be used anew; how many there were. The caller commits."""
    deleted = session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.created_at < before).returning(IdempotencyKey.key)
    )
    return len(deleted.all())


def _under_way() -> Conflict:
    return Conflict([Fault(HEADER, "in_progress", f"A call with this {HEADER} is under way; send it again later")])
