"""Any spreadsheet's bytes as sheets of raw cells. What a file is comes from its bytes, never from its name."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field

import python_calamine as calamine

from importers.cells import Cell
from importers.delimited import Dialect, read_delimited
from importers.guards import ods, xls, xlsb, xlsx, zips
from importers.guards.survey import Survey
from importers.limits import Limits
from importers.problems import UnreadableFile


@dataclass(slots=True)
class Sheet:
    """`rows[0][0]` is A1. Rows of a workbook are all of one length; those of text are as long as the file
    has them, which is what `ragged` says. `broken` are rows, from 0, that could not be read for sure."""

    name: str
    rows: list[list[Cell]]
    hidden: bool = False
    ragged: bool = False
    broken: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Workbook:
    """`format` is xlsx, xlsm, xlsb, xls, ods or csv. Hidden sheets are named, their cells are not read."""

    format: str
    sheets: list[Sheet]
    encoding: str | None = None
    dialect: Dialect | None = None
    uses_1904: bool = False

    def visible(self) -> list[Sheet]:
        return [sheet for sheet in self.sheets if not sheet.hidden]


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

#: Beginnings of files that people upload by mistake, and what to say.
_MISTAKEN = (
    (b"%PDF", "The file is a PDF document. Upload the spreadsheet it was made from."),
    (b"\x89PNG", "The file is a picture. Upload the spreadsheet itself."),
    (b"\xff\xd8\xff", "The file is a picture. Upload the spreadsheet itself."),
    (b"GIF8", "The file is a picture. Upload the spreadsheet itself."),
    (b"\x1f\x8b", "The file is compressed (gzip). Unpack it and upload what is inside."),
    (b"7z\xbc\xaf", "The file is a compressed archive. Unpack it and upload the spreadsheet inside."),
    (b"Rar!", "The file is a compressed archive. Unpack it and upload the spreadsheet inside."),
    (b"{\\rtf", "The file is a text document (RTF). Upload a spreadsheet."),
)
_WEB_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<table|<head|<body|<meta)", re.IGNORECASE)
_OLD_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")


def read(data: bytes, filename: str = "", limits: Limits | None = None) -> Workbook:
    """Every visible sheet. Raises UnreadableFile, and nothing else, for bytes that are no spreadsheet.

    `filename` gives the sheet of a text file its name, and nothing else.
    """
    limits = limits or Limits()
    limits.refuse_above("max_bytes", len(data), "bytes")
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableFile("The file is empty. Save it again and check that it holds your table.")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _read_zipped(data, limits)
    if data.startswith(_OLE):
        return _read_ole(data, limits)
    _refuse_mistaken(data)
    text = read_delimited(data, limits)
    rows: list[list[Cell]] = text.rows  # type: ignore[assignment]  # lists of text are lists of cells; copying a million rows only for the type is dear
    if not any(any(row) for row in rows):
        raise UnreadableFile("The file is empty. Save it again and check that it holds your table.")
    name = re.sub(r"\.\w+$", "", re.split(r"[\\/]", filename)[-1]) or "Sheet1"
    return Workbook("csv", [Sheet(name, rows, ragged=True, broken=text.broken)], text.encoding, text.dialect)


def _refuse_mistaken(data: bytes) -> None:
    for beginning, sentence in _MISTAKEN:
        if data.startswith(beginning):
            raise UnreadableFile(sentence)
    head = data[:2000].removeprefix(b"\xef\xbb\xbf")
    if _WEB_PAGE.match(head):
        raise UnreadableFile(
            "The file is a web page, although it may be named like a workbook."
            " Open it in Excel and save it as an Excel workbook (.xlsx)."
        )
    if head.lstrip().startswith(b"<?xml"):
        raise UnreadableFile(
            "The file is XML, not a workbook. Open it in Excel and save it as an Excel workbook (.xlsx)."
        )
    if head.startswith(_OLD_BIFF):
        raise UnreadableFile(
            "The file was saved by a very old Excel. Open it and save it as an Excel workbook (.xlsx)."
        )


def _read_zipped(data: bytes, limits: Limits) -> Workbook:
    with zips.opened(data, limits) as archive:
        names = set(archive.namelist())
        if "xl/workbook.xml" in names:
            surveys = xlsx.survey(archive, limits)
            macros = "xl/vbaProject.bin" in names
            return _read_sheets(data, "xlsm" if macros else "xlsx", surveys, limits, xlsx.uses_1904(archive))
        if "xl/workbook.bin" in names:
            return _read_sheets(data, "xlsb", xlsb.survey(archive, limits), limits)
        if "content.xml" in names:
            if b"spreadsheet" not in zips.part(archive, "mimetype"):
                raise UnreadableFile("The file is an OpenDocument file, but not a spreadsheet.")
            return _read_sheets(data, "ods", ods.survey(archive, limits), limits)
    raise UnreadableFile(_not_a_workbook(names))


def _not_a_workbook(names: set[str]) -> str:
    if any(name.startswith("word/") for name in names):
        return "The file is a Word document. Upload a spreadsheet."
    if any(name.startswith("ppt/") for name in names):
        return "The file is a PowerPoint presentation. Upload a spreadsheet."
    if "Index/Document.iwa" in names or "index.numbers" in names:
        return "The file is an Apple Numbers document. Export it as an Excel workbook (.xlsx)."
    return "The file is a zip archive, not a workbook. Unpack it and upload the spreadsheet inside."


def _read_ole(data: bytes, limits: Limits) -> Workbook:
    names = xls.stream_names(data)
    if "EncryptedPackage" in names:
        raise UnreadableFile("The file is protected with a password. Save it without one and upload it again.")
    if "WordDocument" in names:
        raise UnreadableFile("The file is a Word document. Upload a spreadsheet.")
    if names and not names & {"Workbook", "Book", "WORKBOOK", "BOOK"}:
        raise UnreadableFile("The file is not a workbook. Upload a spreadsheet.")
    return _read_sheets(data, "xls", xls.survey(data), limits)


def _read_sheets(
    data: bytes, file_format: str, surveys: list[Survey], limits: Limits, uses_1904: bool = False
) -> Workbook:
    """Everything the reader may raise becomes one sentence, its panics included, which are no Exception."""
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            return Workbook(file_format, _sheets(book, surveys, limits), uses_1904=uses_1904)
    except UnreadableFile:
        raise
    except calamine.PasswordError as locked:
        raise UnreadableFile(
            "The file is protected with a password. Save it without one and upload it again."
        ) from locked
    except (calamine.CalamineError, OSError, ValueError, OverflowError, zipfile.BadZipFile) as broken:
        raise UnreadableFile(zips.CORRUPT) from broken
    except BaseException as panic:
        if type(panic).__name__ == "PanicException":
            raise UnreadableFile(zips.CORRUPT) from panic
        raise


def _sheets(book: calamine.CalamineWorkbook, surveys: list[Survey], limits: Limits) -> list[Sheet]:
    limits.refuse_above("max_sheets", len(book.sheets_metadata), "sheets")
    sheets: list[Sheet] = []
    cells = 0
    for index, about in enumerate(book.sheets_metadata):
        if about.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        if about.visible != calamine.SheetVisibleEnum.Visible:
            sheets.append(Sheet(about.name, [], hidden=True))
            continue
        found = book.get_sheet_by_index(index)
        height, width = found.end or (-1, -1)
        limits.refuse_size(height + 1, width + 1)
        cells += (height + 1) * (width + 1)
        limits.refuse_above("max_cells", cells, "cells")
        rows: list[list[Cell]] = found.to_python(skip_empty_area=False)  # type: ignore[assignment]  # lists of the reader's types are lists of cells
        _fill_merged(rows, found.merged_cell_ranges or [])
        _override(rows, surveys[index] if index < len(surveys) else Survey())
        sheets.append(Sheet(about.name, rows))
    return sheets


def _fill_merged(rows: list[list[Cell]], ranges: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """A cell merged downwards stands for every row that it covers; merged sideways it is a title."""
    for (top, left), (bottom, right) in ranges:
        if left == right and bottom > top and top < len(rows) and left < len(rows[top]):
            for row in rows[top + 1 : bottom + 1]:
                if row[left] == "":
                    row[left] = rows[top][left]


def _override(rows: list[list[Cell]], survey: Survey) -> None:
    height = max((row for row, _ in survey.overrides), default=-1) + 1
    width = max((column for _, column in survey.overrides), default=-1) + 1
    if rows:
        width = max(width, len(rows[0]))
    if survey.overrides and (height > len(rows) or width > len(rows[0])):
        for row in rows:
            row.extend([""] * (width - len(row)))
        rows.extend([""] * width for _ in range(height - len(rows)))
    for (at, column), cell in survey.overrides.items():
        rows[at][column] = cell
