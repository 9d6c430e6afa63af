"""Real files that nobody here made; they lie beside the clone where there are any, and are no part of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers.check import Checked, Options, check
from importers.inspect import inspect
from importers.reading import read

FOLDER = Path(__file__).parents[2].parent / "shared" / "samples"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason="the folder ../shared/samples does not lie beside the clone; its files are not checked",
)


def sample(kind: str, name: str, **options: Any) -> Checked:
    return check(kind, (FOLDER / name).read_bytes(), name, Options(**options))


def seen(name: str) -> dict[str, Any]:
    return inspect((FOLDER / name).read_bytes(), name)


def codes(checked: Checked) -> list[tuple[int | None, str]]:
    return [(problem.row, problem.code) for problem in checked.problems]


def test_purchase_orders_of_frepple() -> None:
    checked = sample("purchase_orders", "frepple_purchaseorder.xlsx")
    assert checked.problems == []
    assert [(row.values["po_number"], row.values["requested_date"]) for row in checked.rows] == [
        ("PO #3", date(2019, 6, 26)),
        ("PO #2", date(2019, 7, 2)),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "rows"),
    [
        ("stock", "frepple_stock.xlsx", 4),
        ("sales_orders", "frepple_sales_history.xlsx", 320),
        ("sales_orders", "frepple_missing_data.xlsx", 59),
        ("sales_orders", "frepple_supplier_capacity.xlsx", 4),
    ],
)
def test_clean_files_raise_no_false_alarm(kind: str, name: str, rows: int) -> None:
    checked = sample(kind, name)
    assert checked.problems == []
    assert len(checked.rows) == rows


def test_american_dates_and_commas_in_names() -> None:
    checked = sample(
        "receipts",
        "dod1033_csv.csv",
        columns={"po_number": "fips", "sku": "nsn", "received_at": "ship_date"},
        duplicates="keep",
    )
    assert checked.problems == []
    assert len(checked.rows) == 1575
    assert checked.rows[0].values["received_at"] == datetime(2006, 5, 19, tzinfo=UTC)
    named = sample("products", "dod1033_csv.csv", columns={"sku": "nsn", "name": "item_name"}, duplicates="keep")
    assert named.rows[0].values["name"] == "RIFLE,5.56 MILLIMETER"


def test_a_missing_week_stays_missing() -> None:
    weeks = [
        row.values["requested_date"]
        for row in sample("sales_orders", "frepple_missing_data.xlsx").rows
        if row.values["sku"] == "item C"
    ]
    assert date(2020, 12, 21) not in weeks


def test_ten_sheets_are_offered_and_one_can_be_chosen() -> None:
    assert len(seen("frepple_supplier_capacity.xlsx")["sheets"]) == 10
    assert (
        sample("customers", "frepple_supplier_capacity.xlsx", sheet="customer", columns={"code": "Name"}).sheet
        == "customer"
    )


def test_years_behind_a_letter_are_not_taken_for_buckets() -> None:
    (table,) = seen("ihme_wide_years.csv")["sheets"][0]["tables"]
    assert table["columns"][11]["header"] == "c1980"
    assert sample("stock", "ihme_wide_years.csv").blocked


def test_notes_above_and_below() -> None:
    for sheet in seen("notes_top_bottom_merged.xlsx")["sheets"]:
        assert (sheet["tables"][0]["header_row"], sheet["tables"][0]["rows"]) == (5, 10)
    checked = sample("customers", "notes_top_bottom_merged.xlsx", columns={"code": "Name", "name": "Profession"})
    assert (checked.header_row, len(checked.rows)) == (5, 10)
    assert {problem.row for problem in checked.problems} == {16, 17, 18, 19}


def test_a_table_that_starts_at_b3() -> None:
    (table,) = seen("offset_block.xlsx")["sheets"][0]["tables"]
    assert (table["header_row"], table["rows"]) == (3, 3)
    assert [column["letter"] for column in table["columns"]] == ["B", "C", "D"]


def test_blank_and_duplicate_headers() -> None:
    (table,) = seen("blank_and_duplicate_headers.xlsx")["sheets"][0]["tables"]
    assert [column["label"] for column in table["columns"]] == ["id", "name", "C", "D", "E"]
    checked = sample("products", "blank_and_duplicate_headers.xlsx", columns={"sku": "id", "name": "B"})
    assert [header.label for header in checked.ignored] == ["C", "D", "E"]
    assert codes(checked) == [(2, "duplicate_row"), (3, "duplicate_row")]


def test_a_title_above_and_a_total_below() -> None:
    checked = sample("stock", "title_and_total.xlsx", columns={"sku": "A", "on_hand": "B"})
    assert codes(checked) == [(4, "total_row")]
    assert [row.values for row in checked.rows] == [{"sku": "8", "on_hand": Decimal(9)}]


def test_dates_that_count_from_1904() -> None:
    assert read((FOLDER / "date1904.xlsx").read_bytes()).sheets[0].rows[0][0] == date(2021, 1, 1)


def test_failed_formulas_by_their_addresses() -> None:
    messages = [problem["message"] for problem in seen("error_cells.xlsx")["problems"]]
    assert [message.split(":")[0] for message in messages] == [f"A{row}" for row in range(1, 8)]
    assert codes(sample("stock", "error_cells.xlsx"))[1:] == [(row, "cell_error") for row in range(1, 8)]


def test_western_letters_semicolons_and_decimal_commas() -> None:
    about = seen("latin1_semicolon_decimal_comma.csv")
    assert (about["encoding"], about["dialect"]["delimiter"], about["dialect"]["line_end"]) == (
        "iso-8859-1",
        ";",
        "CRLF",
    )
    (table,) = about["sheets"][0]["tables"]
    assert table["rows"] == 638
    assert {column["header"]: column["decimal"] for column in table["columns"]}["Occupancy rate"] == ","
    checked = sample(
        "products",
        "latin1_semicolon_decimal_comma.csv",
        columns={"sku": "Quartier", "name": "Source", "price": "Occupancy rate"},
        duplicates="keep",
    )
    assert checked.rows[0].values["price"] == Decimal("0.6116")


def test_utf16_is_read() -> None:
    assert seen("utf16le.csv")["encoding"] == "utf-16"
    assert len(sample("stock", "utf16le.csv", columns={"sku": "a", "on_hand": "b"}).rows) == 2


def test_ragged_rows_are_two_errors_of_three_rows() -> None:
    checked = sample("stock", "ragged_rows.csv", columns={"sku": "column_b", "on_hand": "column_a"})
    assert (checked.rows_read, codes(checked)) == (3, [(2, "too_many_cells"), (3, "too_few_cells")])


def test_what_is_no_quantity_is_refused() -> None:
    checked = sample("stock", "number_formats.csv", columns={"sku": "unique", "on_hand": "number"})
    assert {row.values["sku"]: row.values["on_hand"] for row in checked.rows} == {
        "-0": 0,
        "3E+3": 3000,
        "4e4": 40000,
    }
    refused = {problem.value for problem in checked.problems if problem.code == "not_a_number"}
    assert {"NaN", "INF", "-INF", "95%", "$4.00"} <= {str(value).strip() for value in refused}
