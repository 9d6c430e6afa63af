"""Where in a sheet the table is: its header row, its last row, and the rows in between that are not data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from importers import columns, dates, numbers
from importers.cells import Cell, is_blank, trimmed
from importers.columns import Header, Match
from importers.kinds import Kind
from importers.problems import Problem
from importers.reading import Sheet, Workbook

#: Headers are looked for among this many rows that are not blank.
_FIRST_ROWS = 200
_BODY_ROWS = 40
_TOTAL = re.compile(
    r"(?:(?:grand|sub|sheet|page|overall|report|order|running)[ -]?)?totals?\b.*|.*\S (?:sub)?total\W*"
    r"|(?:zwischen|gesamt|end)?summe\b.*|gesamt(?:ergebnis)?\b.*|insgesamt\b.*|.*\S ergebnis\W*"
    r"|(?:total g[ée]n[ée]ral|sous[ -]?total|somme)\b.*|(?:sub)?totale?s?\b.*|suma\b.*|somma\b.*|sum\W*"
    r"|(?:総|総合)?合計.*|小計.*|総計.*|計",
    re.IGNORECASE | re.DOTALL,
)
#: A column without any of these has no totals.
_TOTAL_WORDS = ("total", "summe", "gesamt", "ergebnis", "somme", "suma", "somma", "sum", "計")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Table:
    """All rows counted from 0. `last` is the last row with data, the header's where there is none."""

    sheet: Sheet
    header: int
    last: int
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which rows below the header are data, and what was left out and why."""

    rows: list[int]
    refused: list[int]
    problems: list[Problem]


def header_row(rows: Sequence[Sequence[Cell]], kind: Kind | None) -> int | None:
    """The row whose cells are the kind's column names; failing that, or without a kind, the widest row of
    words that has the table under it. None where no row can be one."""
    candidates = _candidates(rows)
    if kind is not None:
        scored = [(columns.score(kind, rows[at]), -at) for at in candidates]
        if scored and (best := max(scored))[0] >= (1, 2):
            return -best[1]
    if not candidates:
        return None
    return max(candidates, key=lambda at: (_support(rows, at), -at))


def _candidates(rows: Sequence[Sequence[Cell]]) -> list[int]:
    found: list[int] = []
    seen = 0
    for at, row in enumerate(rows):
        filled = [cell for cell in row if not is_blank(cell)]
        if filled:
            seen += 1
            if all(_is_word(cell) for cell in filled):
                found.append(at)
        if seen >= _FIRST_ROWS:
            break
    return found


def _is_word(cell: Cell) -> bool:
    if not isinstance(cell, str) or len(cell) > 200:
        return False
    text = trimmed(cell)
    return numbers.written(text.rstrip("%")) is None and dates.written(text) is None


def _support(rows: Sequence[Sequence[Cell]], at: int) -> float:
    """How many columns a row names, less those that the rows below fill without a name."""
    named = {index for index, cell in enumerate(rows[at]) if not is_blank(cell)}
    under = unnamed = body = 0
    for row in rows[at + 1 :]:
        filled = [index for index, cell in enumerate(row) if not is_blank(cell)]
        if not filled:
            continue
        under += len(filled)
        unnamed += sum(index not in named for index in filled)
        body += 1
        if body >= _BODY_ROWS:
            break
    return len(named) * (1 - unnamed / under if under else 1)


def table_at(sheet: Sheet, header: int, last: int | None = None) -> Table:
    """The table under a known header row; `last` is the last row to read, the sheet's if None."""
    end = len(sheet.rows) - 1 if last is None else min(last, len(sheet.rows) - 1)
    while end > header and all(map(is_blank, sheet.rows[end])):
        end -= 1
    return Table(sheet, header, max(header, end), columns.headers(sheet.rows[header]))


def best_table(workbook: Workbook, kind: Kind) -> tuple[Table | None, list[Sheet]]:
    """The table whose columns fit the kind best, and the other sheets that would have done as well."""
    ranked: list[tuple[tuple[int, int], int, Table]] = []
    for number, sheet in enumerate(workbook.visible()):
        if (at := header_row(sheet.rows, kind)) is not None:
            ranked.append((columns.score(kind, sheet.rows[at]), -number, table_at(sheet, at)))
    if not ranked:
        return None, []
    best = max(ranked, key=lambda one: (one[0], one[2].last > one[2].header, one[1]))
    required = sum(field.required for field in kind.fields)
    rivals = [
        table.sheet
        for fit, _, table in ranked
        if table is not best[2] and fit[0] == required and table.last > table.header
    ]
    return best[2], rivals if best[0][0] == required else []


