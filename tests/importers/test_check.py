"""From bytes to typed rows, with a person's choices."""

# ruff: noqa: E501 - a table of cases is easier to read with one case a line

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from importers.check import BadOption, Checked, Options, check
from importers.limits import Limits
from importers.problems import Problem, UnreadableFile, grouped
from tests.spreadsheets.make import STOCK, STOCK_READ
from tests.spreadsheets.writers import text, xlsx


def codes(checked: Checked) -> list[str]:
    return [problem.code for problem in checked.problems]


def read(checked: Checked) -> list[tuple[str, ...]]:
    return [tuple(map(str, row.values.values())) for row in checked.rows]


def test_rows_carry_the_numbers_that_excel_shows() -> None:
    data = xlsx([["Stock report"], [], *STOCK[:2], [], STOCK[2]])
    checked = check("stock", data, "stock.xlsx")
    assert checked.ok
    assert (checked.sheet, checked.header_row, checked.last_row) == ("Data", 3, 6)
    assert [(row.number, row.sheet) for row in checked.rows] == [(4, "Data"), (6, "Data")]
    assert checked.rows[0].values == {"sku": "00420", "warehouse_code": "MAIN", "on_hand": Decimal(5)}
    assert (checked.rows_read, checked.refused) == (2, [])


def test_a_field_without_a_column_is_absent_and_an_empty_cell_is_none() -> None:
    checked = check("stock", text(["sku,warehouse_code,on_hand", "A,,1"]))
    assert checked.rows[0].values == {"sku": "A", "warehouse_code": None, "on_hand": Decimal(1)}
    assert check("stock", text(["sku,on_hand", "A,1"])).rows[0].values == {"sku": "A", "on_hand": Decimal(1)}


def test_every_problem_is_told_at_once_with_its_place() -> None:
    data = text(["Item code,Plant,Qty on hand,Colour", "A,MAIN,NaN,red", ",MAIN,-1,", "C,MAIN,1,blue"])
    checked = check("stock", data, "stock.csv")
    assert checked.problems == [
        Problem("stock", 2, "Qty on hand", "NaN", "not_a_number", "error", "NaN is not a number. Write on_hand as a number."),
        Problem("stock", 3, "Item code", None, "missing_value", "error", "The cell is empty. Write sku."),
        Problem("stock", 3, "Qty on hand", "-1", "too_small", "error", "on_hand must be at least 0, not -1."),
    ]  # fmt: skip
    assert (checked.rows_read, checked.refused, checked.numbers) == (3, [2, 3], [4])
    assert not checked.ok
    assert not checked.blocked
    assert [header.label for header in checked.ignored] == ["Colour"]


def test_a_failed_formula_is_told_by_its_address() -> None:
    (problem,) = check("stock", text(["note,sku,on_hand", "x,A,#DIV/0!", "x,B,1"])).problems
    assert problem.message.startswith("C2: ")
    assert problem.code == "cell_error"


def test_a_person_can_choose_sheet_header_and_last_row() -> None:
    data = xlsx(
        [["sku", "on_hand"], ["OLD", 1]],
        New=[["sku", "on_hand"], ["sku", "on_hand"], ["A", 1], ["B", 2], ["sum", 3]],
    )
    assert read(check("stock", data)) == [("OLD", "1")]
    assert read(check("stock", data, "", Options(sheet="new", last_row=4))) == [("A", "1"), ("B", "2")]
    chosen = check("stock", data, "", Options(sheet="New", header_row=2, last_row=3))
    assert (chosen.header_row, read(chosen)) == (2, [("A", "1")])
    assert codes(check("stock", data, "", Options(sheet="Newer"))) == ["unknown_sheet"]
    assert codes(check("stock", data, "", Options(sheet="New", header_row=77))) == ["no_header"]


def test_columns_that_do_not_match_block_everything_but_the_rest_is_still_checked() -> None:
    checked = check(
        "sales_orders",
        text(["order_number,sku,quantity,requested_date", "1,A,many,2027-03-01", "2,B,1,2027-03-01"]),
    )
    assert checked.blocked
    assert codes(checked) == ["missing_column", "not_a_number"]
    assert (checked.rows, checked.rows_read, checked.refused) == ([], 2, [2, 3])


def test_a_value_that_either_column_could_give_is_needed_in_one_of_them() -> None:
    checked = check("receipts", text(["po_number,line_number,sku,quantity", "P,1,,1", "P,,A,1", "P,,,1"]))
    assert [(problem.row, problem.code) for problem in checked.problems] == [(4, "missing_value")]


def test_lines_without_a_number_are_told_apart_by_product_and_date() -> None:
    head = "order_number,line_number,customer_code,sku,quantity,requested_date"
    lines = [
        "1,1,C,A,1,2027-03-01",
        "1,2,C,A,1,2027-03-01",
        "1,,C,B,1,2027-03-01",
        "1,,C,B,1,2027-03-02",
        "1,,C,B,2,2027-03-02",
        "1,1,C,Z,1,2027-03-09",
    ]
    checked = check("sales_orders", text([head, *lines]))
    assert checked.refused == [2, 5, 6, 7]
    message = {problem.row: problem.message for problem in checked.problems}
    assert "order_number and line_number as in row 7" in message[2]
    assert "order_number and sku and requested_date as in row 6" in message[5]


