"""Delimited text: which encoding, which delimiter, and the records as they stand in the file."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from importers.limits import Limits
from importers.problems import UnreadableFile

DELIMITERS = (",", ";", "\t", "|")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff々ー]{2,}")
_SAMPLE = 100_000
_MOST_RESTARTS = 50


@dataclass(frozen=True, slots=True)
class Dialect:
    delimiter: str
    line_end: str  # CRLF, LF, CR or mixed
    quoted: bool  # whether any quotation mark was seen


@dataclass(slots=True)
class Delimited:
    """`rows` are not padded: their lengths are what the file has. `broken` are the rows, from 0, whose
    quotation marks do not match; they are read as well as can be and must not be trusted."""

    encoding: str
    dialect: Dialect
    rows: list[list[str]]
    broken: list[int]


def read_delimited(data: bytes, limits: Limits) -> Delimited:
    """Raises UnreadableFile for what is not text, or too much of it."""
    encoding, text = _decoded(data)
    if _NOT_TEXT.search(text):
        raise UnreadableFile(
            "The file is neither a workbook nor text that can be read."
            " Save it from Excel as an Excel workbook (.xlsx) and upload that."
        )
    if declared := re.match(r"sep=(.)(\r\n|\r|\n)", text, re.IGNORECASE):
        delimiter, text = declared[1], text[declared.end() :]  # Excel does not show this line either
    else:
        delimiter = _delimiter(text)
    rows, broken = _records(text, delimiter)
    limits.refuse_above("max_rows", len(rows), "rows")
    width = max(map(len, rows), default=0)
    limits.refuse_above("max_columns", width, "columns")
    limits.refuse_above("max_cells", sum(map(len, rows)), "cells")
    return Delimited(encoding, Dialect(delimiter, _line_end(text), '"' in text), rows, broken)


def _decoded(data: bytes) -> tuple[str, str]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            return encoding.removesuffix("-sig"), text
    if bare := _bare_utf16(data):
        return bare, data.decode(bare, "replace")
    for encoding in ("utf-8", "cp932", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "cp932" and not _reads_as_japanese(text):
            continue
        if encoding == "cp1252" and not any(0x80 <= byte <= 0x9F for byte in set(data)):
            return "iso-8859-1", text
        return encoding, text
    return "iso-8859-1", data.decode("iso-8859-1")


def _bare_utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: half of the bytes of plain text are NUL, all on the same side."""
    head = data[:2000]
    if len(head) < 4 or len(data) % 2:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return None


def _reads_as_japanese(text: str) -> bool:
    """Western letters that happen to be valid cp932 become single signs here and there, not words."""
    sample = text[:_SAMPLE]
    foreign = sum(not sign.isascii() for sign in sample)
    return sum(map(len, _JAPANESE.findall(sample))) > 0.7 * foreign > 0


def _line_end(text: str) -> str:
    both = text.count("\r\n")
    alone = {"CRLF": both, "CR": text.count("\r") - both, "LF": text.count("\n") - both}
    seen = [name for name, count in alone.items() if count]
    return seen[0] if len(seen) == 1 else ("mixed" if seen else "LF")


def _delimiter(text: str) -> str:
    """The one that cuts the first lines into the same number of cells, the more the better."""
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        if delimiter not in sample:
            continue
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        try:
            widths = Counter(len(row) for row in rows if any(row))
        except csv.Error:
            continue
        width, count = max(widths.items(), key=lambda one: (one[0] > 1, one[1], one[0]), default=(1, 0))
        share = count / max(1, widths.total())
        score = share * share * min(width - 1, 20) ** 0.5
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _records(text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)), []
    except csv.Error:
        return _mended_records(list(io.StringIO(text, newline="")), delimiter)


def _mended_records(lines: list[str], delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The same, where quotation marks are broken: a record that does not parse is cut at its line's end,
    so that one stray mark never swallows the rows below."""
    rows: list[list[str]] = []
    broken: list[int] = []
    at = restarts = 0
    while at < len(lines):
        reader = csv.reader(lines[at:] if at else lines, delimiter=delimiter, strict=True)
        good = 0
        try:
            for row in reader:
                rows.append(row)
                good = reader.line_num
            return rows, broken
        except csv.Error:
            restarts += 1
            if restarts > _MOST_RESTARTS:
                raise UnreadableFile(
                    f'The quotation marks (") do not match in more than {_MOST_RESTARTS} rows,'
                    f" the first of them row {broken[0] + 1}. Save the file as an Excel workbook instead."
                ) from None
            line = lines[at + good]
            broken.append(len(rows))
            rows.append(line.rstrip("\r\n").split(delimiter))
            at += good + 1
    return rows, broken
