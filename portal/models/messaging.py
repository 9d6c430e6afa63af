"""What leaves a transaction: messages to workflows, notices to people, the record of who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.notices import NoticeStatus
from portal.database import Base, Email, Id
from portal.models.demand import Backorder


class OutboxMessage(Base):
    """A start or signal that a workflow is to get once the transaction that wrote it has committed."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("op IN ('start', 'signal')", name="op"),
        Index("ix_outbox_undelivered", "workflow_id", "id", postgresql_where=text("delivered_at IS NULL")),
        Index("ix_outbox_delivered", "delivered_at"),
    )

    id: Mapped[Id]
    message_id: Mapped[str] = mapped_column(UUID(as_uuid=False), unique=True)
    workflow_id: Mapped[str] = mapped_column(String(200))
    op: Mapped[str] = mapped_column(String(8))
    #: The workflow's type for a start, the signal's name for a signal.
    name: Mapped[str] = mapped_column(String(80))
    #: Ids only: neither facts to be trusted nor names, addresses or prices.
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    last_error: Mapped[str | None] = mapped_column(String(500))
    delivered_at: Mapped[datetime | None]
    #: A dead letter: refused for good. It blocks its own workflow only, until retried or discarded.
    dead_at: Mapped[datetime | None]
    #: How it ended when it was not simply delivered: `stale`, or `discarded: <reason> (<who>)`.
    resolution: Mapped[str | None] = mapped_column(String(300))


class Notice(Base):
    """One message to one person, written in the transaction of what it tells of, sent once by the worker."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_unsent", "id", postgresql_where=text("status IN ('pending', 'sending')")),
        Index("ix_notice_backorder", "backorder_id", "id"),
    )

    id: Mapped[Id]
    #: What makes it the same notice: `allocated:BO-100001:run-17`. The second writer of a key writes nothing.
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(24))
    channel: Mapped[str] = mapped_column(String(8), default="mail", server_default="mail")
    recipient: Mapped[Email]
    recipient_name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"), index=True)
    backorder_id: Mapped[int | None] = mapped_column(ForeignKey("backorder.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("purchase_order_line.id"), index=True)
    #: What the words are made of, as it was when it happened: JSON values only.
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[NoticeStatus] = mapped_column(String(12), default=NoticeStatus.PENDING)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: Until when a sender that said "sending" is taken to be at it.
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(500))
    subject: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]

    backorder: Mapped[Backorder | None] = relationship()


class AuditEvent(Base):
    """Who did what to which thing, before and after, why and from where. Never changed."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_entity", "entity", "entity_key", "id"),)

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(String(200))
    channel: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(60))
    #: The kind of thing and the number people know it by.
    entity: Mapped[str] = mapped_column(String(40))
    entity_key: Mapped[str] = mapped_column(String(120))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(String(500))
    address: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))


class ImportBatch(Base):
    """One uploaded file: what it was, what was found in it, and what became of it."""

    __tablename__ = "import_batch"
    __table_args__ = (CheckConstraint("status IN ('checked', 'applied', 'refused', 'discarded')", name="status"),)

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    file_name: Mapped[str] = mapped_column(String(255))
    #: SHA-256 of the content, hexadecimal: the same file again says so.
    digest: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[bytes] = mapped_column(deferred=True)
    status: Mapped[str] = mapped_column(String(12))
    #: The import report of the outside contract.
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: How the person wanted the file read: importers.check.Options by name.
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    #: What it changes or has changed: {"changes": [{row, key, outcome, changes}], "results": [[what, number]]}.
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    actor: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    applied_at: Mapped[datetime | None]
