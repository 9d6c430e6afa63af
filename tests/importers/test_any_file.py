"""Any table in any dress is read back; any bytes at all are a report or one sentence."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers.cells import Cell, is_blank
from importers.check import check
from importers.delimited import DELIMITERS
from importers.inspect import inspect
from importers.kinds import KINDS
from importers.problems import UnreadableFile
from importers.reading import read
from tests.spreadsheets.make import STOCK, corpus
from tests.spreadsheets.writers import ods, xlsx

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

_texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12)
_cells = st.one_of(
    st.none(),
    _texts,
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(-1e9, 1e9).map(lambda number: float(f"{number:.12g}")),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001 - cells have no zone
)
_tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(_cells, min_size=width, max_size=width), min_size=1, max_size=8)
)


def _by_openpyxl(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for down, row in enumerate(rows, 1):
        for right, value in enumerate(row, 1):
            cell = sheet.cell(down, right)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _by_xlsxwriter(rows: list[list[Any]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for down, row in enumerate(rows):
            for right, value in enumerate(row):
                if isinstance(value, bool):
                    sheet.write_boolean(down, right, value)
                elif isinstance(value, str):
                    sheet.write_string(down, right, value)
                elif isinstance(value, int | float):
                    sheet.write_number(down, right, value)
                elif isinstance(value, date):
                    sheet.write_datetime(down, right, value, moment if isinstance(value, datetime) else day)
    return out.getvalue()


def _same(read_back: Cell, written: Any) -> bool:
    if is_blank(read_back) or is_blank(written):
        return is_blank(read_back) and is_blank(written)
    if isinstance(written, bool) or isinstance(read_back, bool):
        return read_back is written
    if isinstance(written, datetime) and not isinstance(read_back, datetime):
        return written == datetime.combine(read_back, datetime.min.time())  # type: ignore[arg-type]  # midnight is read as a date
    if isinstance(read_back, datetime):
        return isinstance(written, datetime) and abs((read_back - written).total_seconds()) < 1
    return read_back == written


@pytest.mark.parametrize("write", [_by_openpyxl, _by_xlsxwriter])
@SLOW
@given(rows=_tables)
def test_any_table_in_a_workbook_is_read_back(write: Any, rows: list[list[Any]]) -> None:
    (sheet,) = read(write(rows)).sheets
    for down, row in enumerate(rows):
        for right, value in enumerate(row):
            inside = down < len(sheet.rows) and right < len(sheet.rows[down])
            assert _same(sheet.rows[down][right] if inside else None, value)


_csv_cells = st.text(
    st.characters(codec="cp1252", categories=["L", "N", "P", "S", "Zs"]) | st.sampled_from("\n\"',;|\t"),
    max_size=10,
)
_csv_tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(_csv_cells, min_size=width, max_size=width), max_size=6).map(
        lambda rows: [[f"Column {at}" for at in range(width)], *rows]
    )
)


@SLOW
@given(
    rows=_csv_tables,
    delimiter=st.sampled_from(DELIMITERS),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_any_table_as_text_in_any_dialect_is_read_back(
    rows: list[list[str]], delimiter: str, end: str, encoding: str, quoting: Any
) -> None:
    rows = [[cell.replace("\n", end) for cell in row] for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    # The headers and one plain row say which delimiter it is, as they do in real files.
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(
        [["x"] * len(rows[0])] * 20
    )
    book = read(out.getvalue().encode(encoding))
    assert book.dialect is not None
    assert book.dialect.delimiter == delimiter
    assert book.sheets[0].rows[: len(rows)] == rows


def _survives(data: bytes) -> None:
    for look in (
        inspect,
        *(lambda data, kind=kind: check(kind, data, "file") for kind in ("stock", "sales_orders")),
    ):
        sentence = None
        try:
            look(data)
        except UnreadableFile as told:
            sentence = str(told)
        assert sentence is None or 0 < len(sentence) < 400


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_report_or_a_sentence(data: bytes) -> None:
    _survives(data)


_BEGINNINGS = [
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b"sep=",
    b"<?xml",
]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(_BEGINNINGS), st.binary(max_size=1200))
def test_any_bytes_behind_a_known_beginning_are_a_report_or_a_sentence(start: bytes, data: bytes) -> None:
    _survives(start + data)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab1,;\t|\"'\r\n.-/#= \u00e9\x00"), max_size=200))
def test_any_text_is_a_report_or_a_sentence(words: str) -> None:
    _survives(words.encode())


_ORIGINALS = [sample.data for sample in corpus() if 100 < len(sample.data) < 20_000] + [xlsx(STOCK), ods(STOCK)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_damaged_spreadsheet_is_a_report_or_a_sentence(draw: st.DataObject) -> None:
    data = bytearray(draw.draw(st.sampled_from(_ORIGINALS)))
    for _ in range(draw.draw(st.integers(1, 6))):
        at = draw.draw(st.integers(0, len(data) - 1))
        match draw.draw(st.sampled_from(["flip", "cut", "drop", "repeat"])):
            case "flip":
                data[at] = draw.draw(st.integers(0, 255))
            case "cut":
                del data[max(1, at) :]
            case "drop":
                del data[at : at + draw.draw(st.integers(1, 40))]
            case _:
                data[at:at] = data[at : at + draw.draw(st.integers(1, 40))]
        if not data:
            break
    _survives(bytes(data))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_cells_under_good_headers_are_values_or_problems(draw: st.DataObject) -> None:
    kind = draw.draw(st.sampled_from(list(KINDS.values())))
    names = [field.name for field in kind.fields]
    rows = draw.draw(st.lists(st.lists(_cells, min_size=len(names), max_size=len(names)), max_size=5))
    checked = check(kind.name, _by_xlsxwriter([names, *rows]))
    assert len(checked.rows) + len(checked.refused) == checked.rows_read
    assert {problem.row for problem in checked.problems if problem.severity == "error"} - {None} <= set(
        checked.refused
    )