def layout(table: Table, kind: Kind, matches: Sequence[Match]) -> Layout:
    """Sort the rows below the header into data, and what must not be taken for data."""
    sheet, name = table.sheet, table.sheet.name
    problems: list[Problem] = []
    refused: list[int] = []
    skipped: set[int] = set()
    below = _Columns(table)
    last = table.last
    if (second := _second_table(table, below, kind, matches)) is not None:
        problems.append(
            _note(
                name, second, "several_tables",
                f"A second table begins in row {second + 1}. Put it on a sheet of its own,"
                f" or say that this one ends in row {second} (--last-row {second}).",
                "error",
            )
        )  # fmt: skip
        last = second - 1
    for at in _totals(table, below, kind, matches, last):
        skipped.add(at)
        problems.append(_note(name, at, "total_row", "Left out: it looks like a total of other rows."))
    for at in _repeated_headers(table, below, matches, last):
        skipped.add(at)
        problems.append(_note(name, at, "repeated_header", "Left out: it repeats the headers."))
    for at in _notes_below(table, kind, matches, last, skipped):
        skipped.add(at)
        problems.append(_note(name, at, "note_row", "Left out: it looks like a note below the table."))
    broken = set(sheet.broken)
    width = max((header.index + 1 for header in table.headers if header.text), default=0)
    good: list[int] = []
    for at in range(table.header + 1, last + 1):
        row = sheet.rows[at]
        if at in skipped or (not any(row) and all(map(is_blank, row))):
            continue
        if at in broken:
            problems.append(_note(name, at, "broken_quotes", _BROKEN_QUOTES, "error"))
            refused.append(at)
        elif sheet.ragged and len(row) != width and (fault := _ragged(name, at, row, width)):
            problems.append(fault)
            refused.append(at)
        else:
            good.append(at)
    return Layout(good, refused, problems)


_BROKEN_QUOTES = (
    'The quotation marks (") in this row do not match, or a cell is far too long, so its cells may be cut wrongly.'
    " Correct them, or save the file as an Excel workbook."
)


def _ragged(sheet: str, at: int, row: Sequence[Cell], width: int) -> Problem | None:
    if all(map(is_blank, row)):
        return None
    if len(row) > width and not all(map(is_blank, row[width:])):
        more = (
            f"The row has {len(row)} cells, but the header has {width}."
            " Is a delimiter too many, or a text without quotation marks?"
        )
        return _note(sheet, at, "too_many_cells", more, "error")
    if len(row) < width:
        fewer = f"The row has {len(row)} cells, but the header has {width}. Add the missing delimiters."
        return _note(sheet, at, "too_few_cells", fewer, "error")
    return None


def _note(sheet: str, at: int, code: str, message: str, severity: str = "warning") -> Problem:
    return Problem(sheet, at + 1, None, None, code, "error" if severity == "error" else "warning", message)


