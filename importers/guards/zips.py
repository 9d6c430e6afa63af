"""A zip file that is safe to unpack: the container of xlsx, xlsm, xlsb and ods."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from importers.limits import Limits
from importers.problems import UnreadableFile

CORRUPT = (
    "The file is damaged: it is cut short or its parts do not fit together. Open it in Excel and save it again."
)

#: What a broken archive raises, depending on where it is broken.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OSError,
    RuntimeError,
    KeyError,
    OverflowError,
)

_PIECE = 4_000_000
#: Real workbooks shrink to a tenth or a thirtieth; one that shrinks more than this, and is large, is a trap.
_MOST_SHRUNK = 200
_LARGE = 100_000_000


def opened(data: bytes, limits: Limits) -> zipfile.ZipFile:
    """The archive, after its table of contents has been checked. Raises UnreadableFile."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except BROKEN as broken:
        raise UnreadableFile(CORRUPT) from broken
    members = archive.infolist()
    limits.refuse_above("max_members", len(members), "parts inside")
    unpacked = sum(member.file_size for member in members)
    limits.refuse_above("max_unpacked_bytes", unpacked, "bytes unpacked")
    for member in members:
        limits.refuse_above("max_part_bytes", _whole(member), f"bytes in its part {member.filename[:60]}")
    if unpacked > _LARGE and unpacked > _MOST_SHRUNK * len(data):
        raise UnreadableFile(
            f"The file would unpack to {unpacked // len(data)} times its size, as no real workbook does,"
            " and is not read for safety."
        )
    if any(member.flag_bits & 0x1 for member in members):
        raise UnreadableFile("The file is protected with a password. Save it without one and upload it again.")
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise UnreadableFile(
            "The file is damaged: it holds the same part twice. Open it in Excel and save it again."
        )
    end = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset < end:
            raise UnreadableFile("The file is damaged: its parts overlap. Open it in Excel and save it again.")
        end = member.header_offset + member.compress_size
    return archive


def _whole(member: zipfile.ZipInfo) -> int:
    """The bytes of a part that is read whole; sheets and texts in XML are read piece by piece."""
    streamed = member.filename.startswith(("xl/worksheets/", "xl/sharedStrings", "content.xml"))
    return 0 if streamed and member.filename.endswith(".xml") else member.file_size


def part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One part, whole; empty where there is none."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        return b""
    try:
        return archive.read(info)
    except BROKEN as broken:
        raise UnreadableFile(CORRUPT) from broken


def pieces(archive: zipfile.ZipFile, name: str, cut_before: bytes) -> Iterator[bytes]:
    """One large part, some megabytes at a time, each piece ending just before a `cut_before`."""
    rest = b""
    try:
        with archive.open(name) as stream:
            while piece := stream.read(_PIECE):
                piece = rest + piece
                cut = piece.rfind(cut_before)
                if cut > 0:
                    yield piece[:cut]
                    piece = piece[cut:]
                rest = piece
    except BROKEN as broken:
        raise UnreadableFile(CORRUPT) from broken
    yield rest
