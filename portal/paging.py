"""Keyset pages: an opaque cursor says after which row the next page begins, so that no row is skipped or
shown twice while others are added, and the last page costs as little as the first."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar

T = TypeVar("T")

#: How a value of a cursor is read back, by the letter that is kept with it.
_READERS: dict[str, Callable[[str], Any]] = {
    "i": int,
    "s": str,
    "d": date.fromisoformat,
    "n": Decimal,
}
_LETTERS: dict[type, str] = {int: "i", str: "s", date: "d", Decimal: "n"}


@dataclass(frozen=True)
class Page(Generic[T]):
    items: Sequence[T]
    #: None when this is the last page.
    next_cursor: str | None


def cursor(*key: int | str | date | Decimal) -> str:
    """The cursor of a row with this sort key."""
    packed = json.dumps([[_LETTERS[type(value)], str(value)] for value in key], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def key_of(text: str | None, *types: type) -> tuple[Any, ...] | None:
    """The sort key in a cursor; None for no cursor and for one that nobody here made, which starts anew."""
    if not text:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if [letter for letter, _ in parts] != [_LETTERS[each] for each in types]:
            return None
        return tuple(_READERS[letter](value) for letter, value in parts)
    except (binascii.Error, ValueError, ArithmeticError, TypeError, KeyError):
        return None


def page(rows: Sequence[T], limit: int, key: Callable[[T], tuple[Any, ...]]) -> Page[T]:
    """A page of at most `limit` rows, of `limit` + 1 that were asked for."""
    items = rows[:limit]
    more = len(rows) > limit
    return Page(items, cursor(*key(items[-1])) if more else None)
