"""The survey of xlsx and xlsm: extents, failed formulas, and numbers that are shown with zeros or as per cent."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal

from importers.cells import Cell, ErrorCell, index_of
from importers.guards import zips
from importers.guards.survey import Survey
from importers.limits import Limits
from importers.problems import UnreadableFile

_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
#: These begin with a literal, which is what makes them fast; odd ways to write XML take the slow road.
_COLUMN = re.compile(rb'r="([A-Za-z]{1,3})\d')
_ROW = re.compile(rb'r="(\d{1,9})"')
_ODD_QUOTE = re.compile(rb'=[^"]')
_ODD_SPACE = (b"r =", b"r\t=", b"r\n=")
_FILLED = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=[\"']([A-Za-z]{1,3})(\d{1,9})[\"'](?:[^>]*[^>/])?>")
_ROW_OR_CELL = re.compile(rb"<(?:\w+:)?(row|c)\b([^>]*)>")
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*>([^<]*)<")
_ADDRESS = re.compile(rb"\br=[\"']([A-Za-z]{0,3})(\d{1,9})[\"']")
_STYLE = re.compile(rb"\bs=[\"'](\d+)[\"']")
_TYPE = re.compile(rb"\bt=[\"'](\w+)[\"']")
_PERCENT_IDS = {9, 10}

Shown = Callable[[float], str]


def _attribute(tag: bytes, name: str) -> str:
    found = re.search(rb"\b" + name.encode() + rb"=(?:\"([^\"]*)\"|'([^']*)')", tag)
    return html.unescape((found[1] or found[2] or b"").decode("utf-8", "replace")) if found else ""


def _forbid_entities(xml: bytes) -> None:
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise UnreadableFile(
            "The file holds XML declarations that no spreadsheet needs, and is not read for safety."
        )


def sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """The names of the parts that hold the sheets, in the workbook's order."""
    workbook = zips.part(archive, "xl/workbook.xml")
    _forbid_entities(workbook)
    targets = relation_targets(archive, "xl/_rels/workbook.xml.rels")
    return [targets.get(_attribute(tag, "id"), "") for tag in _SHEET.findall(workbook)]


