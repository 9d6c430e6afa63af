"""Quantities and dates as the business allows them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from domain.errors import Fault

#: Units that are counted; every other unit is measured and may be split.
WHOLE_UNITS = frozenset({"ea", "pc", "pcs", "set", "box", "pair", "pack"})

#: Decimal places kept for measured units; the tables store the same.
PLACES = Decimal("0.001")

#: The largest quantity one line may hold, so that a slipped barcode scan is not an order.
LARGEST = Decimal("10000000")

#: How far ahead a date may lie, in days. A year typed as 20261 or 2062 is caught by it.
FARTHEST_AHEAD = 5 * 366


def quantity_fault(field: str, quantity: Decimal, unit: str) -> Fault | None:
    """What is wrong with an ordered, promised or received quantity, if anything."""
    if not quantity.is_finite():
        return Fault(field, "not_a_number", f"{field} must be a number")
    if quantity <= 0:
        return Fault(field, "not_positive", f"{field} must be more than 0, not {quantity:f}")
    if quantity > LARGEST:
        return Fault(field, "too_large", f"{field} must be at most {LARGEST:,f}")
    if unit.lower() in WHOLE_UNITS and quantity != quantity.to_integral_value():
        return Fault(field, "fractional", f"{field} must be whole: the product is counted in {unit}")
    if quantity != quantity.quantize(PLACES):
        return Fault(field, "too_precise", f"{field} can have at most 3 decimal places")
    return None


def future_date_fault(field: str, day: date, today: date) -> Fault | None:
    """What is wrong with a date that must not lie in the past, nor absurdly far ahead."""
    if day < today:
        return Fault(
            field, "in_the_past", f"{field} {day.isoformat()} is in the past; today is {today.isoformat()}"
        )
    return far_date_fault(field, day, today)


def far_date_fault(field: str, day: date, today: date) -> Fault | None:
    latest = today + timedelta(days=FARTHEST_AHEAD)
    if day > latest:
        return Fault(
            field,
            "too_far_ahead",
            f"{field} {day.isoformat()} is too far ahead; the latest is {latest.isoformat()}",
        )
    return None
