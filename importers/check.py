"""The one way in: bytes and plain options in, typed rows and problems out.

Nothing here touches a database or a clock, and everything that goes in or comes out can be pickled, so that
the whole of it can run in a process of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from importers import columns, dates, duplicates, numbers
from importers.cells import Cell, ErrorCell, is_blank, letter_of, shown
from importers.columns import Header, Match, Matching
from importers.kinds import KINDS, Field, Kind
from importers.limits import Limits
from importers.outcomes import Outcome, Reading
from importers.problems import Problem
from importers.reading import Workbook, read
from importers.table import Layout, Table, best_table, layout, table_at
from importers.values import parser_for

Duplicates = Literal["keep", "sum", "refuse"]


class BadOption(ValueError):
    """An option that makes no sense, in one sentence."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a person wants the file read; what is None is found out. Raises BadOption.

    Row numbers are those that Excel shows. `columns` is {field: header or column letter}. `date_format` is
    anything that shows the order of day, month and year, such as DD.MM.YYYY or dmy. `time_zone` is where
    times without a zone were written.
    """

    sheet: str | None = None
    header_row: int | None = None
    last_row: int | None = None
    columns: Mapping[str, str] | None = None
    date_format: str | None = None
    decimal: str | None = None
    duplicates: Duplicates = "refuse"
    time_zone: str = "UTC"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise BadOption("The decimal mark is either . or ,")
        if self.date_format is not None and dates.order_of(self.date_format) is None:
            raise BadOption(f"{self.date_format} is no date format; write dmy, mdy, ymd or one like DD.MM.YYYY")
        if self.duplicates not in ("keep", "sum", "refuse"):
            raise BadOption("Duplicates are one of keep, sum, refuse")
        if any(row is not None and row < 1 for row in (self.header_row, self.last_row)):
            raise BadOption("Rows are counted from 1")
        if self.header_row and self.last_row and self.last_row < self.header_row:
            raise BadOption("The last row lies above the header row")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError) as unknown:
            raise BadOption(
                f"{self.time_zone} is not a time zone; write a name such as Europe/Berlin"
            ) from unknown


@dataclass(frozen=True, slots=True)
class Row:
    """One accepted row. `number` is the one that Excel shows; `values` has the fields for which the file has
    a column, None where the cell is empty."""

    number: int
    sheet: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """What a file holds. `rows_read` = accepted + refused, merged duplicates counted one by one.

    `values` are the accepted rows column by column, `numbers` their row numbers; `rows` is the same row by
    row. `blocked` means that no row can be accepted before the file's columns are settled.
    `header_fingerprint` is the same for every file with the same headers.
    """

    kind: str
    filename: str
    format: str
    sha256: str
    sheet: str | None
    header_row: int | None
    last_row: int | None
    header_fingerprint: str | None
    matches: tuple[Match, ...]
    ignored: tuple[Header, ...]
    values: dict[str, list[Any]]
    numbers: list[int]
    refused: list[int]
    rows_read: int
    problems: list[Problem]
    blocked: bool
    encoding: str | None = None
    hidden_sheets: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every row can be taken as it is."""
        return not self.blocked and not any(problem.severity == "error" for problem in self.problems)

    @cached_property
    def rows(self) -> list[Row]:
        names = list(self.values)
        sheet = self.sheet or ""
        return [
            Row(number, sheet, dict(zip(names, values, strict=True)))
            for number, values in zip(self.numbers, zip(*self.values.values(), strict=True), strict=True)
        ]