class _Columns:
    """The cells below the header column by column, each taken out of the rows once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows = table.sheet.rows[table.header + 1 : table.last + 1]
        self._cells: dict[int, list[Cell]] = {}
        self._texts: dict[int, set[str]] = {}

    def cells(self, index: int) -> list[Cell]:
        if index not in self._cells:
            if self._table.sheet.ragged:
                self._cells[index] = [row[index] if index < len(row) else "" for row in self._rows]
            else:
                self._cells[index] = [row[index] for row in self._rows]
        return self._cells[index]

    def texts(self, index: int) -> set[str]:
        """The distinct texts of a column."""
        if index not in self._texts:
            self._texts[index] = {cell for cell in set(self.cells(index)) if isinstance(cell, str)}
        return self._texts[index]

    def rows_with(self, index: int, texts: set[str]) -> list[int]:
        """Numbers of the rows whose cell in the column is one of the texts."""
        first = self._table.header + 1
        return [first + at for at, cell in enumerate(self.cells(index)) if isinstance(cell, str) and cell in texts]


def _totals(table: Table, below: _Columns, kind: Kind, matches: Sequence[Match], last: int) -> list[int]:
    """Rows with a word for total where a required value is missing, or where nothing but the word is the key."""
    required = [match.header.index for match in matches if kind.field(match.field).required]
    words = [
        match.header.index
        for match in matches
        if kind.field(match.field).required and kind.field(match.field).type in ("code", "text")
    ]
    found: set[int] = set()
    for header in table.headers:
        texts = below.texts(header.index)
        joined = "\n".join(texts).casefold()
        if not any(word in joined for word in _TOTAL_WORDS):
            continue
        totals = {text for text in texts if len(text) < 100 and _TOTAL.fullmatch(trimmed(text))}
        for at in below.rows_with(header.index, totals) if totals else ():
            row = table.sheet.rows[at]
            missing = any(index >= len(row) or is_blank(row[index]) for index in required)
            if at <= last and (missing or words == [header.index]):
                found.add(at)
    return sorted(found)


def _repeated_headers(table: Table, below: _Columns, matches: Sequence[Match], last: int) -> list[int]:
    """Rows that say the same as the header, as printed reports have on every page."""
    if len(matches) < 2:
        return []
    head = table.sheet.rows[table.header]
    places = [match.header.index for match in matches]
    title = head[places[0]]
    if not isinstance(title, str) or title not in below.texts(places[0]):
        return []
    return [
        at
        for at in below.rows_with(places[0], {title})
        if at <= last and _says_the_same(table.sheet.rows[at], head, places)
    ]


def _says_the_same(row: Sequence[Cell], head: Sequence[Cell], places: Sequence[int]) -> bool:
    return all(at < len(row) and row[at] == head[at] for at in places)


def _second_table(table: Table, below: _Columns, kind: Kind, matches: Sequence[Match]) -> int | None:
    """The first row below that is a header of the kind again, but not this one."""
    head = table.sheet.rows[table.header]
    places = [match.header.index for match in matches]
    for match in matches:
        field = kind.field(match.field)
        if not field.required or field.type in ("code", "text"):
            continue
        words = (text for text in below.texts(match.header.index) if len(text) < 60 and _LETTER.search(text))
        odd = {text for text in words if columns.field_like(field, text)}
        for at in below.rows_with(match.header.index, odd) if odd else ():
            row = table.sheet.rows[at]
            if not _says_the_same(row, head, places) and columns.score(kind, row) >= (2, 2):
                return at
    return None


def _notes_below(table: Table, kind: Kind, matches: Sequence[Match], last: int, skipped: set[int]) -> list[int]:
    """Rows of prose at the end: only words, most of what is required missing, and no code where one belongs."""
    required = [match.header.index for match in matches if kind.field(match.field).required]
    codes = [
        match.header.index
        for match in matches
        if kind.field(match.field).required and kind.field(match.field).type == "code"
    ]
    found: list[int] = []
    for at in range(last, table.header, -1):
        row = table.sheet.rows[at]
        filled = [cell for cell in row if not is_blank(cell)]
        if not filled or at in skipped:
            continue
        missing = sum(index >= len(row) or is_blank(row[index]) for index in required)
        has_code = any(index < len(row) and _like_code(row[index]) for index in codes)
        if not required or missing * 2 < len(required) or has_code or not all(map(_is_word, filled)):
            break
        found.append(at)
    return found


def looks_like_footer(row: Sequence[Cell], named: int) -> bool:
    """Whether a row at a table's end is blank, a total, or prose in fewer than half of its `named` columns."""
    filled = [cell for cell in row if not is_blank(cell)]
    if not filled:
        return True
    words = [trimmed(cell) for cell in filled if isinstance(cell, str)]
    if any(_TOTAL.fullmatch(word) for word in words if len(word) < 100) and len(filled) < named:
        return True
    return len(filled) * 2 < named and all(map(_is_word, filled))


def _like_code(cell: Cell) -> bool:
    if is_blank(cell):
        return False
    text = trimmed(str(cell))
    return not re.search(r"\s", text) and not text.endswith((":", ".", "!")) and not text.startswith("*")
