"""Cells into dates and instants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from importers import dates
from importers.cells import ERROR_TEXTS, Cell, ErrorCell, is_blank, shown, trimmed
from importers.kinds import Field
from importers.outcomes import DOUBTFUL, ColumnDoubt, Outcome, Parser, Reading, failed_formula


def date_parser(field: Field, distinct: Iterable[Cell], reading: Reading) -> tuple[Parser, list[ColumnDoubt]]:
    cells = list(distinct)
    parts = {text: dates.written(text) for text in (trimmed(cell) for cell in cells if isinstance(cell, str))}
    doubts: list[ColumnDoubt] = []
    order = reading.date_order
    if order is None:
        decided = dates.ordering((text, one) for text, one in parts.items() if one is not None)
        order = decided.order
        if decided.doubt:
            doubts.append(_order_doubt(decided))
    real = any(isinstance(cell, date) for cell in cells)
    loose = next((text for text, one in parts.items() if one is not None and one.order is None), None)
    if real and loose:
        doubts.append(
            ColumnDoubt(
                "mixed_dates",
                f"Some cells are real dates and others are text ({loose}). Excel may have swapped day and month"
                " in those that it took for dates: compare some of them.",
                loose,
                "warning",
            )
        )
    zone = ZoneInfo(reading.time_zone)

    def parse(cell: Cell) -> Any:
        if is_blank(cell):
            return None
        moment: datetime | None = None
        if isinstance(cell, datetime):
            moment = cell
        elif isinstance(cell, date):
            moment = datetime.combine(cell, time())
        elif isinstance(cell, str):
            text = trimmed(cell)
            one = parts.get(text)
            if one is not None and one.order is None and order is None and one.numbers[0] != one.numbers[1]:
                return DOUBTFUL
            moment = dates.instant(one, order or "dmy") if one else None
        elif isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) < 1e9:
            moment = dates.from_serial(float(cell), reading.uses_1904)
        if moment is None:
            return _no_date(field, cell)
        if not dates.in_range(moment):
            return Outcome(
                "year_out_of_range",
                f"{shown(cell)} is not a date between {dates.FIRST_YEAR} and {dates.LAST_YEAR}. Correct the year.",
            )
        if field.type == "date":
            return moment.date()
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return (aware + timedelta(microseconds=500_000)).replace(microsecond=0).astimezone(UTC)

    return parse, doubts


def _no_date(field: Field, cell: Cell) -> Outcome:
    text = shown(cell)
    if isinstance(cell, ErrorCell) or text in ERROR_TEXTS:
        return failed_formula(text)
    ending = "." if field.required else ", or leave the cell empty if it is not known."
    return Outcome("not_a_date", f"{text} is not a date. Write it like 2027-03-15{ending}")


def _order_doubt(decided: dates.Ordering) -> ColumnDoubt:
    example = decided.examples[0]
    if decided.doubt == "mixed":
        return ColumnDoubt(
            "mixed_date_order",
            f"{example} and {decided.examples[1]} write day and month in different orders."
            " Say which order the column uses (--date-format), or write all of them alike.",
            example,
        )
    return ColumnDoubt(
        "ambiguous_dates",
        f"{example} can be read with the day first or with the month first, and no date in the column shows which."
        " Say which (--date-format dmy or --date-format mdy).",
        example,
    )