def check(kind: str, data: bytes, filename: str = "", options: Options | None = None) -> Checked:
    """Read and type everything. Raises UnreadableFile for bytes that are no spreadsheet, KeyError for a kind
    that there is not, and nothing else: whatever else is wrong is in the problems."""
    options = options or Options()
    wanted = KINDS[kind]
    workbook = read(data, filename, options.limits)
    problems = _hidden_notes(workbook)
    table = _choose_table(workbook, wanted, options, problems)
    about: dict[str, Any] = {
        "kind": kind,
        "filename": filename,
        "format": workbook.format,
        "sha256": hashlib.sha256(data).hexdigest(),
        "encoding": workbook.encoding,
        "hidden_sheets": tuple(sheet.name for sheet in workbook.sheets if sheet.hidden),
    }
    if table is None:
        return Checked(
            **about, sheet=None, header_row=None, last_row=None, header_fingerprint=None, matches=(),
            ignored=(), values={}, numbers=[], refused=[], rows_read=0, problems=problems, blocked=True,
        )  # fmt: skip
    matching = columns.match(wanted, table.headers, options.columns, table.sheet.name)
    problems += matching.problems
    rows = layout(table, wanted, matching.matches)
    problems += rows.problems
    reading = Reading(
        cast("numbers.Mark | None", options.decimal),
        dates.order_of(options.date_format) if options.date_format else None,
        options.time_zone,
        workbook.uses_1904,
    )
    body = _Body(table, wanted, rows, options.limits.max_problems)
    body.parse(matching.matches, reading)
    blocked = any(problem.severity == "error" for problem in matching.problems)
    choice = "keep" if blocked else options.duplicates
    numbered = [at + 1 for at in rows.rows]
    merged = duplicates.settle(wanted, table.sheet.name, body.values, body.accepted, numbered, choice)
    problems += body.problems + merged.problems
    if not rows.rows and not rows.refused:
        problems.append(_no_rows(table))
    problems.sort(key=lambda problem: problem.row or 0)
    if len(problems) > options.limits.max_problems:
        problems = _cut(problems, table.sheet.name, options.limits)
    taken = [] if blocked else merged.accepted
    whole = len(taken) == len(rows.rows)
    gone = set(taken) | (set() if blocked else merged.into_others)
    refused = [number for index, number in enumerate(numbered) if index not in gone]
    return Checked(
        **about,
        sheet=table.sheet.name,
        header_row=table.header + 1,
        last_row=table.last + 1,
        header_fingerprint=fingerprint(table.headers),
        matches=matching.matches,
        ignored=_ignored(table, rows, matching),
        values={
            name: values if whole else [values[index] for index in taken] for name, values in body.values.items()
        },
        numbers=[numbered[index] for index in taken],
        refused=sorted(refused + [at + 1 for at in rows.refused]),
        rows_read=len(rows.rows) + len(rows.refused),
        problems=problems,
        blocked=blocked,
    )


def _ignored(table: Table, rows: Layout, matching: Matching) -> tuple[Header, ...]:
    """Columns that are not taken, those without a header included if anything stands in them."""
    used = {match.header.index for match in matching.matches}
    body = [table.sheet.rows[at] for at in rows.rows]
    unnamed = [
        header
        for header in table.headers
        if not header.text
        and header.index not in used
        and any(header.index < len(row) and not is_blank(row[header.index]) for row in body)
    ]
    return tuple(sorted((*matching.ignored, *unnamed), key=lambda header: header.index))


def fingerprint(headers: tuple[Header, ...]) -> str:
    """The same for headers that differ in case, accents and punctuation only."""
    names = "\x1f".join(columns.plain(header.text) for header in headers)
    return hashlib.sha256(names.rstrip("\x1f").encode()).hexdigest()


def _hidden_notes(workbook: Workbook) -> list[Problem]:
    return [
        Problem(
            sheet.name, None, None, None, "hidden_sheet", "warning",
            f"The sheet {sheet.name} is hidden and was left out. Show it in Excel if it belongs to the data.",
        )
        for sheet in workbook.sheets
        if sheet.hidden
    ]  # fmt: skip


def _choose_table(workbook: Workbook, kind: Kind, options: Options, problems: list[Problem]) -> Table | None:
    sheets = workbook.visible()
    if options.sheet is not None:
        sheets = [sheet for sheet in sheets if sheet.name.casefold() == options.sheet.casefold()]
        if not sheets:
            names = ", ".join(sheet.name for sheet in workbook.visible()) or "none"
            problems.append(
                _no_table("unknown_sheet", f"There is no sheet {options.sheet}; the sheets are: {names}.")
            )
            return None
    if options.header_row is not None:
        return _table_by_hand(
            sheets[0] if options.sheet or len(sheets) == 1 else None, workbook, kind, options, problems
        )
    found, rivals = best_table(Workbook(workbook.format, sheets), kind)
    if found is None:
        problems.append(
            _no_table(
                "no_table",
                f"No row with the names of columns was found. Put {', '.join(_required(kind))} above the columns,"
                " or say in which row the headers are (--header-row).",
            )
        )
        problems += _error_cells(workbook)
        return None
    problems += [
        Problem(
            sheet.name, None, None, None, "other_sheet", "warning",
            f"The sheet {sheet.name} seems to hold {kind.title.lower()} too and was not read."
            f" Upload the file again and choose that sheet (--sheet).",
        )
        for sheet in rivals
    ]  # fmt: skip
    last = options.last_row - 1 if options.last_row is not None else None
    return table_at(found.sheet, found.header, last)


def _table_by_hand(
    sheet: Any, workbook: Workbook, kind: Kind, options: Options, problems: list[Problem]
) -> Table | None:
    at = (options.header_row or 1) - 1
    if sheet is None:
        found, _ = best_table(workbook, kind)
        sheet = found.sheet if found else next(iter(workbook.visible()), None)
    if sheet is None or at >= len(sheet.rows) or all(map(is_blank, sheet.rows[at])):
        problems.append(
            _no_table("no_header", f"Row {at + 1} is empty. Choose the row with the names of the columns.")
        )
        return None
    return table_at(sheet, at, options.last_row - 1 if options.last_row is not None else None)


