"""The survey of xlsb, whose sheets are sequences of binary records: kind, length, body."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator

from importers.cells import ErrorCell
from importers.guards import zips
from importers.guards.survey import ERROR_CODES, Survey
from importers.guards.xlsx import relation_targets
from importers.limits import Limits
from importers.problems import UnreadableFile

#: Kinds of records; those between a blank and a formula that failed are cells.
_ROW, _BLANK, _ERROR, _FORMULA_ERROR, _SHEET_ENTRY = 0, 1, 3, 11, 156


def _records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(kind, start of the body, length) of every record. Raises IndexError where the data end in one."""
    at, end = 0, len(data)
    while at < end:
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (data[at] << 7)
            at += 1
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift > 21:
                break
        yield kind, at, length
        at += length


def _sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    targets = relation_targets(archive, "xl/_rels/workbook.bin.rels")
    book = zips.part(archive, "xl/workbook.bin")
    names = []
    for kind, at, _ in _records(book):
        if kind == _SHEET_ENTRY:
            length = int(struct.unpack_from("<I", book, at + 8)[0])
            names.append(targets.get(book[at + 12 : at + 12 + 2 * length].decode("utf-16-le", "replace"), ""))
    return names


def survey(archive: zipfile.ZipFile, limits: Limits) -> list[Survey]:
    """One survey a sheet, in the workbook's order. Raises UnreadableFile."""
    try:
        return [_survey_sheet(zips.part(archive, name), limits) for name in _sheet_parts(archive)]
    except (IndexError, struct.error) as broken:
        raise UnreadableFile(zips.CORRUPT) from broken


def _survey_sheet(data: bytes, limits: Limits) -> Survey:
    found = Survey()
    row = height = width = 0
    for kind, at, _ in _records(data):
        if kind == _ROW:
            row = int(struct.unpack_from("<I", data, at)[0])
        elif _BLANK < kind <= _FORMULA_ERROR:
            column = int(struct.unpack_from("<I", data, at)[0])
            height, width = max(height, row + 1), max(width, column + 1)
            if kind in (_ERROR, _FORMULA_ERROR):
                found.overrides[row, column] = ErrorCell(ERROR_CODES.get(data[at + 8], "#N/A"))
    limits.refuse_size(height, width)
    return found
