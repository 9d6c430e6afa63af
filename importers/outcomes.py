"""What reading one cell, or one whole column, can come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from importers import dates, numbers
from importers.problems import Severity


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is wrong with a cell. `value` is kept where it is only a warning. A `settled` outcome is one that
    a problem of the whole column has told already."""

    code: str
    message: str
    severity: Severity = "error"
    value: Any = None
    settled: bool = False


@dataclass(frozen=True, slots=True)
class ColumnDoubt:
    """A question that the column as a whole leaves open."""

    code: str
    message: str
    value: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read the file where its own cells do not say. `decimal` is . or , and `date_order` dmy, mdy or
    ymd; `time_zone` is where times without a zone were written."""

    decimal: numbers.Mark | None = None
    date_order: dates.Order | None = None
    time_zone: str = "UTC"
    uses_1904: bool = False


#: Takes a cell; returns the value, None for an empty cell, or an Outcome that says what is wrong.
Parser = Callable[[Any], Any]

#: The cell is fine if the doubt about its column is answered.
DOUBTFUL = Outcome("settled", "", settled=True)


def failed_formula(text: str) -> Outcome:
    return Outcome("cell_error", f"The formula gives {text}. Mend it, or write the value.")