def relation_targets(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    """The part that each relation of the workbook leads to."""
    relations = zips.part(archive, name)
    _forbid_entities(relations)
    return {
        _attribute(tag, "Id"): posixpath.normpath(posixpath.join("/xl", _attribute(tag, "Target"))).lstrip("/")
        for tag in _RELATION.findall(relations)
    }


def uses_1904(archive: zipfile.ZipFile) -> bool:
    """Whether day numbers count from 1904, as old Macs had it."""
    found = re.search(rb"\bdate1904=[\"'](\w+)[\"']", zips.part(archive, "xl/workbook.xml"))
    return found is not None and found[1] in (b"1", b"true")


def _zero_padded(width: int) -> Shown:
    return lambda number: f"{number:0{width}.0f}"


def _per_cent(number: float) -> str:
    text = f"{Decimal(f'{number:.15g}') * 100:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def _telling_styles(archive: zipfile.ZipFile) -> dict[bytes, Shown]:
    """The cell styles whose number format changes what the number says."""
    styles = zips.part(archive, "xl/styles.xml")
    _forbid_entities(styles)
    shown: dict[int, Shown] = dict.fromkeys(_PERCENT_IDS, _per_cent)
    for tag in re.findall(rb"<(?:\w+:)?numFmt\b[^>]*>", styles):
        code, number = _attribute(tag, "formatCode"), _attribute(tag, "numFmtId")
        plain = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", code)
        if not number.isdigit():
            continue
        if padded := re.fullmatch(r"(0{2,18})(?:;.*)?", plain):
            shown[int(number)] = _zero_padded(len(padded[1]))
        elif "%" in plain:
            shown[int(number)] = _per_cent
    block = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", styles, re.S)
    if block is None:
        return {}
    formats = [_attribute(tag, "numFmtId") for tag in re.findall(rb"<(?:\w+:)?xf\b[^>]*>", block[0])]
    return {
        str(index).encode(): shown[int(number)]
        for index, number in enumerate(formats)
        if number.isdigit() and int(number) in shown
    }


def survey(archive: zipfile.ZipFile, limits: Limits) -> list[Survey]:
    """One survey a sheet, in the workbook's order. Raises UnreadableFile."""
    styles = _telling_styles(archive)
    known = set(archive.namelist())
    if "xl/sharedStrings.xml" in known:
        for piece in zips.pieces(archive, "xl/sharedStrings.xml", b"<"):
            _forbid_entities(piece)
    return [
        _survey_sheet(archive, name, styles, limits) if name in known else Survey()
        for name in sheet_parts(archive)
    ]


def _survey_sheet(archive: zipfile.ZipFile, name: str, styles: dict[bytes, Shown], limits: Limits) -> Survey:
    height, columns = 0, {b"A"}
    telling = exact = False
    styled = re.compile(b"s=[\"'](?:" + b"|".join(styles) + b")[\"']") if styles else None
    for piece in zips.pieces(archive, name, b"<"):
        _forbid_entities(piece)
        height = max(height, max(map(int, _ROW.findall(piece)), default=0))
        columns.update(_COLUMN.findall(piece))
        longer = rb'r="[A-Za-z]{1,3}\d{%d}' % (len(str(height)) + 1)
        exact = exact or re.search(longer, piece) is not None or _ODD_QUOTE.search(piece) is not None
        exact = exact or any(odd in piece for odd in _ODD_SPACE)
        telling = telling or b't="e"' in piece or b"t='e'" in piece
        telling = telling or (styled is not None and styled.search(piece) is not None)
    height = 10 ** len(str(height))  # a cell may name another row than its own, here of as many digits
    width = max(index_of(letters.decode()) + 1 for letters in columns)
    if exact or width * height > limits.max_cells or width > limits.max_columns:
        _refuse_filled(archive, name, limits)
    return Survey(_telling_cells(archive, name, styles)) if telling else Survey()


def _refuse_filled(archive: zipfile.ZipFile, name: str, limits: Limits) -> None:
    """The same extents again, slower, without the cells that are only formatted."""
    height, columns = 0, {b"A"}
    for piece in zips.pieces(archive, name, b"<"):
        filled = _FILLED.findall(piece)
        height = max(height, max((int(row) for _, row in filled), default=0))
        columns.update(letters for letters, _ in filled)
    limits.refuse_size(height, max(index_of(letters.decode()) + 1 for letters in columns))


def _telling_cells(archive: zipfile.ZipFile, name: str, styles: dict[bytes, Shown]) -> dict[tuple[int, int], Cell]:
    cells: dict[tuple[int, int], Cell] = {}
    wanted = b'[ts]="(?:' + b"|".join([b"e", *styles]) + b')"'
    telling = re.compile(b'<c r="([A-Z]{1,3})(\\d+)"([^>]*?' + wanted + b"[^>]*)>")
    row, column = -1, -1
    for piece in zips.pieces(archive, name, b"<row"):
        if row == -1 and _is_plain(piece):
            for match in telling.finditer(piece):
                cell = _telling_cell(piece, match.end(), match[3], styles)
                if cell is not None:
                    cells[int(match[2]) - 1, index_of(match[1].decode())] = cell
            continue
        for match in _ROW_OR_CELL.finditer(piece):
            address = _ADDRESS.search(match[2])
            if match[1] == b"row":
                row, column = (int(address[2]) - 1 if address else row + 1), -1
                continue
            column = index_of(address[1].decode()) if address and address[1] else column + 1
            if address and address[1]:
                row = int(address[2]) - 1
            if (cell := _telling_cell(piece, match.end(), match[2], styles)) is not None:
                cells[row, column] = cell
    return cells


def _is_plain(piece: bytes) -> bool:
    """Whether every cell begins with its address, as all common programs write it."""
    named = piece.count(b'<c r="')
    return piece.count(b"<c ") == named and piece.count(b"</c>") <= named and b"='" not in piece


def _telling_cell(piece: bytes, begins: int, tag: bytes, styles: dict[bytes, Shown]) -> Cell:
    """What the reader would lose of the cell with this start tag, whose inside begins at `begins`."""
    if tag.endswith(b"/"):
        return None
    kind = _TYPE.search(tag)
    style = _STYLE.search(tag)
    shown = styles.get(style[1]) if style else None
    if kind is not None and kind[1] != b"n" and kind[1] != b"e":
        return None
    if shown is None and kind is None:
        return None
    end = piece.find(b"</c>", begins)
    value = _VALUE.search(piece, begins, end if end > 0 else len(piece))
    if kind is not None and kind[1] == b"e":
        return ErrorCell(html.unescape(value[1].decode("utf-8", "replace")) if value else "#N/A")
    if shown is None or value is None:
        return None
    try:
        return shown(float(value[1]))
    except (ValueError, ArithmeticError):
        return None
