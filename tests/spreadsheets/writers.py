"""Rows of cells as the bytes of a file, and ways to make a good file odd."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

Rows = list[list[Any]]


def xlsx(rows: Rows, **sheets: Rows) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Data"
    for row in rows:
        sheet.append(row)
    for name, more in sheets.items():
        other = book.create_sheet(name)
        for row in more:
            other.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def edited(data: bytes, change: Callable[[str, bytes], bytes | None], **more: bytes) -> bytes:
    """The same zip file with its parts changed, dropped where `change` gives None, and parts added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if (part := change(name, old.read(name))) is not None:
                new.writestr(name, part)
        for name, part in more.items():
            new.writestr(name.replace("__", "/").replace("_dot_", "."), part)
    return out.getvalue()


def in_sheet(data: bytes, pattern: str, by: str) -> bytes:
    return edited(
        data, lambda name, part: re.sub(pattern.encode(), by.encode(), part) if "worksheets/" in name else part
    )


def ods(rows: Rows) -> bytes:
    book = OpenDocumentSpreadsheet()
    table = Table(name="Data")
    book.spreadsheet.addElement(table)
    for row in rows:
        line = TableRow()
        table.addElement(line)
        for value in row:
            if value is None:
                cell = TableCell()
            elif isinstance(value, date):
                cell = TableCell(valuetype="date", datevalue=value.isoformat())
            elif isinstance(value, int | float):
                cell = TableCell(valuetype="float", value=str(value))
            else:
                cell = TableCell(valuetype="string")
            if value is not None:
                cell.addElement(P(text=str(value)))
            line.addElement(cell)
    tail = TableRow(numberrowsrepeated=1_000_000)  # what LibreOffice writes after the last row
    tail.addElement(TableCell(numbercolumnsrepeated=16_384))
    table.addElement(tail)
    out = io.BytesIO()
    book.write(out)
    return out.getvalue()


def text(lines: list[str], end: str = "\r\n", encoding: str = "utf-8") -> bytes:
    return (end.join(lines) + end).encode(encoding)
