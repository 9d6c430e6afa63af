"""What the demo company is made up of, and how much of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from importers.templates import export

Rows = list[dict[str, Any]]

#: The kinds of file in the order in which they need each other.
ORDER = (
    "suppliers",
    "customers",
    "warehouses",
    "products",
    "stock",
    "purchase_orders",
    "sales_orders",
    "receipts",
)

#: Whose people can sign in: the first supplier and customer, and their rivals, the second ones.
SUPPLIER, RIVAL_SUPPLIER = "S-100", "S-101"
CUSTOMER, RIVAL_CUSTOMER = "C-2000", "C-2001"

#: Days back over which the orders are spread.
HISTORY_DAYS = 45


class Fate(StrEnum):
    """What becomes of the supply of a product that ran short."""

    UNANSWERED = "unanswered"
    ACCEPTED = "accepted"
    SLIGHTLY_LATER = "slightly_later"  # within tolerance, so accepted by rule
    MUCH_LATER = "much_later"  # waits for a buyer
    APPROVED = "approved"
    REJECTED = "rejected"
    ON_ORDER = "on_order"  # ordered and promised before anybody ran short
    NO_SOURCE = "no_source"
    PARTLY_RECEIVED = "partly_received"
    ALLOCATED = "allocated"
    PICKING = "picking"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Tale(StrEnum):
    """What lies behind a backorder that was opened some time ago."""

    OVERDUE = "overdue"  # confirmed, and the day has passed
    SILENT = "silent"  # asked days ago, not answered
    DONE = "done"


@dataclass(frozen=True)
class Size:
    suppliers: int
    customers: int
    products: int
    lines: int
    fates: Mapping[Fate, int]
    tales: Mapping[Tale, int]


SIZES = {
    "full": Size(
        suppliers=40,
        customers=150,
        products=400,
        lines=1500,
        fates=dict(zip(Fate, (32, 14, 9, 10, 8, 3, 10, 6, 6, 8, 6, 6, 6, 4), strict=True)),
        tales={Tale.OVERDUE: 16, Tale.SILENT: 12, Tale.DONE: 8},
    ),
    "small": Size(
        suppliers=6,
        customers=12,
        products=40,
        lines=130,
        fates={fate: 4 if fate is Fate.UNANSWERED else 1 for fate in Fate},
        tales={Tale.OVERDUE: 1, Tale.SILENT: 1, Tale.DONE: 1},
    ),
}


@dataclass(frozen=True)
class Story:
    """A backorder of the past: who ordered how much of what, how many days ago."""

    tale: Tale
    order_number: str
    customer: str
    sku: str
    quantity: Decimal
    days_ago: int
    requested_date: date


@dataclass(frozen=True)
class Company:
    rows: dict[str, Rows]
    fates: dict[str, Fate]
    stories: list[Story]

    def workbook(self, kind: str, rows: Rows | None = None) -> bytes:
        return export(kind, self.rows[kind] if rows is None else rows)

    def of(self, *fates: Fate) -> list[str]:
        """The SKUs with one of these fates."""
        return [sku for sku, fate in self.fates.items() if fate in fates]
