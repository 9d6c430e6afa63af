"""Reason codes: controlled words for why, kept for good at every turn."""

from __future__ import annotations

from enum import StrEnum


class BackorderReason(StrEnum):
    """Why an ordered quantity could not be taken from stock."""

    OUT_OF_STOCK = "out_of_stock"
    INSUFFICIENT_STOCK = "insufficient_stock"


class SupplyReason(StrEnum):
    """Why a supplier can't do what was asked, or has to move a date."""

    MATERIAL_SHORTAGE = "material_shortage"
    CAPACITY = "capacity"
    QUALITY_HOLD = "quality_hold"
    TRANSPORT_DELAY = "transport_delay"
    HOLIDAY_CLOSURE = "holiday_closure"
    ORDER_ERROR = "order_error"
    DISCONTINUED = "discontinued"
    EARLIER_POSSIBLE = "earlier_possible"
    OTHER = "other"


class PromiseReason(StrEnum):
    """Why the date promised to a customer is what it is now."""

    PLANNED = "planned"
    SUPPLIER_CONFIRMED = "supplier_confirmed"
    SUPPLIER_MOVED = "supplier_moved"
    SUPPLIER_REJECTED = "supplier_rejected"
    SUPPLY_REPLANNED = "supply_replanned"
    GOODS_ALLOCATED = "goods_allocated"
    ALLOCATION_RELEASED = "allocation_released"


class CancelReason(StrEnum):
    CUSTOMER_REQUEST = "customer_request"
    TOO_LATE = "too_late"
    ORDERED_TWICE = "ordered_twice"
    WRONG_PRODUCT = "wrong_product"
    DISCONTINUED = "discontinued"
    SUSPECTED_FRAUD = "suspected_fraud"
    OPERATOR = "operator"


#: How each code is said to people. One table, so that pages, mails and reports agree.
LABELS: dict[str, str] = {
    "out_of_stock": "Out of stock",
    "insufficient_stock": "Not enough stock",
    "material_shortage": "Material shortage",
    "capacity": "No capacity",
    "quality_hold": "Quality hold",
    "transport_delay": "Transport delay",
    "holiday_closure": "Closed for holidays",
    "order_error": "Error in the order",
    "discontinued": "No longer made",
    "earlier_possible": "Possible earlier",
    "other": "Another reason",
    "planned": "Planned from the lead time",
    "supplier_confirmed": "The supplier confirmed the date",
    "supplier_moved": "The supplier moved the date",
    "supplier_rejected": "The supplier can't deliver",
    "supply_replanned": "Supply was planned anew",
    "goods_allocated": "The goods are here and reserved",
    "allocation_released": "Reserved goods were released",
    "customer_request": "The customer asked",
    "too_late": "It would come too late",
    "ordered_twice": "Ordered twice",
    "wrong_product": "Wrong product",
    "suspected_fraud": "Suspected fraud",
    "operator": "Stopped by an operator",
}


def label(code: str) -> str:
    """The words for a code; an unknown code is shown with its underscores as spaces."""
    return LABELS.get(code, code.replace("_", " ").capitalize())
