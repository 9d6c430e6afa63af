"""What the importer sees in a file, before anyone has said what kind of data it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from importers import dates, numbers
from importers.cells import Cell, ErrorCell, is_blank, letter_of, shown, trimmed
from importers.columns import Header
from importers.limits import Limits
from importers.problems import Problem
from importers.reading import Sheet, Workbook, read
from importers.table import Table, header_row, looks_like_footer, table_at

_PREVIEW_ROWS = 5
_NO_HEADER = "No row with the names of columns was found, so there is no table to read."


def inspect(data: bytes, filename: str = "", limits: Limits | None = None) -> dict[str, Any]:
    """Plain data, fit for JSON; rows and letters as Excel shows them. Raises UnreadableFile."""
    workbook = read(data, filename, limits)
    tables = [(sheet, _table(sheet)) for sheet in workbook.sheets]
    problems = [problem for sheet in workbook.sheets for problem in _problems(sheet)]
    return {
        "file": filename,
        "format": workbook.format,
        "encoding": workbook.encoding,
        "dialect": _dialect(workbook),
        "sheets": [
            {
                "name": sheet.name,
                "hidden": sheet.hidden,
                "tables": [_described(table)] if table else [],
                "refused": None if table or sheet.hidden else _refused(sheet),
            }
            for sheet, table in sorted(tables, key=lambda one: -_size(one[1]))
        ],
        "problems": [problem.as_dict() for problem in problems],
    }


def _dialect(workbook: Workbook) -> dict[str, Any] | None:
    if workbook.dialect is None:
        return None
    dialect = workbook.dialect
    return {"delimiter": dialect.delimiter, "line_end": dialect.line_end, "quoted": dialect.quoted}


def _refused(sheet: Sheet) -> str:
    return _NO_HEADER if any(not is_blank(cell) for row in sheet.rows for cell in row) else "The sheet is empty."


def _table(sheet: Sheet) -> Table | None:
    if sheet.hidden or (at := header_row(sheet.rows, None)) is None:
        return None
    table = table_at(sheet, at)
    named = sum(bool(header.text) for header in table.headers)
    last = table.last
    while last > at and looks_like_footer(sheet.rows[last], named):
        last -= 1
    return table_at(sheet, at, last)


def _size(table: Table | None) -> int:
    return (table.last - table.header) * len(table.headers) if table else -1


def _described(table: Table) -> dict[str, Any]:
    body = [row for row in table.sheet.rows[table.header + 1 : table.last + 1] if not all(map(is_blank, row))]
    filled = [
        header for header in table.headers if header.text or any(not is_blank(_at(row, header)) for row in body)
    ]
    return {
        "header_row": table.header + 1,
        "first_row": table.header + 2,
        "last_row": table.last + 1,
        "rows": len(body),
        "columns": [_column(header, [_at(row, header) for row in body]) for header in filled],
        "preview": [[shown(_at(row, header)) for header in filled] for row in body[:_PREVIEW_ROWS]],
    }


def _at(row: Sequence[Cell], header: Header) -> Cell:
    return row[header.index] if header.index < len(row) else None


def _column(header: Header, cells: Sequence[Cell]) -> dict[str, Any]:
    distinct = [cell for cell in dict.fromkeys(cells) if not is_blank(cell)]
    found = {"letter": header.letter, "header": header.text, "label": header.label}
    return found | _typed(distinct)


def _typed(distinct: Sequence[Cell]) -> dict[str, str | None]:
    """Nine in ten of the distinct cells decide the type. An undecided mark or order is "ambiguous" or "mixed"."""
    result: dict[str, str | None] = {"type": "empty", "decimal": None, "date_order": None}
    if not distinct:
        return result
    texts = [trimmed(cell) for cell in distinct if isinstance(cell, str)]
    written_dates = [
        (text, day) for text in texts if not text.isdigit() and (day := dates.written(text)) is not None
    ]
    written_numbers = [
        (text, number)
        for text in texts
        if (number := numbers.written(text)) is not None
        and not (text.startswith("0") and text.isdigit() and len(text) > 1)
    ]
    most = 0.9 * len(distinct)
    real_dates = sum(isinstance(cell, date) for cell in distinct)
    real_numbers = sum(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in distinct)
    if real_dates + len(written_dates) >= most and real_dates + len(written_dates) >= len(written_numbers):
        order = dates.ordering(written_dates) if written_dates else None
        return {"type": "date", "decimal": None, "date_order": (order.order or order.doubt) if order else None}
    if real_numbers + len(written_numbers) >= most:
        mark = (
            numbers.notation(written_numbers)
            if any(set(".,") & set(text) for text, _ in written_numbers)
            else None
        )
        return {"type": "number", "decimal": (mark.mark or mark.doubt) if mark else None, "date_order": None}
    if all(isinstance(cell, bool) for cell in distinct):
        return result | {"type": "boolean"}
    return result | {"type": "text"}


def _problems(sheet: Sheet) -> list[Problem]:
    if sheet.hidden:
        message = f"The sheet {sheet.name} is hidden and was left out. Show it in Excel if it belongs to the data."
        return [Problem(sheet.name, None, None, None, "hidden_sheet", "warning", message)]
    found = []
    for at, row in enumerate(sheet.rows):
        for index, cell in enumerate(row):
            if isinstance(cell, ErrorCell):
                letter = letter_of(index)
                message = f"{letter}{at + 1}: The formula gives {cell.text}. Mend it, or write the value."
                found.append(Problem(sheet.name, at + 1, letter, cell.text, "cell_error", "error", message))
    for at in sheet.broken:
        message = 'The quotation marks (") in this row do not match, so its cells may be cut wrongly.'
        found.append(Problem(sheet.name, at + 1, None, None, "broken_quotes", "error", message))
    return found
