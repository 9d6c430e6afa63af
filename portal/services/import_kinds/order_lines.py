"""Which line of an order a row of a file is about, whether or not it says the line's number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count

from importers.check import Row
from portal.services.import_kinds.plan import Findings
from portal.services.transaction import amount


@dataclass(frozen=True)
class KnownLine:
    number: int
    sku: str
    quantity: Decimal
    requested_date: date
    promised_date: date | None = None


def place(rows: Sequence[Row], known: Iterable[KnownLine]) -> list[tuple[Row, KnownLine | int]]:
    """For each row of one order the line that it is about, or the number of the line that it adds.

    A row without a number is the line of its SKU and date, else the one line of its SKU that no other row is
    about, else a new line under the lowest free number. Rows that name a number twice come out twice.
    """
    left = {line.number: line for line in known}
    numbers = set(left)
    found: dict[int, KnownLine | int] = {}
    for row in rows:
        number = row.values.get("line_number")
        if number is not None:
            numbers.add(number)
            found[row.number] = left.pop(number, number)
    for same in (_is_same, _has_same_date):
        for row in rows:
            line = next((each for each in left.values() if same(row, each)), None)
            if row.number not in found and line is not None:
                found[row.number] = left.pop(line.number)
    skus = Counter(line.sku for line in left.values())
    for row in rows:
        sku = row.values["sku"]
        if row.number not in found and skus[sku] == 1:
            line = next(each for each in left.values() if each.sku == sku)
            found[row.number] = left.pop(line.number)
            skus[sku] = 0
    free = (number for number in count(1) if number not in numbers)
    return [(row, found[row.number] if row.number in found else next(free)) for row in rows]


def _has_same_date(row: Row, line: KnownLine) -> bool:
    return (row.values["sku"], row.values["requested_date"]) == (line.sku, line.requested_date)


def _is_same(row: Row, line: KnownLine) -> bool:
    return _has_same_date(row, line) and row.values["quantity"] == line.quantity


def refuse_changes(row: Row, order: str, line: KnownLine, way_out: str, findings: Findings) -> None:
    """What an import can't change: the SKU, quantity and requested date of a line that is kept already."""
    for name, kept in (
        ("sku", line.sku),
        ("quantity", line.quantity),
        ("requested_date", line.requested_date),
    ):
        given = row.values[name]
        if given != kept:
            findings.refuse(
                row,
                name,
                "line_changed",
                f"{order} line {line.number} is kept with {name} {_text(kept)}, not {_text(given)}."
                f" An import changes no line: {way_out}.",
            )


def _text(value: object) -> str:
    return amount(value) if isinstance(value, Decimal) else str(value)


def refuse_repeats(order: str, placed: Iterable[tuple[Row, KnownLine | int]], findings: Findings) -> None:
    """Two rows must not be about the same line."""
    first: dict[int, Row] = {}
    for row, line in placed:
        number = line if isinstance(line, int) else line.number
        before = first.setdefault(number, row)
        if before is not row:
            findings.refuse(
                row,
                "line_number",
                "same_number_twice",
                f"Row {before.number} is line {number} of {order} already. Give this row another number.",
            )


def by_order(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    """The rows of each order, in the order of the file."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.values[name], []).append(row)
    return found
