"""The golden corpus: spreadsheets with everything that real ones have, and what a good answer to each is.

The tests make them in memory. To look at them: `python -m tests.spreadsheets.make FOLDER`.
"""

# ruff: noqa: E501 - a table of cases is easier to read with one case a line

from __future__ import annotations

import io
import sys
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.spreadsheets import old_excel
from tests.spreadsheets.writers import Rows, edited, in_sheet, ods, saved, text, xlsx


@dataclass(frozen=True)
class Sample:
    """`accepted` are the values of the rows that are taken, as text; `codes` the (row, code) of every
    problem. `unreadable` is a part of the one sentence for a file that cannot be read at all."""

    name: str
    data: bytes
    kind: str = "stock"
    accepted: list[tuple[str, ...]] = field(default_factory=list)
    codes: list[tuple[int | None, str]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    unreadable: str | None = None


STOCK: Rows = [["sku", "warehouse_code", "on_hand"], ["00420", "MAIN", 5], ["A-1", "NORTH", 7.5]]
STOCK_READ = [("00420", "MAIN", "5"), ("A-1", "NORTH", "7.5")]


def _placed(at: str, before: dict[str, Any], rows: Rows, after: dict[str, Any]) -> bytes:
    """A table whose first header stands at `at`, with single cells around it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    first = sheet[at]
    for down, row in enumerate(rows):
        for right, value in enumerate(row):
            sheet.cell(first.row + down, first.column + right, value)
    for place, value in (before | after).items():
        sheet[place] = value
    return saved(book)


def _formatted() -> bytes:
    """Numbers that Excel shows with zeros in front or as per cent, and formats far beyond the table."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["code", "name", "under_tolerance_percent", "over_tolerance_percent"])
    sheet.append([420, "Nordlager", 0.125, 5])
    sheet["A2"].number_format = "00000"
    sheet["C2"].number_format = "0.0%"
    sheet["XFD1048576"].number_format = "0.00"
    return saved(book)


def _merged() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Order", "Line", "Customer", "SKU", "Qty", "Due date"])
    sheet.append(["SO-1", 1, "C-1", "A", 1, date(2027, 3, 1)])
    sheet.append([None, 2, None, "B", 2, date(2027, 3, 2)])
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("C2:C3")
    return saved(book)


def _hidden() -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(STOCK, Old=[["sku", "on_hand"], ["OLD", 1]])))
    book["Old"].sheet_state = "hidden"
    return saved(book)


def _mac_dates() -> bytes:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.append(["order_number", "line_number", "customer_code", "sku", "quantity", "requested_date"])
    sheet.append(["SO-1", 1, "C-1", "A", 1, datetime(2027, 3, 1)])  # noqa: DTZ001 - cells have no zone
    sheet.append(["SO-1", 2, "C-1", "A", 1, 44985])  # a day number without a date format, 2027-03-01 from 1904
    return saved(book)


