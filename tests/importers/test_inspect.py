"""What is seen in a file before its kind is known."""

from __future__ import annotations

import json
from datetime import date

import pytest

from importers.inspect import inspect
from importers.problems import UnreadableFile
from tests.spreadsheets.make import STOCK, workbooks
from tests.spreadsheets.writers import text, xlsx


def test_a_text_file_is_described() -> None:
    data = text(
        ["Nr;Datum;Menge;Preis;Ort", "007;15.03.2027;1,5;1.234;Köln", "008;16.03.2027;2,5;2.345;Bonn"],
        encoding="cp1252",
    )
    seen = inspect(data, "liste.csv")
    assert (seen["file"], seen["format"], seen["encoding"]) == ("liste.csv", "csv", "iso-8859-1")
    assert seen["dialect"] == {"delimiter": ";", "line_end": "CRLF", "quoted": False}
    (table,) = seen["sheets"][0]["tables"]
    assert (table["header_row"], table["first_row"], table["last_row"], table["rows"]) == (1, 2, 3, 2)
    assert [
        (one["letter"], one["header"], one["type"], one["decimal"], one["date_order"]) for one in table["columns"]
    ] == [
        ("A", "Nr", "text", None, None),
        ("B", "Datum", "date", None, "dmy"),
        ("C", "Menge", "number", ",", None),
        ("D", "Preis", "number", "ambiguous", None),
        ("E", "Ort", "text", None, None),
    ]
    assert table["preview"][0] == ["007", "15.03.2027", "1,5", "1.234", "Köln"]
    json.dumps(seen)


def test_the_largest_table_comes_first_and_sheets_without_one_say_why() -> None:
    data = xlsx([["only", "words"]], Numbers=[[1, 2]], Stock=STOCK, Empty=[])
    seen = inspect(data)
    assert [sheet["name"] for sheet in seen["sheets"]] == ["Stock", "Data", "Numbers", "Empty"]
    assert [bool(sheet["refused"]) for sheet in seen["sheets"]] == [False, False, True, True]


def test_notes_and_totals_around_a_table_are_not_part_of_it() -> None:
    rows = [
        ["Stock report"],
        ["for", "the", None, "meeting"],
        ["Item", "Place", "Qty", "Since"],
        *[["A", "X", 1, date(2027, 1, at)] for at in range(1, 6)],
        [None, "Total", 5],
        [],
        ["Checked by the warehouse"],
    ]
    (table,) = inspect(xlsx(rows))["sheets"][0]["tables"]
    assert (table["header_row"], table["last_row"], table["rows"]) == (3, 8, 5)
    assert [column["type"] for column in table["columns"]] == ["text", "text", "number", "date"]


@pytest.mark.parametrize(
    "sample", [one for one in workbooks() if one.name.startswith(("hidden", "failed"))], ids=lambda one: one.name
)
def test_hidden_sheets_and_failed_formulas_are_told(sample: object) -> None:
    seen = inspect(sample.data)  # type: ignore[attr-defined]  # a Sample; the type adds nothing here
    assert [problem["code"] for problem in seen["problems"]] in (["hidden_sheet"], ["cell_error"], [])


def test_what_cannot_be_read_is_told() -> None:
    with pytest.raises(UnreadableFile):
        inspect(b"")
