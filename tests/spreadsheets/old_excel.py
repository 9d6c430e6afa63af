"""The smallest xls and xlsb workbooks that a reader accepts, written record by record.

No library writes them any more; people still send them.
"""

from __future__ import annotations

import io
import struct
import zipfile

Cell = str | float | None
ERRORS = {"#N/A": 0x2A, "#DIV/0!": 0x07}


def xls(sheets: dict[str, list[list[Cell]]]) -> bytes:
    """BIFF8 in an OLE container. Texts that are in ERRORS become failed formulas."""
    streams = [_xls_sheet(rows) for rows in sheets.values()]
    names = [struct.pack("<BB", len(name), 1) + name.encode("utf-16-le") for name in sheets]
    beginning = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6)) + _record(
        0x42, struct.pack("<H", 1200)
    )
    at = len(beginning) + sum(4 + 6 + len(name) for name in names) + 4
    bounds = b""
    for name, stream in zip(names, streams, strict=True):
        bounds += _record(0x85, struct.pack("<IBB", at, 0, 0) + name)
        at += len(stream)
    return _ole("Workbook", beginning + bounds + _record(0x0A, b"") + b"".join(streams))


def protected_xls() -> bytes:
    start = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6))
    return _ole(
        "Workbook", start + _record(0x2F, b"\x01\x00" + b"\x01\x00\x01\x00" + b"\x07" * 48) + _record(0x0A, b"")
    )


def encrypted_xlsx() -> bytes:
    """What Excel writes for a workbook with a password to open: an OLE container around the cipher text."""
    return _ole("EncryptedPackage", bytes(range(256)) * 20)


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _xls_sheet(rows: list[list[Cell]]) -> bytes:
    width = max(map(len, rows), default=0)
    out = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6))
    out += _record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            place = struct.pack("<HHH", at, column, 0)
            if isinstance(cell, str) and cell in ERRORS:
                out += _record(0x205, place + bytes([ERRORS[cell], 1]))
            elif isinstance(cell, str):
                out += _record(0x204, place + struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le"))
            elif cell is not None:
                out += _record(0x203, place + struct.pack("<d", cell))
    return out + _record(0x0A, b"")


def _ole(name: str, stream: bytes) -> bytes:
    stream = stream.ljust(4096, b"\x00")
    stream += b"\x00" * (-len(stream) % 512)
    count = len(stream) // 512
    free, end, fat_mark = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    fats = 1
    while fats * 128 < fats + 1 + count:
        fats += 1
    chain = [fat_mark] * fats + [end] + [fats + 2 + at for at in range(count - 1)] + [end]
    fat = struct.pack(f"<{fats * 128}I", *chain, *[free] * (fats * 128 - len(chain)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 16
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\x00" * 6
    header += struct.pack("<IIIIIIIII", 0, fats, fats, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", *range(fats), *[free] * (109 - fats))
    directory = _entry("Root Entry", 5, 1, end, 0) + _entry(name, 2, free, fats + 1, len(stream))
    return header + fat + directory.ljust(512, b"\x00") + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    raw = name.encode("utf-16-le")
    entry = raw.ljust(64, b"\x00") + struct.pack("<HBB", len(raw) + 2, kind, 1)
    entry += struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child) + b"\x00" * 36
    return entry + struct.pack("<IQ", start, size)


def xlsb(sheets: dict[str, list[list[Cell]]]) -> bytes:
    """Binary records in a zip file. Texts that are in ERRORS become failed formulas."""
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.bin" ContentType="application/vnd.ms-excel.worksheet"/>'
        for at in range(1, len(sheets) + 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{at}.bin"/>'
        for at in range(1, len(sheets) + 1)
    )
    entries = b"".join(
        _brt(156, struct.pack("<II", 0, at) + _wide(f"rId{at}") + _wide(name)) for at, name in enumerate(sheets, 1)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
            f"{types}</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            _relations(f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.bin"/>'),
        )
        archive.writestr("xl/_rels/workbook.bin.rels", _relations(relations))
        archive.writestr("xl/workbook.bin", _brt(131) + _brt(143) + entries + _brt(144) + _brt(132))
        for at, rows in enumerate(sheets.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{at}.bin", _xlsb_sheet(rows))
    return out.getvalue()


_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _relations(inner: str) -> str:
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<?xml version="1.0"?><Relationships xmlns="{space}">{inner}</Relationships>'


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _brt(kind: int, body: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = b"", len(body)
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + size + body


def _xlsb_sheet(rows: list[list[Cell]]) -> bytes:
    width = max(map(len, rows), default=1)
    out = _brt(129) + _brt(148, struct.pack("<IIII", 0, max(0, len(rows) - 1), 0, width - 1)) + _brt(145)
    for at, row in enumerate(rows):
        out += _brt(0, struct.pack("<II", at, 0) + b"\x00" * 9)
        for column, cell in enumerate(row):
            place = struct.pack("<II", column, 0)
            if isinstance(cell, str) and cell in ERRORS:
                out += _brt(3, place + bytes([ERRORS[cell]]))
            elif isinstance(cell, str):
                out += _brt(6, place + _wide(cell))
            elif cell is not None:
                out += _brt(5, place + struct.pack("<d", cell))
    return out + _brt(146) + _brt(130)
