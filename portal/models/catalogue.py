"""What is bought and sold, from whom, to whom, and where it lies."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Numeric, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Code, Email, Id, Money, Name, Quantity


class Supplier(Base):
    __tablename__ = "supplier"
    __table_args__ = (
        CheckConstraint("days_early_tolerance >= 0 AND days_late_tolerance >= 0", name="days_not_negative"),
    )

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    email: Mapped[Email | None]
    phone: Mapped[str | None] = mapped_column(String(40))
    country: Mapped[str | None] = mapped_column(String(2))
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    days_early_tolerance: Mapped[int] = mapped_column(default=0, server_default="0")
    days_late_tolerance: Mapped[int] = mapped_column(default=0, server_default="0")
    under_tolerance_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=0, server_default="0")
    over_tolerance_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=0, server_default="0")
    #: The ladder: working days after asking at which each is written to.
    reminder_days: Mapped[list[int]] = mapped_column(
        ARRAY(SmallInteger), default=lambda: [1, 2], server_default="{1,2}"
    )
    buyer_day: Mapped[int] = mapped_column(SmallInteger, default=3, server_default="3")
    manager_day: Mapped[int] = mapped_column(SmallInteger, default=5, server_default="5")


class Customer(Base):
    __tablename__ = "customer"
    __table_args__ = (
        CheckConstraint("tier IN ('A', 'B', 'C')", name="tier"),
        Index("ix_customer_code_prefix", "code", postgresql_ops={"code": "text_pattern_ops"}),
        Index("ix_customer_search_name_prefix", "search_name", postgresql_ops={"search_name": "text_pattern_ops"}),
    )

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    email: Mapped[Email | None]
    phone: Mapped[str | None] = mapped_column(String(40))
    tier: Mapped[str] = mapped_column(String(1), default="C", server_default="C")
    country: Mapped[str | None] = mapped_column(String(2))
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    language: Mapped[str] = mapped_column(String(8), default="en", server_default="en")
    #: The name in lower case, kept by the database: row-level security allows no index on lower(name).
    search_name: Mapped[str] = mapped_column(String(200), Computed("lower(name)", persisted=True))


class Warehouse(Base):
    __tablename__ = "warehouse"
    __table_args__ = (CheckConstraint("handling_days BETWEEN 0 AND 60", name="handling_days"),)

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    country: Mapped[str | None] = mapped_column(String(2))
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    #: Calendar days from the day goods are here to the day they are with the customer.
    handling_days: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    #: Where goods go when nobody says where. At most one.
    is_default: Mapped[bool] = mapped_column(default=False, server_default="false")


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (
        Index("ix_product_sku_prefix", "sku", postgresql_ops={"sku": "text_pattern_ops"}),
        Index("ix_product_name_words", text("to_tsvector('simple', name)"), postgresql_using="gin"),
    )

    id: Mapped[Id]
    sku: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    #: Counted units (ea, pc, set, …) allow whole quantities only; see domain/quantities.py.
    unit: Mapped[str] = mapped_column(String(12), default="ea", server_default="ea")
    cost: Mapped[Money | None]
    price: Mapped[Money | None]
    currency: Mapped[str] = mapped_column(String(3), default="EUR", server_default="EUR")
    #: Calendar days from order to receipt; unknown is not 0.
    lead_time_days: Mapped[int | None] = mapped_column(SmallInteger)
    preferred_supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"), index=True)
    category: Mapped[str | None] = mapped_column(String(80))

    preferred_supplier: Mapped[Supplier | None] = relationship()
    alternatives: Mapped[list[ProductAlternative]] = relationship(
        foreign_keys="ProductAlternative.product_id",
        order_by="ProductAlternative.rank",
        cascade="all, delete-orphan",
    )


class ProductAlternative(Base):
    """A product that may be offered instead of another; rank 1 is offered first."""

    __tablename__ = "product_alternative"

    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    alternative_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    rank: Mapped[int] = mapped_column(SmallInteger)

    alternative: Mapped[Product] = relationship(foreign_keys=[alternative_id])


class Stock(Base):
    """What lies in a warehouse, and how much of it is spoken for. Free is the difference.

    The check is the last guard against promising a unit twice.
    """

    __tablename__ = "stock"
    __table_args__ = (CheckConstraint("allocated >= 0 AND allocated <= on_hand", name="allocated_within_on_hand"),)

    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"), primary_key=True)
    on_hand: Mapped[Quantity] = mapped_column(default=0, server_default="0")
    allocated: Mapped[Quantity] = mapped_column(default=0, server_default="0")

    product: Mapped[Product] = relationship()
    warehouse: Mapped[Warehouse] = relationship()

    @property
    def free(self) -> Decimal:
        return self.on_hand - self.allocated
