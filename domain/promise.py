"""The date a customer is promised, and when a change of it is news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.pegging import covering_date


class Basis(StrEnum):
    """How firm a promise is, from weakest to strongest."""

    PLANNED = "planned"
    CONFIRMED = "confirmed"
    STOCK = "stock"


@dataclass(frozen=True)
class PeggedSupply:
    """A quantity planned for one backorder: the day it can be had, and whether the supplier confirmed it."""

    day: date
    quantity: Decimal
    confirmed: bool


@dataclass(frozen=True)
class Promise:
    day: date
    basis: Basis


def promise(needed: Decimal, pegs: Sequence[PeggedSupply], today: date, handling_days: int) -> Promise | None:
    """The day on which pegs cover all of `needed`, plus handling days; None while they don't.

    Nothing needed means that all is on the shelf: the promise is today plus handling days. A plan holds
    as confirmed only when every peg it rests on is.
    """
    handling = timedelta(days=handling_days)
    if needed <= 0:
        return Promise(today + handling, Basis.STOCK)
    day = covering_date([(one.day, one.quantity) for one in pegs], needed)
    if day is None:
        return None
    used = [one for one in pegs if one.day <= day]
    firm = all(one.confirmed for one in used)
    return Promise(day + handling, Basis.CONFIRMED if firm else Basis.PLANNED)


def is_news(told: date | None, promised: date | None) -> bool:
    """Whether a customer who was last told `told` has to hear of `promised`: only when the day differs.

    A date that is gone (None after a date) is news too: silence would leave the old promise standing.
    """
    return told != promised
