"""Workbooks out, and in again."""

# ruff: noqa: E501 - a table of cases is easier to read with one case a line

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers.check import Options, check
from importers.inspect import inspect
from importers.kinds import KINDS, Field, Kind
from importers.templates import export, export_csv, template

Writer = Callable[..., bytes]


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_has_every_column_and_nothing_to_delete(kind: str) -> None:
    data = template(kind)
    checked = check(kind, data, f"{kind}.xlsx")
    assert [match.field for match in checked.matches] == [field.name for field in KINDS[kind].fields]
    assert [problem.code for problem in checked.problems] == ["no_rows"]
    assert checked.ok


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_explains_its_columns_and_takes_its_own_examples(kind: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template(kind)))
    sheet, how_to = book.worksheets
    explained = {row[0].value: row for row in how_to.iter_rows(min_row=2)}
    for at, field in enumerate(KINDS[kind].fields, 1):
        assert sheet.cell(1, at).comment is not None
        assert explained[field.name][1].value == ("yes" if field.required else "no")
        for row, example in enumerate(KINDS[kind].examples, 2):
            sheet.cell(row, at, example.get(field.name))
    out = io.BytesIO()
    book.save(out)
    checked = check(kind, out.getvalue())
    assert checked.problems == []
    assert len(checked.rows) == len(KINDS[kind].examples)


def test_codes_are_text_and_choices_are_lists_in_a_template() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(template("customers"))).worksheets[0]
    assert sheet.column_dimensions["A"].number_format == "@"
    assert any(rule.type == "list" and "A,B,C" in rule.formula1 for rule in sheet.data_validations.dataValidation)


_codes = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
_words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40)


def _kept(text: str) -> bool:
    """What an importer must refuse or may not take literally: failed formulas, shortened numbers."""
    return (
        bool(text.strip())
        and not text.startswith("#")
        and "E+" not in text
        and text == text.strip("\u200b\ufeff ")
    )


def _values(field: Field) -> st.SearchStrategy[Any]:
    by_type: dict[str, st.SearchStrategy[Any]] = {
        "code": _codes.filter(_kept),
        "text": _words.map(str.strip).map(lambda text: text[: field.length].strip()).filter(_kept),
        "codes": st.lists(st.text("AB0123-", min_size=1, max_size=5), unique=True, max_size=3).map(tuple).map(lambda codes: codes or None),
        "quantity": st.decimals(Decimal("0.001"), 10**7, places=3),
        "money": st.decimals(0, 10**9, places=4),
        "percent": st.decimals(0, 100, places=2),
        "integer": st.integers(int(field.low or 0), int(field.high or 0)),
        "date": st.dates(date(2000, 1, 1), date(2100, 12, 31)),
        "instant": st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30), timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001 - the strategy adds the zone
        "email": st.just("a+b@company.example"),
        "choice": st.sampled_from(field.choices or ("",)),
        "country": st.sampled_from(["DE", "NO"]),
        "currency": st.sampled_from(["EUR", "USD"]),
        "time_zone": st.sampled_from(["Europe/Berlin", "UTC"]),
        "language": st.sampled_from(["en", "pt-BR"]),
        "boolean": st.booleans(),
    }  # fmt: skip
    return by_type[field.type] if field.required else st.none() | by_type[field.type]


def _rows(kind: Kind) -> st.SearchStrategy[list[dict[str, Any]]]:
    row = st.fixed_dictionaries({field.name: _values(field) for field in kind.fields})
    return st.lists(row, min_size=1, max_size=6)


@pytest.mark.parametrize("write", [export, export_csv])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_exported_is_imported_unchanged(kind: str, write: Writer, data: st.DataObject) -> None:
    rows = data.draw(_rows(KINDS[kind]))
    for row in rows:
        if kind == "receipts":
            row["sku"] = row["sku"] or "A"
    checked = check(kind, write(kind, rows), "", Options(duplicates="keep"))
    assert [problem for problem in checked.problems if problem.severity == "error"] == []
    assert [row.values for row in checked.rows] == rows


@pytest.mark.parametrize("write", [export, export_csv])
def test_instants_go_out_in_the_readers_time_zone_and_come_back(write: Writer) -> None:
    row = {
        "po_number": "P",
        "sku": "A",
        "quantity": Decimal(1),
        "received_at": datetime(2027, 7, 1, 22, 30, tzinfo=UTC),
    }
    data = write("receipts", [row], "Asia/Tokyo")
    (back,) = check("receipts", data, "", Options(time_zone="Asia/Tokyo")).rows
    assert back.values["received_at"] == row["received_at"]


def test_an_export_has_real_numbers_and_dates_and_no_live_formulas() -> None:
    row = {
        "order_number": "=1+1",
        "customer_code": "@SUM(A1)",
        "sku": "00420",
        "quantity": Decimal("7.5"),
        "requested_date": date(2027, 3, 15),
    }
    sheet = openpyxl.load_workbook(io.BytesIO(export("sales_orders", [row]))).worksheets[0]
    cells = {sheet.cell(1, at).value: sheet.cell(2, at) for at in range(1, 8)}
    assert (cells["quantity"].value, cells["quantity"].data_type) == (7.5, "n")
    assert (cells["requested_date"].value, cells["requested_date"].is_date) == (datetime(2027, 3, 15), True)  # noqa: DTZ001 - cells have no zone
    assert (cells["order_number"].value, cells["customer_code"].value) == ("'=1+1", "'@SUM(A1)")
    assert all(cell.data_type != "f" for cell in cells.values())
    assert b"'=1+1" in export_csv("sales_orders", [row])


def test_an_empty_export_is_an_empty_table() -> None:
    assert inspect(export("stock", []))["sheets"][0]["tables"][0]["rows"] == 0
    assert check("stock", export_csv("stock", [])).rows == []
