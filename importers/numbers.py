"""Numbers as people write them, and which decimal mark a column uses.

The rule: a mark that is followed by three digits could separate thousands; whatever a column's other numbers
do not settle is asked, not guessed. Spaces and apostrophes between groups of three are thousands. A minus may
stand behind, and brackets mean minus. 3E+3 is 3000.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

Mark = Literal[".", ","]

_NUMBER = re.compile(r"([-+]?)([0-9][0-9.,]*|[.,][0-9]+)(?:[eE]([-+]?[0-9]{1,3}))?([-+]?)")
_SPACED = re.compile(r"(?<=[0-9])[ '’`](?=[0-9]{3}(?![0-9]))")
_GROUPED = {
    ",": re.compile(r"[0-9]{1,3}(,[0-9]{3})+|[0-9]{1,2}(,[0-9]{2})+,[0-9]{3}"),  # the second is Indian
    ".": re.compile(r"[0-9]{1,3}(\.[0-9]{3})+"),
}
_LONGEST = 60


class Written(NamedTuple):
    """A number in parts: its digits with their marks, its power of ten, and whether it is below zero."""

    negative: bool
    body: str
    power: int | None


def written(text: str) -> Written | None:
    """None for what is not one number."""
    if len(text) > _LONGEST:
        return None
    if text.isascii() and text.isdecimal():
        return Written(False, text, None)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u2013", "-")
    text = text.strip()
    negative = text.startswith("(") and text.endswith(")")
    if negative:
        text = text[1:-1].strip()
    found = _NUMBER.fullmatch(_SPACED.sub("", text.replace("- ", "-", 1)))
    if found is None or (found[1] and found[4]) or (negative and (found[1] or found[4])):
        return None
    return Written(negative or found[1] == "-" or found[4] == "-", found[2], int(found[3]) if found[3] else None)


def shows_mark(number: Written) -> Mark | Literal["either", "none"]:
    """What one number says about the decimal mark of its column."""
    body = number.body
    points, commas = body.count("."), body.count(",")
    if points and commas:
        return "." if body.rfind(".") > body.rfind(",") else ","
    if not points and not commas:
        return "none"
    mark: Mark = "." if points else ","
    if points + commas > 1:
        return "," if points else "."
    before, after = body.split(mark)
    if number.power is None and len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0"):
        return "either"
    return mark


@dataclass(frozen=True, slots=True)
class Notation:
    """The decimal mark of a column; without one, `doubt` says why: "mixed" or "ambiguous"."""

    mark: Mark | None
    doubt: Literal["mixed", "ambiguous"] | None = None
    examples: tuple[str, ...] = ()


def notation(texts: Iterable[tuple[str, Written]]) -> Notation:
    """Decided over all numbers of a column, given as they stand and in parts."""
    seen: dict[str, str] = {}
    for text, number in texts:
        seen.setdefault(shows_mark(number), text)
    if "." in seen and "," in seen:
        return Notation(None, "mixed", (seen["."], seen[","]))
    if "." in seen or "," in seen:
        return Notation("." if "." in seen else ",")
    if "either" in seen:
        return Notation(None, "ambiguous", (seen["either"],))
    return Notation(".")


def value(number: Written, mark: Mark) -> Decimal | None:
    """None where the number does not fit the notation, such as 1.23.4 or 12,34 with a decimal point."""
    whole, _, fraction = number.body.partition(mark)
    group = "," if mark == "." else "."
    if group in fraction or mark in fraction:
        return None
    if group in whole:
        if not _GROUPED[group].fullmatch(whole):
            return None
        whole = whole.replace(group, "")
    power = f"E{number.power}" if number.power is not None else ""
    amount = Decimal(f"{whole or '0'}.{fraction or '0'}{power}" if fraction else f"{whole or '0'}{power}")
    return -amount if number.negative and amount else amount


def exact(number: float) -> Decimal:
    """A cell's number as it was typed: Excel keeps 15 digits, the rest is noise of the binary form."""
    return Decimal(f"{number:.15g}")