def test_rows_that_differ_cannot_be_added_up() -> None:
    head = "sku,name,price"
    checked = check("products", text([head, "A,x,1.5", "A,y,1.5", "B,z,1.5"]), "", Options(duplicates="sum"))
    assert codes(checked) == ["duplicates_differ"] * 2
    assert checked.refused == [2, 3]
    most = check("stock", text(["sku,on_hand", "A,9999999", "A,2"]), "", Options(duplicates="sum"))
    assert codes(most) == ["too_large"] * 2


def test_rows_added_up_count_as_read_and_not_as_refused() -> None:
    checked = check("stock", text(["sku,on_hand", "A,1", "B,5", "A,2", "A,3.5"]), "", Options(duplicates="sum"))
    assert read(checked) == [("A", "6.5"), ("B", "5")]
    assert (checked.rows_read, checked.refused) == (4, [])


@pytest.mark.parametrize(
    ("option", "value"),
    [("decimal", ";"), ("date_format", "soon"), ("duplicates", "drop"), ("header_row", 0), ("last_row", -1), ("time_zone", "Mars/Base"), ("time_zone", "../x")],
)  # fmt: skip
def test_an_option_that_makes_no_sense_is_told(option: str, value: Any) -> None:
    with pytest.raises(BadOption):
        Options(**{option: value})


@pytest.mark.parametrize(
    ("limit", "data"),
    [
        ({"max_bytes": 10}, xlsx(STOCK)),
        ({"max_rows": 2}, xlsx(STOCK)),
        ({"max_rows": 2}, text(["sku,on_hand", "A,1", "B,2"])),
        ({"max_columns": 2}, xlsx(STOCK)),
        ({"max_columns": 2}, text(["a,b,c"])),
        ({"max_cells": 8}, xlsx(STOCK)),
        ({"max_cells": 10}, xlsx(STOCK, More=STOCK)),
        ({"max_sheets": 1}, xlsx(STOCK, More=STOCK)),
        ({"max_members": 3}, xlsx(STOCK)),
        ({"max_unpacked_bytes": 100}, xlsx(STOCK)),
    ],
)
def test_a_limit_is_named_in_its_message(limit: dict[str, int], data: bytes) -> None:
    (name,) = limit
    with pytest.raises(UnreadableFile, match=f"IMPORT_{name.upper()}"):
        check("stock", data, "", Options(limits=Limits(**limit)))


def test_the_list_of_problems_has_an_end() -> None:
    data = text(["sku,on_hand", *(f"A{at},x" for at in range(50))])
    checked = check("stock", data, "", Options(limits=Limits(max_problems=10)))
    assert len(checked.problems) == 11
    assert checked.problems[-1].code == "too_many_problems"
    assert len(checked.refused) == 50


def test_files_with_the_same_headers_have_the_same_fingerprint() -> None:
    one = check("stock", text(["Item Code;On hand", "A;1"]))
    same = check("stock", text(["item_code;ON HAND", "B;2"]))
    other = check("stock", text(["item_code;ON HAND;x", "B;2;3"]))
    assert one.header_fingerprint == same.header_fingerprint != other.header_fingerprint
    assert one.sha256 != same.sha256


def test_problems_are_grouped_by_cause() -> None:
    data = text(["sku,on_hand", *(f"A{at},x" for at in range(5)), "B,-1", "Grand total,"])
    groups = grouped(check("stock", data).problems)
    assert [(group.code, group.severity, group.count, len(group.examples)) for group in groups] == [
        ("not_a_number", "error", 5, 3),
        ("too_small", "error", 1, 1),
        ("total_row", "warning", 1, 1),
    ]


def test_a_complete_row_with_a_word_for_total_in_it_is_data() -> None:
    data = text(["order,customer,sku,qty,due,name", "SO-1,Total SA,A,1,2027-03-01,Total station"])
    assert read(check("sales_orders", data)) == [("SO-1", "Total SA", "A", "1", "2027-03-01")]
    assert read(check("products", text(["sku,name", "TOTAL,Engine oil"]))) == [("TOTAL", "Engine oil")]


def test_an_incomplete_last_row_is_refused_and_not_taken_for_a_note() -> None:
    checked = check("stock", text(["sku,on_hand", "A,1", "B-17,"]))
    assert [(problem.row, problem.code) for problem in checked.problems] == [(3, "missing_value")]


def test_merely_reading_the_corpus_of_one_kind_does_not_need_its_name() -> None:
    assert read(check("stock", xlsx(STOCK), "../../etc/passwd\x00.pdf")) == STOCK_READ
