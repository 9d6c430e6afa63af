"""Workbooks out: empty templates to fill in, and exports that can be imported again unchanged."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from importers import numbers
from importers.dates import FIRST_YEAR, LAST_YEAR
from importers.kinds import KINDS, Field, Kind
from importers.neutral import neutralised

#: How far down a template checks what is typed.
_CHECKED_ROWS = 10_000
_TEXT_TYPES = ("code", "codes", "text", "email", "choice", "country", "currency", "time_zone", "language")
_HOW_TO = "How to fill this in"
_IN_WORDS = {
    "code": "text, kept exactly as it is: 00420 stays 00420",
    "codes": "several codes, separated by ;",
    "text": "text",
    "quantity": "number, up to 3 decimals",
    "money": "amount, up to 4 decimals",
    "percent": "number, 5 for 5 %",
    "integer": "whole number",
    "date": "date",
    "instant": "date and time",
    "email": "one mail address",
    "choice": "one of the choices",
    "country": "two letters",
    "currency": "three letters",
    "time_zone": "name of a time zone",
    "language": "two letters",
    "boolean": "yes or no",
}


def template(kind: str) -> bytes:
    """An xlsx with the kind's headers, ready to fill in, and a sheet that explains each column with examples.

    Raises KeyError for a kind that there is not.
    """
    return _workbook(KINDS[kind], [], explain=True, time_zone="UTC")


def export(kind: str, rows: Iterable[Mapping[str, Any]], time_zone: str = "UTC") -> bytes:
    """An xlsx of typed rows, {field: value}; what is missing or None is an empty cell.

    Dates and numbers are real ones; instants are written in `time_zone`. Raises KeyError for a kind that
    there is not.
    """
    return _workbook(KINDS[kind], rows, explain=False, time_zone=time_zone)


def export_csv(kind: str, rows: Iterable[Mapping[str, Any]], time_zone: str = "UTC") -> bytes:
    """The same as csv: UTF-8 with a mark, commas, CRLF, ISO dates, a decimal point."""
    wanted = KINDS[kind]
    zone = ZoneInfo(time_zone)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([field.name for field in wanted.fields])
    for row in rows:
        writer.writerow([_as_text(field, row.get(field.name), zone) for field in wanted.fields])
    return out.getvalue().encode("utf-8-sig")


def _as_text(field: Field, value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return _unmistakable(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    return neutralised(_joined(value))


def _unmistakable(number: Decimal) -> str:
    """Three decimals could be read as thousands, so a fourth goes behind them."""
    text = f"{number:f}"
    parts = numbers.written(text)
    return text + "0" if parts is not None and numbers.shows_mark(parts) == "either" else text


def _joined(value: Any) -> str:
    return ";".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _workbook(kind: Kind, rows: Iterable[Mapping[str, Any]], explain: bool, time_zone: str) -> bytes:
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(kind.title)
        head = book.add_format({"bold": True, "bg_color": "#E7EDF5", "bottom": 1, "valign": "top"})
        needed = book.add_format({"bold": True, "bg_color": "#CFDCEC", "bottom": 1, "valign": "top"})
        looks = _formats(book)
        for index, field in enumerate(kind.fields):
            sheet.write_string(0, index, field.name, needed if field.required else head)
            sheet.set_column(index, index, max(12, len(field.name) + 3), looks[field.type])
            if explain:
                sheet.write_comment(0, index, _explained(field))
                _validate(sheet, index, field)
        sheet.freeze_panes(1, 0)
        _write_rows(sheet, kind, rows, looks, ZoneInfo(time_zone))
        if explain:
            _write_how_to(book.add_worksheet(_HOW_TO), kind, head)
    return out.getvalue()


def _formats(book: xlsxwriter.Workbook) -> dict[str, Format]:
    text = book.add_format({"num_format": "@"})
    found = dict.fromkeys(_TEXT_TYPES, text)
    found["quantity"] = book.add_format({"num_format": "0.###"})
    found["money"] = book.add_format({"num_format": "0.00##"})
    found["percent"] = found["integer"] = found["boolean"] = book.add_format({})
    found["date"] = book.add_format({"num_format": "yyyy-mm-dd"})
    found["instant"] = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    return found


def _write_rows(
    sheet: Worksheet, kind: Kind, rows: Iterable[Mapping[str, Any]], looks: Mapping[str, Format], zone: ZoneInfo
) -> None:
    writers: list[tuple[int, Field, Format]] = [
        (index, field, looks[field.type]) for index, field in enumerate(kind.fields)
    ]
    for number, row in enumerate(rows, 1):
        for index, field, look in writers:
            value = row.get(field.name)
            if value is None:
                continue
            if isinstance(value, bool):
                sheet.write_string(number, index, "yes" if value else "no", look)
            elif isinstance(value, Decimal | int):
                sheet.write_number(number, index, float(value), look)
            elif isinstance(value, datetime):
                sheet.write_datetime(number, index, value.astimezone(zone).replace(tzinfo=None), look)
            elif isinstance(value, date):
                sheet.write_datetime(number, index, value, look)
            else:
                sheet.write_string(number, index, neutralised(_joined(value)), look)


def _explained(field: Field) -> str:
    need = "Must be filled in" if field.required else "May be left empty"
    return f"{field.help}.\n{need}: {_IN_WORDS[field.type]}."


def _validate(sheet: Worksheet, index: int, field: Field) -> None:
    rule: dict[str, Any] | None = None
    if field.choices:
        rule = {"validate": "list", "source": list(field.choices)}
    elif field.type == "boolean":
        rule = {"validate": "list", "source": ["yes", "no"]}
    elif field.type in ("quantity", "money", "percent", "integer"):
        rule = {
            "validate": "integer" if field.type == "integer" else "decimal",
            "criteria": "between",
            "minimum": float(field.low or 0),
            "maximum": float(field.high or 0),
        }
    elif field.type in ("date", "instant"):
        rule = {
            "validate": "date",
            "criteria": "between",
            "minimum": date(FIRST_YEAR, 1, 1),
            "maximum": date(LAST_YEAR, 12, 31),
        }
    if rule is not None:
        message = f"{field.name}: {_IN_WORDS[field.type]}"
        rule |= {"ignore_blank": True, "error_title": "Please check", "error_message": message}
        sheet.data_validation(1, index, _CHECKED_ROWS, index, rule)


def _write_how_to(sheet: Worksheet, kind: Kind, head: Format) -> None:
    writers: list[tuple[str, int, Callable[[Field], str]]] = [
        ("Heading", 26, lambda field: field.name),
        ("Needed?", 10, lambda field: "yes" if field.required else "no"),
        ("What goes there", 60, lambda field: field.help),
        ("Written as", 44, lambda field: _IN_WORDS[field.type]),
    ]
    writers += [
        (f"Example {number}", 24, lambda field, example=example: example.get(field.name, ""))  # type: ignore[misc]  # the default argument is what keeps each example apart
        for number, example in enumerate(kind.examples, 1)
    ]
    for index, (title, width, text) in enumerate(writers):
        sheet.write_string(0, index, title, head)
        sheet.set_column(index, index, width)
        for row, field in enumerate(kind.fields, 1):
            sheet.write_string(row, index, text(field))
    below = len(kind.fields) + 2
    for line, text_line in enumerate(
        (
            f"Fill in the sheet {kind.title}, one row each, and upload the workbook. This sheet is not read.",
            "Columns that are not needed may be taken out. The order of the columns does not matter.",
            "Your own workbook works as well: its columns are matched when you upload it.",
        )
    ):
        sheet.write_string(below + line, 0, text_line)
