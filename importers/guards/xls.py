"""The survey of xls: the record stream inside an OLE container, looked through for failed formulas.

What does not fit the format is left to the reader to refuse; here it only means that nothing is found.
"""

from __future__ import annotations

import struct

from importers.cells import ErrorCell
from importers.guards.survey import ERROR_CODES, Survey
from importers.problems import UnreadableFile

_END_OF_CHAIN = 0xFFFFFFFA  # this and everything above it is not a sector
_FORMULA, _FILE_PASS, _SHEET, _BOOL_OR_ERROR, _START, _END = 0x06, 0x2F, 0x85, 0x205, 0x809, 0x0A


class _Container:
    """The few parts of an OLE compound file that are needed to find one stream."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        shift = struct.unpack_from("<H", data, 30)[0]
        if shift not in (9, 12):
            raise struct.error("no such size of sectors")
        self.sector = 1 << shift
        self.mini_cutoff = struct.unpack_from("<I", data, 56)[0]
        fat_sectors = list(struct.unpack_from("<109I", data, 76))
        following = struct.unpack_from("<I", data, 68)[0]
        while following < _END_OF_CHAIN and len(fat_sectors) * self.sector <= len(data):
            block = struct.unpack_from(f"<{self.sector // 4}I", data, self._offset(following))
            fat_sectors += block[:-1]
            following = block[-1]
        self.fat: list[int] = []
        for number in fat_sectors:
            if number < _END_OF_CHAIN:
                self.fat += struct.unpack_from(f"<{self.sector // 4}I", data, self._offset(number))
        self.directory = self._chain(struct.unpack_from("<I", data, 48)[0])

    def _offset(self, sector: int) -> int:
        return int((sector + 1) * self.sector)

    def _chain(self, sector: int) -> bytes:
        found = []
        seen: set[int] = set()
        while sector < _END_OF_CHAIN and sector not in seen:
            seen.add(sector)
            found.append(self.data[self._offset(sector) : self._offset(sector) + self.sector])
            sector = self.fat[sector]
        return b"".join(found)

    def names(self) -> dict[str, tuple[int, int]]:
        """The streams: name to (first sector, size)."""
        found = {}
        for at in range(0, len(self.directory) - 127, 128):
            length = struct.unpack_from("<H", self.directory, at + 64)[0]
            name = self.directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            found[name] = struct.unpack_from("<II", self.directory, at + 116)
        return found

    def stream(self, start: int, size: int) -> bytes:
        """A stream in full sectors. Those under the cut-off are too small to be a real workbook's."""
        return self._chain(start)[:size] if size >= self.mini_cutoff else b""


def stream_names(data: bytes) -> set[str]:
    """What the OLE container holds; empty if it is broken."""
    try:
        return set(_Container(data).names())
    except (struct.error, IndexError, OverflowError, MemoryError):
        return set()


def survey(data: bytes) -> list[Survey]:
    """One survey a sheet, in the workbook's order. Raises UnreadableFile for a protected workbook."""
    try:
        container = _Container(data)
        names = container.names()
        entry = names.get("Workbook") or names.get("Book")
        stream = container.stream(*entry) if entry else b""
        return _survey_stream(stream)
    except (struct.error, IndexError, OverflowError, MemoryError):
        return []


def _survey_stream(stream: bytes) -> list[Survey]:
    starts: list[int] = []
    sheets: dict[int, Survey] = {}
    current = Survey()
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        body = at + 4
        if kind == _FILE_PASS:
            raise UnreadableFile("The file is protected with a password. Save it without one and upload it again.")
        if kind == _SHEET:
            starts.append(struct.unpack_from("<I", stream, body)[0])
        elif kind == _START:
            current = sheets.setdefault(at, Survey())
        elif kind == _BOOL_OR_ERROR and stream[body + 7]:
            _note(current, stream, body, stream[body + 6])
        elif kind == _FORMULA and stream[body + 6] == 2 and stream[body + 12 : body + 14] == b"\xff\xff":
            _note(current, stream, body, stream[body + 8])
        at = body + length
    return [sheets.get(start, Survey()) for start in starts]


def _note(survey: Survey, stream: bytes, body: int, code: int) -> None:
    row, column = struct.unpack_from("<HH", stream, body)
    survey.overrides[row, column] = ErrorCell(ERROR_CODES.get(code, "#N/A"))