def _no_rows(table: Table) -> Problem:
    message = f"There are no rows below the headers in row {table.header + 1}."
    return Problem(table.sheet.name, table.header + 1, None, None, "no_rows", "warning", message)


def _no_table(code: str, message: str) -> Problem:
    return Problem(None, None, None, None, code, "error", message)


def _required(kind: Kind) -> list[str]:
    return [field.name for field in kind.fields if field.required]


def _error_cells(workbook: Workbook) -> list[Problem]:
    from_cells = []
    for sheet in workbook.visible():
        for at, row in enumerate(sheet.rows):
            for index, cell in enumerate(row):
                if isinstance(cell, ErrorCell):
                    from_cells.append(_error_cell(sheet.name, at + 1, letter_of(index), cell))
    return from_cells


def _error_cell(sheet: str, row: int, letter: str, cell: Any) -> Problem:
    message = f"{letter}{row}: The formula gives {cell.text}. Mend it, or write the value."
    return Problem(sheet, row, letter, cell.text, "cell_error", "error", message)


def _cut(problems: list[Problem], sheet: str, limits: Limits) -> list[Problem]:
    most = limits.max_problems
    more = Problem(
        sheet, None, None, None, "too_many_problems", "error",
        f"There are more than {most:,} problems; only the first are listed (setting IMPORT_MAX_PROBLEMS).",
    )  # fmt: skip
    return [*problems[:most], more]


class _Body:
    """The data rows, column by column, and what is wrong with them."""

    def __init__(self, table: Table, kind: Kind, rows: Layout, most: int) -> None:
        self.table, self.kind, self.rows, self.most = table, kind, rows, most
        self.values: dict[str, list[Any]] = {}
        self.problems: list[Problem] = []
        self._refused: set[int] = set()

    @property
    def accepted(self) -> list[int]:
        """Positions in `rows.rows` of the rows without an error."""
        if not self._refused:
            return list(range(len(self.rows.rows)))
        return [index for index in range(len(self.rows.rows)) if index not in self._refused]

    def parse(self, matches: tuple[Match, ...], reading: Reading) -> None:
        sheet_rows = self.table.sheet.rows
        body = [sheet_rows[at] for at in self.rows.rows]
        for match in matches:
            at = match.header.index
            self._parse_column(match, [row[at] for row in body], reading)
        for names in self.kind.any_of:
            present = [self.values[name] for name in names if name in self.values]
            for index, cells in enumerate(zip(*present, strict=True) if present else ()):
                if all(cell is None for cell in cells):
                    self._add(index, None, None, "missing_value", f"Write {' or '.join(names)}.")

    def _parse_column(self, match: Match, cells: list[Cell], reading: Reading) -> None:
        field = self.kind.field(match.field)
        if bool in set(map(type, cells)):  # True is the same key as 1
            cells = [shown(cell) if isinstance(cell, bool) else cell for cell in cells]
        memo: dict[Cell, Any] = dict.fromkeys(cells)
        parse, doubts = parser_for(field, memo, reading)
        faulty = False
        for cell in memo:
            memo[cell] = read_value = parse(cell)
            faulty = faulty or isinstance(read_value, Outcome) or (read_value is None and field.required)
        values = [memo[cell] for cell in cells]
        for doubt in doubts:
            self.problems.append(
                Problem(
                    self.table.sheet.name, None, match.header.label, doubt.value, doubt.code, doubt.severity,
                    doubt.message,
                )
            )  # fmt: skip
        if faulty:
            self._faults(field, match.header, cells, values)
        self.values[field.name] = values

    def _faults(self, field: Field, header: Header, cells: list[Cell], values: list[Any]) -> None:
        for index, value in enumerate(values):
            if value is None and field.required:
                self._add(index, header, None, "missing_value", f"The cell is empty. Write {field.name}.")
            elif isinstance(value, Outcome):
                values[index] = value.value
                if value.settled:
                    self._refused.add(index)
                    continue
                message = value.message
                if value.code == "cell_error":
                    message = f"{header.letter}{self.rows.rows[index] + 1}: {message}"
                self._add(index, header, cells[index], value.code, message, value.severity)

    def _add(
        self, index: int, header: Header | None, cell: Cell, code: str, message: str, severity: str = "error"
    ) -> None:
        if severity == "error":
            self._refused.add(index)
        if len(self.problems) <= self.most:
            self.problems.append(
                Problem(
                    self.table.sheet.name,
                    self.rows.rows[index] + 1,
                    header.label if header else None,
                    None if cell is None else shown(cell),
                    code,
                    "error" if severity == "error" else "warning",
                    message,
                )
            )
