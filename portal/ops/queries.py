"""What waits, what was given up and what stands still, straight from the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.orm import aliased, defer, joinedload

from domain.backorder import WaitingOn
from domain.notices import NoticeStatus
from portal.database import db
from portal.models import AuditEvent, Backorder, Notice, OutboxMessage, Product, PurchaseOrderLine

#: Rows of each list; the numbers above them count all.
SHOWN = 50
#: How long a workflow may take to note a change before it counts as standing still.
SETTLED_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Outbox:
    """Messages to the engine that are not delivered yet; the dead among them wait for a person."""

    waiting: int
    dead: int
    oldest_at: datetime | None
    last_error: str | None


def outbox() -> Outbox:
    undelivered = OutboxMessage.delivered_at.is_(None)
    alive = OutboxMessage.dead_at.is_(None)
    waiting, dead, oldest = db.session.execute(
        select(
            func.count().filter(alive),
            func.count().filter(~alive),
            func.min(OutboxMessage.created_at).filter(alive),
        ).where(undelivered)
    ).one()
    error = db.session.scalar(
        select(OutboxMessage.last_error)
        .where(undelivered, alive, OutboxMessage.last_error.is_not(None))
        .order_by(OutboxMessage.id)
        .limit(1)
    )
    return Outbox(waiting, dead, oldest, error)


@dataclass(frozen=True)
class DeadLetter:
    message: OutboxMessage
    #: Later messages for the same workflow, which wait until this one is dealt with.
    held_back: int


def dead_letters() -> Sequence[DeadLetter]:
    later = aliased(OutboxMessage)
    held_back = (
        select(func.count())
        .where(
            later.workflow_id == OutboxMessage.workflow_id,
            later.delivered_at.is_(None),
            later.id > OutboxMessage.id,
        )
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(OutboxMessage, held_back)
        .where(OutboxMessage.delivered_at.is_(None), OutboxMessage.dead_at.is_not(None))
        .order_by(OutboxMessage.id)
        .limit(SHOWN)
    ).all()
    return [DeadLetter(message, count) for message, count in rows]


@dataclass(frozen=True)
class Stuck:
    """A workflow that has not noted the newest change of what it drives."""

    kind: str
    number: str
    status: str
    workflow_id: str
    since: datetime


def stuck(now: datetime) -> Sequence[Stuck]:
    """Backorders and purchase order lines whose workflows have had their messages and said nothing since."""
    return [*_stuck_backorders(now), *_stuck_lines(now)][:SHOWN]


def _stuck_backorders(now: datetime) -> Sequence[Stuck]:
    rows = db.session.execute(
        select(Backorder, func.coalesce(_last_event("backorder", Backorder.number), Backorder.opened_at))
        .where(
            Backorder.version != Backorder.settled_version,
            Backorder.opened_at < now - SETTLED_WITHIN,
            ~_on_its_way(literal("backorder-") + Backorder.number, now),
        )
        .order_by(Backorder.id)
        .limit(SHOWN)
    ).all()
    return [Stuck("backorder", row.number, row.status, row.workflow_id, at) for row, at in rows]


def _stuck_lines(now: datetime) -> Sequence[Stuck]:
    line = PurchaseOrderLine
    position = cast(line.line_number, String)
    event = _last_event("purchase_order_line", line.po_number + "/" + position)
    rows = db.session.execute(
        select(line, func.coalesce(event, line.created_at))
        .where(
            line.version != line.settled_version,
            line.created_at < now - SETTLED_WITHIN,
            ~_on_its_way(literal("replenish-") + line.po_number + "-" + position, now),
        )
        .order_by(line.id)
        .limit(SHOWN)
    ).all()
    return [
        Stuck("purchase_order_line", f"{row.po_number}/{row.line_number}", row.status, row.workflow_id, at)
        for row, at in rows
    ]


def _on_its_way(workflow_id: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    """Whether a message for a workflow waits, or has been delivered so lately that it may be at it."""
    return exists().where(
        OutboxMessage.workflow_id == workflow_id,
        or_(OutboxMessage.delivered_at.is_(None), OutboxMessage.delivered_at > now - SETTLED_WITHIN),
    )


def _last_event(entity: str, key: ColumnElement[str]) -> ScalarSelect[datetime]:
    return (
        select(AuditEvent.at)
        .where(AuditEvent.entity == entity, AuditEvent.entity_key == key)
        .order_by(AuditEvent.id.desc())
        .limit(1)
        .scalar_subquery()
    )


@dataclass(frozen=True)
class Notices:
    """What did not reach its reader. `failing` are tried again by themselves."""

    refused: Sequence[Notice]
    failing: Sequence[Notice]


def notices() -> Notices:
    query = (
        select(Notice)
        .options(
            defer(Notice.facts),
            joinedload(Notice.backorder).load_only(Backorder.number),
        )
        .order_by(Notice.id.desc())
        .limit(SHOWN)
    )
    failing = and_(Notice.status.in_((NoticeStatus.PENDING, NoticeStatus.SENDING)), Notice.last_error.is_not(None))
    return Notices(
        refused=db.session.scalars(query.where(Notice.status == NoticeStatus.REFUSED)).all(),
        failing=db.session.scalars(query.where(failing)).all(),
    )


def without_owner() -> Sequence[Backorder]:
    """Open backorders that wait for one of our people, and nobody was named."""
    return db.session.scalars(
        select(Backorder)
        .options(joinedload(Backorder.product).load_only(Product.sku, Product.unit))
        .where(
            Backorder.closed_at.is_(None),
            Backorder.owner_id.is_(None),
            or_(Backorder.uncovered_quantity > 0, Backorder.waiting_on == WaitingOn.BUYER),
        )
        .order_by(Backorder.requested_date, Backorder.id)
        .limit(SHOWN)
    ).all()
