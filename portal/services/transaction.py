"""What every service has in common: who asks, one transaction, the record of it, locks in one order.

Locks are always taken in this order, so that no two transactions wait for each other: products by
id, then purchase order lines and backorders by id, then stock rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from domain.errors import NotFound
from portal.models import AuditEvent, Product

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """Who does something, by which way, and when. `now` is aware and in UTC."""

    actor: str
    channel: str
    now: datetime
    actor_id: int | None = None
    address: str | None = None
    request_id: str | None = None


def system(now: datetime, channel: str = "workflow") -> Context:
    """Promiseline itself, acting by rule."""
    return Context(actor="Promiseline", channel=channel, now=now)


def service(function: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Session, P], T]:
    """Commit when the function returns; leave nothing behind when it raises."""

    @functools.wraps(function)
    def run(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        session.info["woken"] = set()  # whose workflows this transaction has written to already
        try:
            result = function(session, *args, **kwargs)
            if session.info.get("joined"):
                session.flush()
                session.expire_all()  # as a commit would, so that what is read next is what was written
            else:
                session.commit()
        except BaseException:
            session.rollback()
            raise
        return result

    return run


@contextmanager
def joined(session: Session) -> Iterator[None]:
    """Make what is done within one transaction, services included: committed at the end, or all of it undone."""
    session.info["joined"] = True
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.info["joined"]


#: Without reading it back: a supplier may write events but not see them.
_RECORD = insert(AuditEvent.__table__).inline()  # type: ignore[arg-type]  # a declarative class's table is a Table


def record(
    session: Session,
    who: Context,
    action: str,
    entity: str,
    key: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Write an audit event."""
    session.execute(
        _RECORD,
        {
            "at": who.now,
            "actor_id": who.actor_id,
            "actor": who.actor,
            "channel": who.channel,
            "action": action,
            "entity": entity,
            "entity_key": key,
            "before": plain(before),
            "after": plain(after),
            "reason": reason,
            "address": who.address,
            "request_id": who.request_id,
        },
    )


def plain(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """The same as JSON keeps it: dates in ISO form, decimals as text."""
    if values is None:
        return None
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return amount(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def amount(value: Decimal) -> str:
    """A quantity as text without trailing zeros: 40, 2.5."""
    return f"{value.normalize():f}" if value else "0"


_ANNOUNCE = text("SELECT pg_notify('promiseline_live', topic) FROM unnest(CAST(:topics AS text[])) AS topic")


def announce(session: Session, *topics: str) -> None:
    """Tell open pages, at commit, that something they may show has changed. Topics carry ids only."""
    session.execute(_ANNOUNCE, {"topics": list(topics)})


def lock_products(session: Session, ids: Iterable[int]) -> Sequence[Product]:
    """All that concerns the supply of a product is done by one transaction at a time."""
    return session.scalars(
        select(Product)
        .where(Product.id.in_(set(ids)))
        .order_by(Product.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()


def next_number(session: Session, sequence: str, prefix: str) -> str:
    """The next number that people see. Gaps are fine: a transaction that fails leaves one."""
    return f"{prefix}-{session.scalar(text('SELECT nextval(:name)'), {'name': sequence})}"


def found(thing: T | None, field: str, what: str, key: object) -> T:
    """The thing, or NotFound naming what was looked for."""
    if thing is None:
        raise NotFound.of(field, "not_found", f"There is no {what} {key}")
    return thing


def local_day(now: datetime, time_zone: str) -> date:
    """The calendar day it is now where people use this time zone."""
    return now.astimezone(ZoneInfo(time_zone)).date()
