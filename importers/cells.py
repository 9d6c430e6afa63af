"""Raw cells as the readers hand them on, and how they are named and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorCell:
    """A formula that failed, such as #N/A. `text` is what Excel shows."""

    text: str


Cell = str | int | float | bool | date | datetime | time | timedelta | ErrorCell | None

#: What Excel writes in the place of a value that it could not work out.
ERROR_TEXTS = frozenset(
    {"#N/A", "#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#REF!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!"}
)

_EDGES = " \t\r\n\f\v\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
_TRIM = re.compile(f"^[{_EDGES}]+|[{_EDGES}]+$")


def trimmed(text: str) -> str:
    """Without white space at the ends, the invisible kinds that web pages and Word leave included."""
    bare = text.strip()
    return _TRIM.sub("", bare) if not bare.isascii() else bare


def is_blank(cell: Any) -> bool:
    return cell is None or cell == "" or (type(cell) is str and not trimmed(cell))


def shown(cell: Any, width: int = 100) -> str:
    """The cell as a person would recognise it, at most `width` characters."""
    if isinstance(cell, ErrorCell):
        return cell.text
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        text = cell.isoformat(sep=" ")
    elif isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        text = str(int(cell))
    else:
        text = "" if cell is None else str(cell)
    text = text.replace("\x00", "␀")
    return text if len(text) <= width else text[: width - 1] + "…"


def letter_of(index: int) -> str:
    """The letters over a column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def index_of(letters: str) -> int:
    """The column under these letters: A is 0."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1
