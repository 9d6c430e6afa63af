"""What customers ordered, what of it is owed, and what they were promised."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.backorder import Quantities, Status, WaitingOn
from domain.priority import Turn
from portal.database import Base, Code, Id, Money, Quantity
from portal.models.accounts import User
from portal.models.catalogue import Customer, Product, Warehouse


class SalesOrder(Base):
    __tablename__ = "sales_order"
    __table_args__ = (
        Index("ix_sales_order_number_prefix", "number", postgresql_ops={"number": "text_pattern_ops"}),
    )

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    ordered_at: Mapped[datetime] = mapped_column(server_default=func.now())

    customer: Mapped[Customer] = relationship()
    lines: Mapped[list[SalesOrderLine]] = relationship(
        back_populates="order", order_by="SalesOrderLine.line_number"
    )


class SalesOrderLine(Base):
    __tablename__ = "sales_order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "line_number"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"))
    line_number: Mapped[int] = mapped_column(SmallInteger)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    quantity: Mapped[Quantity]
    requested_date: Mapped[date]
    unit_price: Mapped[Money | None]
    currency: Mapped[str] = mapped_column(String(3), default="EUR", server_default="EUR")

    order: Mapped[SalesOrder] = relationship(back_populates="lines")
    customer: Mapped[Customer] = relationship()
    product: Mapped[Product] = relationship()
    backorder: Mapped[Backorder | None] = relationship(back_populates="order_line")


class Backorder(Base):
    """The short quantity of one order line, from the day it opens to the day it is delivered or cancelled."""

    __tablename__ = "backorder"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND cancelled_quantity >= 0", name="quantities"),
        CheckConstraint("allocated_quantity >= 0 AND shipped_quantity >= 0", name="not_negative"),
        CheckConstraint(
            "allocated_quantity + shipped_quantity + cancelled_quantity <= quantity",
            name="no_more_than_ordered",
        ),
        CheckConstraint("picking_quantity BETWEEN 0 AND allocated_quantity", name="picking_within_allocated"),
        CheckConstraint("delivered_quantity BETWEEN 0 AND shipped_quantity", name="delivered_within_shipped"),
        Index("ix_backorder_open_product", "product_id", "priority", postgresql_where=text("closed_at IS NULL")),
        Index("ix_backorder_drift", "id", postgresql_where=text("version <> settled_version")),
        Index(
            "ix_backorder_open_turn",
            "priority",
            "requested_date",
            "id",
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_backorder_number_prefix", "number", postgresql_ops={"number": "text_pattern_ops"}),
    )

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("sales_order_line.id"), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    #: Where the goods are expected to leave from.
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    status: Mapped[Status] = mapped_column(String(24), default=Status.AWAITING_SUPPLY, index=True)
    #: Since when its status is what it is.
    status_since: Mapped[datetime] = mapped_column(server_default=func.now())
    quantity: Mapped[Quantity]
    cancelled_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    #: Reserved on the shelf and not yet shipped.
    allocated_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    #: The part of what is allocated that stands on an open pick list.
    picking_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    shipped_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    delivered_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    priority: Mapped[int] = mapped_column(SmallInteger)
    #: First come first served goes by this instant, then by id.
    ordered_at: Mapped[datetime]
    requested_date: Mapped[date]
    original_promised_date: Mapped[date | None]
    promised_date: Mapped[date | None] = mapped_column(index=True)
    promise_basis: Mapped[str | None] = mapped_column(String(12))
    #: What the customer was last told; None before the first notice, or while no date can be given.
    told_date: Mapped[date | None]
    reason_code: Mapped[str] = mapped_column(String(40))
    waiting_on: Mapped[WaitingOn] = mapped_column(String(12), default=WaitingOn.SUPPLIER)
    #: The person who has to act, where it is one of ours.
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    #: What nobody's supply covers; more than 0 is an exception with an owner.
    uncovered_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    #: Why mail to the customer does not arrive; a risk shown until an address works again.
    notice_risk: Mapped[str | None] = mapped_column(String(300))
    cancel_reason_code: Mapped[str | None] = mapped_column(String(40))
    cancel_requested_at: Mapped[datetime | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    #: When its supply was first planned; None until its workflow has started.
    planned_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    #: Grows with every change; the workflow notes in settled_version what it has acted on.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    settled_version: Mapped[int] = mapped_column(default=0, server_default="0")

    order_line: Mapped[SalesOrderLine] = relationship(back_populates="backorder")
    customer: Mapped[Customer] = relationship()
    product: Mapped[Product] = relationship()
    warehouse: Mapped[Warehouse] = relationship()
    owner: Mapped[User | None] = relationship()

    @property
    def quantities(self) -> Quantities:
        return Quantities(
            ordered=self.quantity,
            cancelled=self.cancelled_quantity,
            allocated=self.allocated_quantity,
            picking=self.picking_quantity,
            shipped=self.shipped_quantity,
            delivered=self.delivered_quantity,
        )

    @property
    def turn(self) -> Turn:
        return Turn(self.priority, self.ordered_at, self.id)

    @property
    def workflow_id(self) -> str:
        return f"backorder-{self.number}"


class BackorderPromise(Base):
    """The promise ledger of a backorder: one row for each date the customer was promised. Never changed."""

    __tablename__ = "backorder_promise"

    id: Mapped[Id]
    backorder_id: Mapped[int] = mapped_column(ForeignKey("backorder.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    #: None when no date can be given any more.
    promised_date: Mapped[date | None]
    basis: Mapped[str | None] = mapped_column(String(12))
    reason_code: Mapped[str] = mapped_column(String(40))
    #: Why the supply moved, in the supplier's own reason code, where that is the cause.
    supply_reason_code: Mapped[str | None] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
