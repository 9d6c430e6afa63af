"""The survey of ods: how far its repeated rows and cells reach, and how its numbers are shown."""

from __future__ import annotations

import re
import zipfile
from typing import Any
from xml.parsers import expat

from importers.cells import Cell
from importers.guards import zips
from importers.guards.survey import Survey
from importers.limits import Limits
from importers.problems import UnreadableFile

#: A number that is shown with zeros in front was meant as a code.
_ZERO_PADDED = re.compile(r"0\d+")


class _Extents:
    """Follows the start and end of rows and cells, and refuses as soon as a limit is passed."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.surveys: list[Survey] = []
        self._row = self._column = self._width = 0
        self._row_repeat = self._cell_repeat = 1
        self._row_filled = self._in_cell = False
        self._is_number = False
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "table" and name.startswith("table:"):
            self._row = self._width = 0
            self.surveys.append(Survey())
        elif local == "table-row":
            self._row_repeat = _repeat(attributes.get("table:number-rows-repeated"))
            self._column, self._row_filled = 0, False
        elif local in ("table-cell", "covered-table-cell"):
            self._cell_repeat = _repeat(attributes.get("table:number-columns-repeated"))
            self._in_cell = True
            self._is_number = attributes.get("office:value-type") == "float"
            self._text = ""
            if "office:value-type" in attributes:
                self._filled(attributes)
        elif self._in_cell and local == "p":
            self._filled({})

    def _filled(self, attributes: dict[str, str]) -> None:
        self._row_filled = True
        self._width = max(self._width, self._column + self._cell_repeat)
        self.limits.refuse_size(self._row + self._row_repeat, self._width)
        if attributes.get("office:value-type") == "percentage":
            self._override(_per_cent(attributes.get("office:value", "")))

    def _override(self, cell: Cell) -> None:
        if not self.surveys or cell is None:
            return
        for row in range(self._row, self._row + self._row_repeat):
            for column in range(self._column, self._column + self._cell_repeat):
                self.surveys[-1].overrides[row, column] = cell

    def text(self, text: str) -> None:
        if self._is_number and len(self._text) < 40:
            self._text += text

    def end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local in ("table-cell", "covered-table-cell"):
            if self._is_number and _ZERO_PADDED.fullmatch(self._text):
                self._override(self._text)
            self._is_number = False
            self._column += self._cell_repeat
            self._in_cell = False
        elif local == "table-row":
            self._row += self._row_repeat

    def refuse_doctype(self, *_: Any) -> None:
        raise UnreadableFile(
            "The file holds XML declarations that no spreadsheet needs, and is not read for safety."
        )


def _repeat(text: str | None) -> int:
    return int(text) if text and text.isdigit() and len(text) < 10 else 1


def _per_cent(value: str) -> Cell:
    try:
        return f"{float(value) * 100:.12g}%"
    except ValueError:
        return None


def survey(archive: zipfile.ZipFile, limits: Limits) -> list[Survey]:
    """One survey a sheet, in the workbook's order. Raises UnreadableFile."""
    manifest = zips.part(archive, "META-INF/manifest.xml")
    if b"encryption-data" in manifest:
        raise UnreadableFile("The file is protected with a password. Save it without one and upload it again.")
    extents = _Extents(limits)
    parser = expat.ParserCreate()
    parser.StartElementHandler = extents.start
    parser.EndElementHandler = extents.end
    parser.CharacterDataHandler = extents.text
    parser.StartDoctypeDeclHandler = extents.refuse_doctype
    try:
        for piece in zips.pieces(archive, "content.xml", b"<"):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as broken:
        raise UnreadableFile(zips.CORRUPT) from broken
    return extents.surveys