def _constant_memory() -> bytes:
    """Strings inside the cells instead of in a shared table."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(STOCK):
            sheet.write_row(at, 0, row)
    return out.getvalue()


def _strict() -> bytes:
    """The same file in the namespaces of the ISO standard, which Excel can save too."""
    old = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def change(name: str, part: bytes) -> bytes:
        part = part.replace(old, b"http://purl.oclc.org/ooxml/spreadsheetml/main")
        return part.replace(relations, b"http://purl.oclc.org/ooxml/officeDocument/relationships")

    return edited(xlsx(STOCK), change)


def _twice() -> bytes:
    out = io.BytesIO(xlsx(STOCK))
    with zipfile.ZipFile(out, "a") as archive:
        part = archive.read("xl/worksheets/sheet1.xml")
        name = "xl/worksheets/sheet9.xml"
        archive.writestr(name, part)
        archive.filelist.append(archive.getinfo(name))
    return out.getvalue()


def workbooks() -> list[Sample]:
    good = [
        Sample("clean.xlsx", xlsx(STOCK), accepted=STOCK_READ),
        Sample(
            "macros.xlsm",
            edited(xlsx(STOCK), lambda _, part: part, xl__vbaProject_dot_bin=b"\x00" * 64),
            accepted=STOCK_READ,
        ),
        Sample("strict.xlsx", _strict(), accepted=STOCK_READ),
        Sample("inline_strings.xlsx", _constant_memory(), accepted=STOCK_READ),
        Sample("no_cell_references.xlsx", in_sheet(xlsx(STOCK), r' r="[A-Z]*\d+"', ""), accepted=STOCK_READ),
        Sample("open_document.ods", ods(STOCK), accepted=STOCK_READ),
        Sample("old.xls", old_excel.xls({"Data": STOCK}), accepted=STOCK_READ),
        Sample("binary.xlsb", old_excel.xlsb({"Data": STOCK}), accepted=STOCK_READ),
        Sample("workbook_named.csv", xlsx(STOCK), accepted=STOCK_READ),
        Sample("text_named.xlsx", text(["sku;on_hand", "00420;5"]), accepted=[("00420", "5")]),
    ]
    tables = [
        Sample(
            "notes_around.xlsx",
            _placed(
                "B5",
                {"A1": "Stock report", "C2": "printed for the meeting"},
                STOCK,
                {"B9": "Prepared by the warehouse."},
            ),
            accepted=STOCK_READ,
            codes=[(9, "note_row")],
        ),
        Sample("starts_at_b3.xlsx", _placed("B3", {}, STOCK, {}), accepted=STOCK_READ),
        Sample(
            "totals.xlsx",
            xlsx([*STOCK, [None, "Subtotal NORTH", 7.5], [None, None, None], ["Grand total", None, 12.5]]),
            accepted=STOCK_READ,
            codes=[(4, "total_row"), (6, "total_row")],
        ),
        Sample(
            "blank_rows.xlsx", xlsx([STOCK[0], [None] * 3, STOCK[1], [None] * 3, STOCK[2]]), accepted=STOCK_READ
        ),
        Sample(
            "repeated_header.xlsx",
            xlsx([*STOCK[:2], *STOCK[:1], STOCK[2]]),
            accepted=STOCK_READ,
            codes=[(3, "repeated_header")],
        ),
        Sample(
            "two_tables.xlsx",
            xlsx([*STOCK, [None] * 3, ["Item code", "Plant", "Qty on hand"], ["B-2", "MAIN", 1]]),
            accepted=STOCK_READ,
            codes=[(5, "several_tables")],
        ),
        Sample("hidden_sheet.xlsx", _hidden(), accepted=STOCK_READ, codes=[(None, "hidden_sheet")]),
        Sample(
            "second_sheet_is_the_right_one.xlsx",
            xlsx([["Read me"], ["Nothing to see here"]], Stock=STOCK),
            accepted=STOCK_READ,
        ),
        Sample(
            "two_sheets_alike.xlsx", xlsx(STOCK, More=STOCK), accepted=STOCK_READ, codes=[(None, "other_sheet")]
        ),
        Sample(
            "blank_and_duplicate_headers.xlsx",
            xlsx([["sku", None, "on_hand", "remark", "remark"], ["A", "x", 1, "y", "z"]]),
            accepted=[("A", "1")],
        ),
        Sample(
            "line_breaks_in_headers.xlsx",
            xlsx([["Material\nNumber", "Qty on\r\nhand"], ["A", 1]]),
            accepted=[("A", "1")],
        ),
        Sample(
            "merged.xlsx",
            _merged(),
            "sales_orders",
            [("SO-1", "1", "C-1", "A", "1", "2027-03-01"), ("SO-1", "2", "C-1", "B", "2", "2027-03-02")],
        ),
        Sample(
            "prose.xlsx",
            xlsx([["Dear all,"], ["please find the figures below."]]),
            codes=[(None, "missing_column"), (None, "missing_column")],
        ),
        Sample("headers_only.xlsx", xlsx(STOCK[:1]), codes=[(1, "no_rows")]),
        Sample("numbers_only.xlsx", xlsx([[1, 2], [3, 4]]), codes=[(None, "no_table")]),
    ]
    cells = [
        Sample(
            "failed_formulas.xlsx",
            in_sheet(xlsx([*STOCK, ["B-2", "MAIN", 123456]]), r'<c r="C4" t="n"><v>123456</v>', '<c r="C4" t="e"><v>#N/A</v>'),
            accepted=STOCK_READ,
            codes=[(4, "cell_error")],
        ),
        Sample("failed_formulas.xls", old_excel.xls({"Data": [*STOCK, ["B-2", "MAIN", "#N/A"]]}), accepted=STOCK_READ, codes=[(4, "cell_error")]),
        Sample("failed_formulas.xlsb", old_excel.xlsb({"Data": [*STOCK, ["B-2", "MAIN", "#DIV/0!"]]}), accepted=STOCK_READ, codes=[(4, "cell_error")]),
        Sample("failed_formulas.ods", ods([*STOCK, ["B-2", "MAIN", "#N/A"]]), accepted=STOCK_READ, codes=[(4, "cell_error")]),
        Sample("number_formats.xlsx", _formatted(), "suppliers", [("00420", "Nordlager", "12.5", "5")]),
        Sample("dates_from_1904.xlsx", _mac_dates(), "sales_orders", [("SO-1", "1", "C-1", "A", "1", "2027-03-01"), ("SO-1", "2", "C-1", "A", "1", "2027-03-01")]),
        Sample(
            "iso_date_cells.xlsx",
            in_sheet(
                xlsx([["order", "customer", "sku", "qty", "due"], ["SO-1", "C-1", "A", 1, 123456]]),
                r'<c r="E2" t="n"><v>123456</v>',
                '<c r="E2" t="d"><v>2027-03-01T00:00:00</v>',
            ),
            "sales_orders",
            [("SO-1", "C-1", "A", "1", "2027-03-01")],
        ),
        Sample(
            "identifiers.xlsx",
            xlsx([["sku", "on_hand"], ["00420", 1], [420, 1], [2.3013, 1], [1447296446.7, 1], [4006381333931, 1], [date(2027, 1, 2), 1], [1234567890123456, 1], [True, 1]]),
            accepted=[("00420", "1"), ("420", "1"), ("2.3013", "1"), ("1447296446.7", "1"), ("4006381333931", "1"), ("TRUE", "1")],
            codes=[(7, "became_a_date"), (8, "lost_digits")],
        ),
        Sample(
            "numbers_that_are_none.xlsx",
            xlsx([["sku", "on_hand"], *([f"S{at}", value] for at, value in enumerate(["NaN", "INF", "<5", "N/A", "nodata", "-", True, date(2027, 1, 1), None, 0]))]),
            accepted=[("S9", "0")],
            codes=[*((row, "not_a_number") for row in range(2, 10)), (10, "missing_value")],
        ),
        Sample("duplicates.xlsx", xlsx([*STOCK, STOCK[1]]), accepted=STOCK_READ[1:], codes=[(2, "duplicate_row"), (4, "duplicate_row")]),
        Sample("duplicates_kept.xlsx", xlsx([*STOCK, STOCK[1]]), accepted=[*STOCK_READ, STOCK_READ[0]], options={"duplicates": "keep"}),
        Sample("duplicates_summed.xlsx", xlsx([*STOCK, STOCK[1]]), accepted=[("00420", "MAIN", "10"), STOCK_READ[1]], options={"duplicates": "sum"}),
    ]  # fmt: skip
    return good + tables + cells


def texts() -> list[Sample]:
    plain = ["sku,warehouse_code,on_hand", "00420,MAIN,5", "A-1,NORTH,7.5"]
    orders = "order_number,customer_code,sku,quantity,requested_date"
    two = [("00420", "MAIN", "5"), ("A-1", "NORTH", "7.5")]
    return [
        Sample("commas.csv", text(plain), accepted=two),
        Sample("semicolons.csv", text([line.replace(",", ";").replace("7.5", "7,5") for line in plain]), accepted=two),
        Sample("tabs.tsv", text([line.replace(",", "\t") for line in plain], "\n"), accepted=two),
        Sample("pipes.txt", text([line.replace(",", "|") for line in plain], "\r"), accepted=two),
        Sample("declared.csv", text(["sep=;", *(line.replace(",", ";") for line in plain)]), accepted=two),
        Sample("mark.csv", text(plain, encoding="utf-8-sig"), accepted=two),
        Sample("utf16.csv", text(plain, encoding="utf-16"), accepted=two),
        Sample("utf16_without_mark.csv", text(plain, encoding="utf-16-le"), accepted=two),
        Sample("western.csv", text(["sku;on_hand", "Gerät;1,5", "Pièce;2,25"], encoding="cp1252"), accepted=[("Gerät", "1.5"), ("Pièce", "2.25")]),
        Sample("japanese.csv", text(["品番,倉庫,在庫数", "部品１,東京,５"], encoding="cp932"), accepted=[("部品１", "東京", "5")]),
        Sample("quoted.csv", text(["sku,warehouse_code,on_hand", '"RIFLE,5.56",MAIN,"1,234.5"', '"two\r\nlines",MAIN,1']), accepted=[("RIFLE,5.56", "MAIN", "1234.5")], codes=[(3, "control_characters")]),
        Sample("ragged.csv", text([*plain, "too,short", "B,MAIN,1,long", "C,MAIN,2,,,"]), accepted=[*two, ("C", "MAIN", "2")], codes=[(4, "too_few_cells"), (5, "too_many_cells")]),
        Sample("broken_quotes.csv", text([plain[0], '"A,MAIN,5', "B,MAIN,6", '"C" x,MAIN,7', "D,MAIN,8"]), accepted=[("B", "MAIN", "6"), ("D", "MAIN", "8")], codes=[(2, "broken_quotes"), (4, "broken_quotes")]),
        Sample("ambiguous_decimals.csv", text(["sku;on_hand", "A;1.234", "B;5"]), accepted=[("B", "5")], codes=[(None, "ambiguous_decimals")]),
        Sample("ambiguous_decimals_answered.csv", text(["sku;on_hand", "A;1.234", "B;5"]), accepted=[("A", "1234"), ("B", "5")], options={"decimal": ","}),
        Sample("mixed_decimals.csv", text(["sku;on_hand", "A;1,5", "B;2.25", "C;3"]), accepted=[("C", "3")], codes=[(None, "mixed_decimals")]),
        Sample("shortened_code.csv", text(["sku,on_hand", "4.00638E+12,5"]), codes=[(2, "lost_digits")]),
        Sample("ambiguous_dates.csv", text([orders, "1,C,A,1,03/04/2027", "2,C,A,1,05/05/2027"]), "sales_orders", [("2", "C", "A", "1", "2027-05-05")], [(None, "ambiguous_dates")]),
        Sample("ambiguous_dates_answered.csv", text([orders, "1,C,A,1,03/04/2027"]), "sales_orders", [("1", "C", "A", "1", "2027-04-03")], options={"date_format": "DD/MM/YYYY"}),
        Sample("month_first.csv", text([orders, "1,C,A,1,3/4/2027 0:00:00", "2,C,A,1,3/25/2027 0:00:00"]), "sales_orders", [("1", "C", "A", "1", "2027-03-04"), ("2", "C", "A", "1", "2027-03-25")]),
        Sample("mixed_dates.csv", text([orders, "1,C,A,1,25/3/2027", "2,C,A,1,3/25/2027"]), "sales_orders", [], [(None, "mixed_date_order")]),
        Sample("year_20261.csv", text([orders, "1,C,A,1,20261-03-01", "2,C,A,1,01.03.20261", "3,C,A,1,2027-02-30"]), "sales_orders", [], [(2, "year_out_of_range"), (3, "year_out_of_range"), (4, "not_a_date")]),
        Sample(
            "sap_german.csv",
            text(["Einkaufsbeleg;Position;Lieferant;Material;Bestellmenge;Lieferdatum;Nettopreis", "4500000123;00010;0000100200;000000000000004711;1.200,000;15.03.2027;12,50 €"]),
            "purchase_orders",
            [("4500000123", "10", "0000100200", "000000000000004711", "1200.000", "2027-03-15", "12.50")],
            [(None, "currency_not_taken")],
        ),
        Sample(
            "odoo.csv",
            text(["Order Reference,Vendor,Order Lines/Product/Internal Reference,Order Lines/Quantity,Expected Arrival", "P00012,Azure Interior,FURN_7777,3.0,2027-03-15 12:00:00"]),
            "purchase_orders",
            [("P00012", "Azure Interior", "FURN_7777", "3.0", "2027-03-15")],
        ),
        Sample(
            "erpnext.csv",
            text(["Item Code,Item Name,Stock UOM,Lead Time in days,Default Supplier,Item Group", "SKU001,T-shirt,Nos,14 days,Zuckerman,Products"]),
            "products",
            [("SKU001", "T-shirt", "Nos", "14", "Zuckerman", "Products")],
        ),
        Sample("two_columns_for_one_field.csv", text(["Item code,Product code,on_hand", "A,B,1"]), codes=[(None, "two_columns_for_one_field")]),
        Sample("missing_column.csv", text(["sku,colour", "A,red"]), codes=[(None, "missing_column")]),
        Sample("mapped.csv", text(["Ding,colour,Wieviel", "A,red,1"]), accepted=[("A", "1")], options={"columns": {"sku": "Ding", "on_hand": "C"}}),
        Sample("neutralised.csv", text(["sku,name", "'=A1,'+49 40", "''-x,'plain"]), "products", [("=A1", "+49 40"), ("'-x", "'plain")]),
    ]  # fmt: skip


def refused() -> list[Sample]:
    book = xlsx(STOCK)
    flip = book.index(b"xl/worksheets/sheet1.xml") + 30
    bomb = in_sheet(book, r'r="C3"', 'r="XFD1048576"')
    protected = edited(book, lambda _, part: part)
    at = protected.rfind(b"PK\x01\x02")
    protected = protected[: at + 8] + b"\x01\x00" + protected[at + 10 :]
    repeated = edited(
        ods(STOCK),
        lambda name, part: part.replace(b"<table:table-cell ", b'<table:table-cell table:number-columns-repeated="9999999" ', 1) if name == "content.xml" else part,
    )  # fmt: skip
    entities = edited(
        book,
        lambda name, part: b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + part if name == "xl/workbook.xml" else part,
    )
    sentences: list[tuple[str, bytes, str]] = [
        ("empty.xlsx", b"", "empty"),
        ("spaces.csv", b" \r\n \r\n", "empty"),
        ("truncated.xlsx", book[: len(book) // 2], "damaged"),
        ("flipped.xlsx", book[:flip] + b"\xff" * 40 + book[flip + 40 :], "damaged"),
        ("twice_the_same_part.xlsx", _twice(), "same part twice"),
        ("part_with_password.xlsx", protected, "password"),
        ("encrypted.xlsx", old_excel.encrypted_xlsx(), "password"),
        ("protected.xls", old_excel.protected_xls(), "password"),
        ("giant.xlsx", bomb, "IMPORT_MAX_"),
        ("repeated.ods", repeated, "IMPORT_MAX_"),
        ("entities.xlsx", entities, "for safety"),
        ("page.xls", b"<html><body><table><tr><td>sku</td></tr></table></body></html>", "web page"),
        ("document.xlsx", b"%PDF-1.7 \x00\x01", "PDF"),
        ("letter.docx", edited(book, lambda name, part: None if name.startswith("xl/") else part, word__document_dot_xml=b"<a/>"), "Word"),
        ("archive.zip", edited(book, lambda name, part: None if name.startswith("xl/") else part), "zip archive"),
        ("nul.csv", b"sku,on_hand\r\nA\x00B,1\r\n", "neither a workbook nor text"),
        ("noise.csv", bytes(range(256)) * 4, "neither a workbook nor text"),
        ("wide.csv", b",".join(b"h" for _ in range(16_384)), "IMPORT_MAX_COLUMNS"),
    ]  # fmt: skip
    return [Sample(name, data, unreadable=part) for name, data, part in sentences]


def corpus() -> list[Sample]:
    return workbooks() + texts() + refused()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for sample in corpus():
        (folder / sample.name).write_bytes(sample.data)
