"""Sums of what can't be added up: money by currency, quantities by unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from portal.presentation import money, quantity


@dataclass(frozen=True)
class Sums:
    """Amounts by currency or unit, the largest first. Never added across them."""

    parts: tuple[tuple[str, Decimal], ...] = ()

    @classmethod
    def of(cls, amounts: Iterable[tuple[str, Decimal | None]]) -> Sums:
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for name, amount in amounts:
            totals[name] += amount or 0
        parts = [part for part in totals.items() if part[1]]
        return cls(tuple(sorted(parts, key=lambda part: (-part[1], part[0]))))

    @property
    def largest(self) -> Decimal:
        """For the length of a bar."""
        return self.parts[0][1] if self.parts else Decimal(0)

    @property
    def as_money(self) -> str:
        return " + ".join(money(amount, currency) for currency, amount in self.parts)

    @property
    def as_round_money(self) -> str:
        """In whole units, for figures that are compared at a glance."""
        return " + ".join(money(amount, currency, whole=True) for currency, amount in self.parts)

    @property
    def as_quantities(self) -> str:
        return " + ".join(quantity(amount, unit) for unit, amount in self.parts)

    def __bool__(self) -> bool:
        return bool(self.parts)
