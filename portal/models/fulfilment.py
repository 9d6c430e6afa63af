"""Goods that came, who got them, and how they left."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Code, Id, Quantity
from portal.models.catalogue import Customer, Product, Warehouse
from portal.models.demand import Backorder, SalesOrderLine
from portal.models.supply import PurchaseOrderLine


class StockMovement(Base):
    """Every change of what lies in a warehouse; on hand is their sum. Never changed."""

    __tablename__ = "stock_movement"
    __table_args__ = (CheckConstraint("kind IN ('count', 'receipt', 'shipment')", name="kind"),)

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    kind: Mapped[str] = mapped_column(String(12))
    #: In is positive, out is negative.
    quantity: Mapped[Quantity]
    reference: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Receipt(Base):
    __tablename__ = "receipt"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("purchase_order_line.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    quantity: Mapped[Quantity]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str] = mapped_column(String(200))
    #: SHA-256 of an imported row that named no time: the same row again books nothing.
    import_key: Mapped[str | None] = mapped_column(String(64), unique=True)

    line: Mapped[PurchaseOrderLine] = relationship()
    product: Mapped[Product] = relationship()
    warehouse: Mapped[Warehouse] = relationship()


class AllocationRun(Base):
    """One decision about who gets goods: policy, inputs, outcome, kept whole so that it can be replayed."""

    __tablename__ = "allocation_run"

    id: Mapped[Id]
    #: What caused it, and the name of its workflow: `receipt-RC-100001`, `release-BO-100001`, …
    key: Mapped[str] = mapped_column(String(120), unique=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    policy: Mapped[str] = mapped_column(String(200))
    #: {"free": "10", "waiting": [{"backorder": "BO-…", "priority": 1, "ordered_at": "…", "needed": "4"}, …]}
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: {"shares": [{"backorder": "BO-…", "quantity": "4", "short": "0"}, …], "left": "6"}
    outcome: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    product: Mapped[Product] = relationship()
    warehouse: Mapped[Warehouse] = relationship()


class Allocation(Base):
    """A hard peg: units on a shelf that are for one order line. With a backorder, it waited for them."""

    __tablename__ = "allocation"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint(
            "picking_quantity >= 0 AND shipped_quantity >= 0 AND released_quantity >= 0"
            " AND picking_quantity + shipped_quantity + released_quantity <= quantity",
            name="accounted_for",
        ),
        Index(
            "ix_allocation_open",
            "warehouse_id",
            "id",
            postgresql_where=text("shipped_quantity + released_quantity < quantity"),
        ),
    )

    id: Mapped[Id]
    order_line_id: Mapped[int] = mapped_column(ForeignKey("sales_order_line.id"), index=True)
    backorder_id: Mapped[int | None] = mapped_column(ForeignKey("backorder.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("allocation_run.id"), index=True)
    #: The purchase order line whose receipt brought the goods, where a receipt did.
    line_id: Mapped[int | None] = mapped_column(ForeignKey("purchase_order_line.id"))
    quantity: Mapped[Quantity]
    #: On an open pick list, not yet shipped.
    picking_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    shipped_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    released_quantity: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    order_line: Mapped[SalesOrderLine] = relationship()
    backorder: Mapped[Backorder | None] = relationship()
    customer: Mapped[Customer] = relationship()
    product: Mapped[Product] = relationship()
    warehouse: Mapped[Warehouse] = relationship()
    line: Mapped[PurchaseOrderLine | None] = relationship()

    @property
    def open_quantity(self) -> Decimal:
        """What of it is still on the shelf."""
        return self.quantity - self.shipped_quantity - self.released_quantity


class PickList(Base):
    """One walk through a warehouse. What is allocated joins the warehouse's open list; once somebody
    starts to pick it, what is allocated later goes to the next one."""

    __tablename__ = "pick_list"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'picking', 'closed')", name="status"),
        Index("uq_pick_list_open", "warehouse_id", unique=True, postgresql_where=text("status = 'open'")),
        Index("ix_pick_list_live", "id", postgresql_where=text("status <> 'closed'")),
    )

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"), index=True)
    status: Mapped[str] = mapped_column(String(8), default="open", server_default="open")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_by: Mapped[str | None] = mapped_column(String(200))
    started_at: Mapped[datetime | None]

    warehouse: Mapped[Warehouse] = relationship()
    lines: Mapped[list[PickListLine]] = relationship(back_populates="pick_list", order_by="PickListLine.id")


class PickListLine(Base):
    __tablename__ = "pick_list_line"
    __table_args__ = (
        CheckConstraint("status IN ('to_pick', 'picked', 'packed', 'shipped', 'dropped')", name="status"),
    )

    id: Mapped[Id]
    pick_list_id: Mapped[int] = mapped_column(ForeignKey("pick_list.id"), index=True)
    allocation_id: Mapped[int] = mapped_column(ForeignKey("allocation.id"), index=True)
    quantity: Mapped[Quantity]
    status: Mapped[str] = mapped_column(String(8), default="to_pick", server_default="to_pick")

    pick_list: Mapped[PickList] = relationship(back_populates="lines")
    allocation: Mapped[Allocation] = relationship()


class Shipment(Base):
    """One parcel for one order line."""

    __tablename__ = "shipment"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_shipment_on_its_way", "id", postgresql_where=text("delivered_at IS NULL")),
    )

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("sales_order_line.id"), index=True)
    backorder_id: Mapped[int | None] = mapped_column(ForeignKey("backorder.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    quantity: Mapped[Quantity]
    carrier: Mapped[str] = mapped_column(String(80))
    tracking_number: Mapped[str] = mapped_column(String(80))
    shipped_at: Mapped[datetime] = mapped_column(server_default=func.now())
    delivered_at: Mapped[datetime | None]

    order_line: Mapped[SalesOrderLine] = relationship()
    backorder: Mapped[Backorder | None] = relationship()
    product: Mapped[Product] = relationship()
    warehouse: Mapped[Warehouse] = relationship()
