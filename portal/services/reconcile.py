"""What the database knows about the workflows that ought to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from domain.notices import NoticeStatus
from portal.models import AllocationRun, Backorder, Notice, OutboxMessage, Product, PurchaseOrderLine, Supplier
from portal.services.transaction import amount
from workflows.contract import (
    ALLOCATION_WORKFLOW,
    BACKORDER_WORKFLOW,
    NOTICE_WORKFLOW,
    REPLENISHMENT_WORKFLOW,
    BackorderJob,
    LineJob,
    NoticeJob,
    backorder_workflow_id,
    notice_workflow_id,
    replenishment_workflow_id,
)

UNSENT = (NoticeStatus.PENDING, NoticeStatus.SENDING)


@dataclass(frozen=True)
class Expected:
    """A workflow that ought to run, with all that a start needs. `row_id` is what pages go on from."""

    row_id: int
    workflow_type: str
    workflow_id: str
    job: dict[str, Any]
    summary: str
    attributes: dict[str, str | int | bool] = field(default_factory=dict)
    #: A message that starts or wakes it is still in the outbox.
    on_its_way: bool = False
    #: It has not yet noted the newest change.
    behind: bool = False


def open_backorders(session: Session, after_id: int, limit: int) -> Sequence[Expected]:
    """The next page of backorders that are not closed."""
    rows = session.scalars(
        select(Backorder)
        .options(joinedload(Backorder.product).load_only(Product.sku, Product.unit))
        .where(Backorder.id > after_id, Backorder.closed_at.is_(None))
        .order_by(Backorder.id)
        .limit(limit)
    ).all()
    posted = _posted(session, [row.workflow_id for row in rows])
    return [_backorder(row, on_its_way=row.workflow_id in posted) for row in rows]


def open_lines(session: Session, after_id: int, limit: int) -> Sequence[Expected]:
    """The next page of purchase order lines that are not closed."""
    rows = session.scalars(
        select(PurchaseOrderLine)
        .options(
            joinedload(PurchaseOrderLine.product).load_only(Product.sku),
            joinedload(PurchaseOrderLine.supplier).load_only(Supplier.code),
        )
        .where(PurchaseOrderLine.id > after_id, PurchaseOrderLine.closed_at.is_(None))
        .order_by(PurchaseOrderLine.id)
        .limit(limit)
    ).all()
    posted = _posted(session, [row.workflow_id for row in rows])
    return [_line(row, on_its_way=row.workflow_id in posted) for row in rows]


def expected(session: Session, workflow_id: str) -> Expected | None:
    """What ought to run under an id; None when that is nothing, because it has ended or never was."""
    kind, _, key = workflow_id.partition("-")
    if kind == "backorder":
        backorder = session.scalar(select(Backorder).where(Backorder.number == key, Backorder.closed_at.is_(None)))
        return _backorder(backorder) if backorder else None
    if kind == "replenish":
        number, _, position = key.rpartition("-")
        line = session.scalar(
            select(PurchaseOrderLine).where(
                PurchaseOrderLine.po_number == number,
                PurchaseOrderLine.line_number == int(position),
                PurchaseOrderLine.closed_at.is_(None),
            )
        )
        return _line(line) if line else None
    return None


@dataclass(frozen=True)
class UnsentNotice:
    """A notice that ought to have been sent. `owner_id` is the workflow that tells what it is about."""

    notice_id: int
    owner_id: str | None

    @property
    def row_id(self) -> int:
        return self.notice_id

    @property
    def start(self) -> Expected:
        """A workflow of its own that sends it."""
        return Expected(
            self.notice_id,
            NOTICE_WORKFLOW,
            notice_workflow_id(self.notice_id),
            asdict(NoticeJob(self.notice_id)),
            "notice",
        )


def unsent_notices(
    session: Session, written_before: datetime, after_id: int, limit: int
) -> Sequence[UnsentNotice]:
    """The next page of notices that wait, written before an instant, at which nobody is known to be."""
    rows = session.execute(
        select(Notice.id, Backorder.number, PurchaseOrderLine.po_number, PurchaseOrderLine.line_number)
        .outerjoin(Backorder, Backorder.id == Notice.backorder_id)
        .outerjoin(PurchaseOrderLine, PurchaseOrderLine.id == Notice.line_id)
        .where(Notice.id > after_id, Notice.status.in_(UNSENT), Notice.created_at < written_before)
        .order_by(Notice.id)
        .limit(limit)
    ).all()
    return [UnsentNotice(notice_id, _owner(number, po, line)) for notice_id, number, po, line in rows]


def undecided_allocations(
    session: Session, posted_before: datetime, after_id: int, limit: int
) -> Sequence[Expected]:
    """The next page of allocation runs that the engine was told to start, and that have decided nothing."""
    rows = session.scalars(
        select(OutboxMessage)
        .where(
            OutboxMessage.id > after_id,
            OutboxMessage.name == ALLOCATION_WORKFLOW,
            OutboxMessage.delivered_at < posted_before,
            OutboxMessage.resolution.is_(None),
            ~exists().where(AllocationRun.key == OutboxMessage.payload["job"]["key"].astext),
        )
        .order_by(OutboxMessage.id)
        .limit(limit)
    ).all()
    return [
        Expected(row.id, row.name, row.workflow_id, row.payload["job"], row.payload.get("summary", ""))
        for row in rows
    ]


def _owner(backorder: str | None, po_number: str | None, line_number: int | None) -> str | None:
    if backorder:
        return backorder_workflow_id(backorder)
    if po_number and line_number:
        return replenishment_workflow_id(po_number, line_number)
    return None


def _posted(session: Session, workflow_ids: list[str]) -> set[str]:
    """Those for which a message is on its way, which will start or wake them."""
    return set(
        session.scalars(
            select(OutboxMessage.workflow_id).where(
                OutboxMessage.workflow_id.in_(workflow_ids), OutboxMessage.delivered_at.is_(None)
            )
        )
    )


def _backorder(row: Backorder, *, on_its_way: bool = False) -> Expected:
    return Expected(
        row.id,
        BACKORDER_WORKFLOW,
        row.workflow_id,
        asdict(BackorderJob(row.number)),
        f"{row.product.sku} · {amount(row.quantity)} {row.product.unit}",
        {"PlStage": str(row.status), "PlSku": row.product.sku, "PlPriority": row.priority},
        on_its_way=on_its_way,
        behind=row.version != row.settled_version,
    )


def _line(row: PurchaseOrderLine, *, on_its_way: bool = False) -> Expected:
    return Expected(
        row.id,
        REPLENISHMENT_WORKFLOW,
        row.workflow_id,
        asdict(LineJob(row.po_number, row.line_number)),
        f"{row.product.sku} · {row.supplier.code} · {amount(row.quantity)}",
        {"PlStage": str(row.status), "PlSku": row.product.sku, "PlSupplier": row.supplier.code},
        on_its_way=on_its_way,
        behind=row.version != row.settled_version,
    )
