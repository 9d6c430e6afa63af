"""Bytes to raw cells."""

# ruff: noqa: E501 - made-up files are easier to read in one line

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from importers.cells import ErrorCell, index_of, letter_of
from importers.check import check
from importers.limits import Limits
from importers.problems import UnreadableFile
from importers.reading import read
from tests.spreadsheets import old_excel
from tests.spreadsheets.make import STOCK
from tests.spreadsheets.writers import edited, in_sheet, ods, saved, text, xlsx


def test_columns_have_letters() -> None:
    assert [letter_of(at) for at in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(index_of(letter_of(at)) == at for at in range(2000))


@pytest.mark.parametrize("addresses", [True, False])
def test_failed_formulas_are_found_with_and_without_addresses_in_the_file(addresses: bool) -> None:
    data = in_sheet(
        xlsx([["a", "b"], [1, 123456], [2, 3]]), r'(<c r="B2") t="n"><v>123456</v>', r'\1 t="e"><v>#REF!</v>'
    )
    if not addresses:
        data = in_sheet(data, r' r="[A-Z]*\d+"', "")
    assert read(data).sheets[0].rows == [["a", "b"], [1.0, ErrorCell("#REF!")], [2.0, 3.0]]


@pytest.mark.parametrize("addresses", [True, False])
def test_numbers_that_are_shown_as_codes_and_per_cent_are_read_as_they_are_shown(addresses: bool) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([420, 0.125, 0.125, 7])
    sheet["A1"].number_format = "00000"
    sheet["B1"].number_format = "0.0%"
    data = saved(book) if addresses else in_sheet(saved(book), r' r="[A-Z]*\d+"', "")
    assert read(data).sheets[0].rows == [["00420", "12.5%", 0.125, 7.0]]


def test_the_same_in_an_open_document() -> None:
    data = edited(
        ods([[420, 0.5, 7]]),
        lambda name, part: (
            part.replace(b"<text:p>420<", b"<text:p>00420<").replace(
                b'office:value-type="float" office:value="0.5"', b'office:value-type="percentage" office:value="0.5"'
            ).replace(b'office:value="0.5" office:value-type="float"', b'office:value="0.5" office:value-type="percentage"')
            if name == "content.xml"
            else part
        ),
    )  # fmt: skip
    assert read(data).sheets[0].rows == [["00420", "50%", 7.0]]


def test_a_cell_merged_downwards_stands_for_all_its_rows_and_sideways_only_for_itself() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["title", None], ["a", 1], [None, 2], [None, 3]):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    sheet.merge_cells("A2:A3")
    assert [row[0] for row in read(saved(book)).sheets[0].rows] == ["title", "a", "a", ""]
    assert read(saved(book)).sheets[0].rows[0][1] == ""


def test_cells_of_hidden_sheets_are_not_read() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(STOCK, Salaries=[["secret", 1]])))
    book["Salaries"].sheet_state = "veryHidden"
    sheets = read(saved(book)).sheets
    assert [(sheet.name, sheet.hidden, sheet.rows == []) for sheet in sheets] == [
        ("Data", False, False),
        ("Salaries", True, True),
    ]


def test_text_that_begins_like_an_archive_is_text() -> None:
    assert read(b"PKG,sku\r\nx,y\r\n").sheets[0].rows == [["PKG", "sku"], ["x", "y"]]


def test_a_line_that_declares_the_delimiter_is_not_counted_as_a_row() -> None:
    book = read(text(["sep=|", "a|b", "1,5|2"]), "folder/list of stock.csv")
    assert book.sheets[0].rows == [["a", "b"], ["1,5", "2"]]
    assert book.sheets[0].name == "list of stock"


def test_one_stray_quotation_mark_does_not_swallow_the_rows_below() -> None:
    rows = ["sku,on_hand", 'A "x",1', '"B,2', *(f"C{at},{at}" for at in range(5000))]
    sheet = read(text(rows)).sheets[0]
    assert len(sheet.rows) == 5003
    assert sheet.broken == [2]
    with pytest.raises(UnreadableFile, match="quotation marks"):
        read(text(["sku,on_hand", *(['"A" x,1'] * 60)]))


def test_a_cell_without_end_is_a_broken_row() -> None:
    checked = check("stock", text(["sku,on_hand", f'"{"x" * 200_000}",1', "A,1"]))
    assert [(problem.row, problem.code) for problem in checked.problems] == [(2, "broken_quotes")]


def test_bytes_that_were_no_text_are_never_taken_for_a_code() -> None:
    checked = check("stock", b"\xef\xbb\xbfsku,on_hand\r\nA\xff\xfeB,1\r\n")
    assert [problem.code for problem in checked.problems] == ["control_characters"]


def test_an_archive_that_swells_beyond_reason_is_refused_unopened() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("xl/workbook.xml", "[Content_Types].xml"):
            archive.writestr(name, "<x/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(150):
                part.write(b" " * 1_000_000)
    with pytest.raises(UnreadableFile, match="times its size"):
        read(out.getvalue())
    with pytest.raises(UnreadableFile, match="IMPORT_MAX_PART_BYTES"):
        read(xlsx(STOCK), limits=Limits(max_part_bytes=100))


def test_a_part_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(xlsx(STOCK))
    at = data.rfind(b"xl/worksheets/sheet1.xml") - 46  # the entry in the table of contents
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = (50).to_bytes(4, "little")
    with pytest.raises(UnreadableFile, match="damaged"):
        read(bytes(data))


def test_a_far_cell_in_the_binary_formats_is_refused_before_it_is_read() -> None:
    data = old_excel.xlsb({"Data": [["a"], ["b"]]})
    far = edited(data, lambda name, part: part.replace(b"\x00\x11\x01\x00\x00\x00", b"\x00\x11\xff\xff\x0f\x00") if "sheet1" in name else part)  # fmt: skip
    if far == data:
        pytest.fail("the row was not found in the file that this test makes")
    with pytest.raises(UnreadableFile, match="IMPORT_MAX_"):
        read(far, limits=Limits(max_rows=1000))
