"""What was ordered from suppliers, what they answered and promised, and what it is planned for."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.replenishment import LineStatus, OpenLine, Outcome
from portal.database import Base, Code, Id, Money, Quantity
from portal.models.accounts import User
from portal.models.catalogue import Product, Supplier, Warehouse
from portal.models.demand import Backorder


class PurchaseOrder(Base):
    __tablename__ = "purchase_order"

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"), index=True)
    ordered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Who is asked to decide on the supplier's proposals.
    buyer_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    supplier: Mapped[Supplier] = relationship()
    buyer: Mapped[User | None] = relationship()
    lines: Mapped[list[PurchaseOrderLine]] = relationship(
        back_populates="order", order_by="PurchaseOrderLine.line_number"
    )


class PurchaseOrderLine(Base):
    __tablename__ = "purchase_order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "line_number"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("received_quantity BETWEEN 0 AND quantity", name="received_within_ordered"),
        Index("ix_purchase_order_line_queue", "supplier_id", "status", "id"),
        Index("ix_purchase_order_line_open_product", "product_id", postgresql_where=text("closed_at IS NULL")),
        Index("ix_purchase_order_line_drift", "id", postgresql_where=text("version <> settled_version")),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_order.id"))
    line_number: Mapped[int] = mapped_column(SmallInteger)
    #: Copied from the order and shown to the supplier, who may see this row and its own number only.
    po_number: Mapped[Code]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    quantity: Mapped[Quantity]
    received_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    #: When we want it at our door.
    requested_date: Mapped[date]
    #: The day on which the agreed schedule has brought all of it; None before the first answer.
    promised_date: Mapped[date | None]
    unit_price: Mapped[Money | None]
    currency: Mapped[str] = mapped_column(String(3), default="EUR", server_default="EUR")
    status: Mapped[LineStatus] = mapped_column(String(24), default=LineStatus.AWAITING_SUPPLIER, index=True)
    #: How many customers, and how much, wait for this line; all that a supplier may know of them.
    waiting_customers: Mapped[int] = mapped_column(default=0, server_default="0")
    waiting_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    #: When the open question was put to the supplier; the ladder of reminders counts from here.
    asked_at: Mapped[datetime | None]
    #: How many steps of the ladder have been taken for the open question.
    reminders: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    next_reminder_at: Mapped[datetime | None] = mapped_column(index=True)
    escalated: Mapped[bool] = mapped_column(default=False, server_default="false")
    answered_at: Mapped[datetime | None]
    #: Why mail to the supplier does not arrive; a risk shown until an address works again.
    notice_risk: Mapped[str | None] = mapped_column(String(300))
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Grows with every change that a reader of the line would care for; answers may name the one they saw.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    settled_version: Mapped[int] = mapped_column(default=0, server_default="0")

    order: Mapped[PurchaseOrder] = relationship(back_populates="lines")
    supplier: Mapped[Supplier] = relationship()
    product: Mapped[Product] = relationship()
    warehouse: Mapped[Warehouse] = relationship()
    schedule: Mapped[list[PurchaseOrderSchedule]] = relationship(
        back_populates="line",
        order_by="PurchaseOrderSchedule.due_date, PurchaseOrderSchedule.id",
        primaryjoin="and_(PurchaseOrderSchedule.line_id == PurchaseOrderLine.id,"
        " PurchaseOrderSchedule.replaced_at.is_(None))",
    )
    answers: Mapped[list[SupplierAnswer]] = relationship(
        back_populates="line", order_by="SupplierAnswer.id.desc()"
    )

    @property
    def open_line(self) -> OpenLine:
        return OpenLine(
            status=LineStatus(self.status),
            unit=self.product.unit,
            quantity=self.quantity,
            received=self.received_quantity,
            requested_date=self.requested_date,
        )

    @property
    def open_quantity(self) -> Decimal:
        return self.quantity - self.received_quantity

    @property
    def workflow_id(self) -> str:
        return f"replenish-{self.po_number}-{self.line_number}"


class PurchaseOrderSchedule(Base):
    """A schedule line: one dated quantity that is still counted on. Replaced ones are kept, not deleted."""

    __tablename__ = "purchase_order_schedule"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("received_quantity BETWEEN 0 AND quantity", name="received_within_promised"),
        Index("ix_purchase_order_schedule_current", "line_id", postgresql_where=text("replaced_at IS NULL")),
    )

    id: Mapped[Id]
    line_id: Mapped[int] = mapped_column(ForeignKey("purchase_order_line.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"))
    quantity: Mapped[Quantity]
    received_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    #: The supplier's date, or the requested one until the supplier has answered.
    due_date: Mapped[date]
    confirmed: Mapped[bool] = mapped_column(default=False, server_default="false")
    replaced_at: Mapped[datetime | None]

    line: Mapped[PurchaseOrderLine] = relationship(back_populates="schedule")

    @property
    def open_quantity(self) -> Decimal:
        return self.quantity - self.received_quantity


class SupplierAnswer(Base):
    """What a supplier said to a line, what became of it, and by which rule or whose decision."""

    __tablename__ = "supplier_answer"
    __table_args__ = (
        Index(
            "uq_supplier_answer_pending",
            "line_id",
            unique=True,
            postgresql_where=text("outcome = 'awaiting_buyer' AND decided_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    line_id: Mapped[int] = mapped_column(ForeignKey("purchase_order_line.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"), index=True)
    action: Mapped[str] = mapped_column(String(12))
    #: [{"quantity": "60", "promised_date": "2027-01-05"}, …]
    schedule: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    reason_code: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(String(2000), default="", server_default="")
    outcome: Mapped[Outcome] = mapped_column(String(16))
    rule: Mapped[str] = mapped_column(String(300))
    channel: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(200))
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decision: Mapped[str | None] = mapped_column(String(8))
    decision_reason: Mapped[str | None] = mapped_column(String(500))
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None]
    #: Set when the supplier answered again before anybody decided.
    withdrawn_at: Mapped[datetime | None]

    line: Mapped[PurchaseOrderLine] = relationship(back_populates="answers")

    @property
    def pending(self) -> bool:
        return self.outcome == Outcome.AWAITING_BUYER and self.decided_at is None and self.withdrawn_at is None


class SupplyPromise(Base):
    """The promise ledger of a purchase order line. Never changed, so that scores can be computed against
    any basis: requested, original promise, each revision, what was actually received."""

    __tablename__ = "supply_promise"
    __table_args__ = (
        CheckConstraint("kind IN ('requested', 'original', 'revision', 'withdrawn', 'actual')", name="kind"),
    )

    id: Mapped[Id]
    line_id: Mapped[int] = mapped_column(ForeignKey("purchase_order_line.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    due_date: Mapped[date]
    quantity: Mapped[Quantity]
    reason_code: Mapped[str | None] = mapped_column(String(40))
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("supplier_answer.id"))
    actor: Mapped[str] = mapped_column(String(200))
    channel: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class SoftPeg(Base):
    """A quantity of a schedule line that is planned for a backorder. Re-planned whenever supply moves."""

    __tablename__ = "soft_peg"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    backorder_id: Mapped[int] = mapped_column(ForeignKey("backorder.id"), primary_key=True)
    schedule_id: Mapped[int] = mapped_column(
        ForeignKey("purchase_order_schedule.id"), primary_key=True, index=True
    )
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    quantity: Mapped[Quantity]

    backorder: Mapped[Backorder] = relationship()
    schedule: Mapped[PurchaseOrderSchedule] = relationship()
