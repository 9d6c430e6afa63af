from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.models import IdempotencyKey, OutboxMessage
from portal.services.pruning import KEYS_KEPT, MESSAGES_KEPT, prune
from portal.services.transaction import Context
from tests.builders import make_company, order


def test_old_keys_and_delivered_messages_go_and_nothing_else(
    session: Session, who: Callable[..., Context]
) -> None:
    company = make_company(session)
    order(session, who())
    now = who().now
    for key, age in (("old", KEYS_KEPT + timedelta(hours=1)), ("young", timedelta(hours=1))):
        session.add(IdempotencyKey(user_id=company.buyer.id, key=key, request_hash="x" * 64, created_at=now - age))
    posted = session.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id)).all()
    long_ago = now - MESSAGES_KEPT - timedelta(days=1)
    session.execute(update(OutboxMessage).where(OutboxMessage.id == posted[0]).values(delivered_at=long_ago))
    session.execute(update(OutboxMessage).where(OutboxMessage.id == posted[1]).values(delivered_at=now))
    session.commit()
    assert prune(session, now) == 2
    assert session.scalars(select(IdempotencyKey.key)).all() == ["young"]
    assert session.scalar(select(func.count()).select_from(OutboxMessage)) == len(posted) - 1
