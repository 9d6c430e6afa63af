"""A backorder: an ordered quantity that stock could not cover and that stays owed to the customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.errors import Conflict, Fault, RuleViolation

ZERO = Decimal(0)


class Status(StrEnum):
    AWAITING_SUPPLY = "awaiting_supply"
    PARTIALLY_ALLOCATED = "partially_allocated"
    ALLOCATED = "allocated"
    PICKING = "picking"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


CLOSED = frozenset({Status.DELIVERED, Status.CANCELLED})


class WaitingOn(StrEnum):
    """Whose move it is."""

    SUPPLIER = "supplier"
    BUYER = "buyer"
    WAREHOUSE = "warehouse"
    CARRIER = "carrier"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Quantities:
    """Where the units of one backorder are. All in the product's unit.

    `ordered` is what was short when it opened; `cancelled` is no longer owed; `allocated` is reserved
    on the shelf and not yet shipped, of which `picking` is being picked; `delivered` is part of `shipped`.
    """

    ordered: Decimal
    cancelled: Decimal = ZERO
    allocated: Decimal = ZERO
    picking: Decimal = ZERO
    shipped: Decimal = ZERO
    delivered: Decimal = ZERO

    def __post_init__(self) -> None:
        owed = self.owed
        if min(self.ordered, self.cancelled, self.allocated, self.picking, self.shipped, self.delivered) < ZERO:
            raise ValueError("a quantity of a backorder is negative")
        if self.allocated + self.shipped > owed:
            raise ValueError("more is allocated and shipped than is owed")
        if self.delivered > self.shipped or self.picking > self.allocated:
            raise ValueError("more is delivered than shipped, or picked than allocated")

    @property
    def owed(self) -> Decimal:
        """What the customer is to get in all."""
        return self.ordered - self.cancelled

    @property
    def needed(self) -> Decimal:
        """What still has to be allocated."""
        return self.owed - self.allocated - self.shipped

    @property
    def status(self) -> Status:
        if self.owed == ZERO:
            return Status.CANCELLED
        if self.delivered == self.owed:
            return Status.DELIVERED
        if self.shipped == self.owed:
            return Status.SHIPPED
        if self.shipped > ZERO:
            return Status.PARTIALLY_SHIPPED
        if self.picking > ZERO:
            return Status.PICKING
        if self.allocated == self.owed:
            return Status.ALLOCATED
        if self.allocated > ZERO:
            return Status.PARTIALLY_ALLOCATED
        return Status.AWAITING_SUPPLY


def check_cancellable(quantities: Quantities) -> None:
    """Raise Conflict when nothing is left to cancel: what has left the building can only be returned."""
    if quantities.status is Status.CANCELLED:
        raise Conflict([Fault("status", "already_cancelled", "This backorder is cancelled already")])
    if quantities.shipped == quantities.owed:
        raise Conflict(
            [
                Fault(
                    "status",
                    "already_shipped",
                    "All of this backorder has been shipped; ask for a return instead",
                )
            ]
        )


def check_shippable(quantities: Quantities, quantity: Decimal) -> None:
    """Raise when more would be shipped than is allocated."""
    if quantity > quantities.allocated:
        raise RuleViolation.of(
            "quantity",
            "more_than_allocated",
            f"{quantity.normalize():f} can't be shipped: {quantities.allocated.normalize():f} is allocated",
        )


def waiting_on(quantities: Quantities, *, covered: bool, line_awaits_buyer: bool) -> WaitingOn:
    """Whose move it is: of what holds the goods up, the thing nearest to the customer."""
    status = quantities.status
    if status in CLOSED:
        return WaitingOn.NOBODY
    if status is Status.SHIPPED:
        return WaitingOn.CARRIER
    if quantities.allocated > ZERO:
        return WaitingOn.WAREHOUSE
    if not covered or line_awaits_buyer:
        return WaitingOn.BUYER
    return WaitingOn.SUPPLIER


def is_late(promised: date | None, requested: date, today: date, quantities: Quantities) -> bool:
    """Late is what is still owed after the day it was promised for (or asked for, if none)."""
    return quantities.shipped < quantities.owed and (promised or requested) < today
