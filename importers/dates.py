"""Dates as people write them, and in which order a column writes day and month.

The rule: year first is year, month, day; dots are day, month, year; for the rest the column's own values
decide, and where they do not, it is asked. A year of two digits is 20xx and stands last, unless a value of
the column can only be read with the year first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal

Order = Literal["dmy", "mdy", "ymd"]

FIRST_YEAR, LAST_YEAR = 2000, 2100

_TIME = (
    r"(?:(?:\s*T\s*|[\s,]+)(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_YEAR_FIRST = re.compile(rf"(?P<y>\d{{4,6}})([-/.])(?P<a>\d{{1,2}})\2(?P<b>\d{{1,2}}){_TIME}", re.I)
_COMPACT = re.compile(
    r"(?P<y>\d{4})(?P<a>\d{2})(?P<b>\d{2})(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2}))?"
)
_EAST = re.compile(rf"(?P<y>\d{{4,6}})年\s*(?P<a>\d{{1,2}})月\s*(?P<b>\d{{1,2}})日{_TIME}", re.I)
_YEAR_LAST = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<mark>[-/. ])\s*(?P<b>\d{{1,2}})(?P=mark)\s*(?P<y>\d{{2}}|\d{{4,6}}){_TIME}", re.I
)
_NAMED = re.compile(
    rf"{_WEEKDAY}(?P<a>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?[\s/-]*(?:de\s+)?(?P<month>[^\W\d_]{{3,12}})\.?[\s,/-]*(?:de\s+)?"
    rf"(?P<y>\d{{2}}|\d{{4,6}}){_TIME}",
    re.I,
)
_NAMED_FIRST = re.compile(
    rf"{_WEEKDAY}(?P<month>[^\W\d_]{{3,12}})\.?\s+(?P<a>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4,6}}){_TIME}",
    re.I,
)
_LONGEST = 60

_MONTH_NAMES = (
    "jan january januar jänner janv janvier ene enero gen gennaio",
    "feb february februar févr fev février febr febrero febbraio",
    "mar march märz mrz mär mars marzo",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag maggio",
    "jun june juni juin junio giu giugno",
    "jul july juli juil juillet julio lug luglio",
    "aug august août aou ago agosto",
    "sep sept september septembre septiembre set settembre",
    "oct october okt oktober octobre octubre ott ottobre",
    "nov november novembre noviembre",
    "dec december dez dezember déc décembre dic diciembre dicembre",
)


def _bare(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", word.casefold()) if sign.isalpha())


_MONTHS = {_bare(name): month for month, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}


@dataclass(frozen=True, slots=True)
class Written:
    """A date in parts. `order` is None where the first two numbers may be day and month in either order;
    then `short` says whether the third has two digits and could be a day as well. `zone` in minutes."""

    numbers: tuple[int, int, int]
    order: Order | None
    short: bool = False
    clock: tuple[int, int, int] = (0, 0, 0)
    zone: int | None = None


def written(text: str) -> Written | None:
    """None for what is not one date."""
    if len(text) > _LONGEST:
        return None
    text = unicodedata.normalize("NFKC", text).strip()
    if not text.isascii():
        text = text.replace("\u2013", "-").replace("\u2212", "-")
    for pattern in (_YEAR_FIRST, _COMPACT, _EAST):
        if found := pattern.fullmatch(text):
            return _with_time(found, (int(found["y"]), int(found["a"]), int(found["b"])), "ymd")
    if found := _YEAR_LAST.fullmatch(text):
        short = len(found["y"]) == 2
        dotted = found["mark"] == "." and not (short and int(found["a"]) > 31)
        numbers = (int(found["a"]), int(found["b"]), int(found["y"]))
        return _with_time(found, numbers, "dmy" if dotted else None, short)
    for pattern in (_NAMED, _NAMED_FIRST):
        found = pattern.fullmatch(text)
        if found and (month := _MONTHS.get(_bare(found["month"]))):
            year = int(found["y"])
            return _with_time(found, (year + 2000 if year < 100 else year, month, int(found["a"])), "ymd")
    return None


def _with_time(
    found: re.Match[str], numbers: tuple[int, int, int], order: Order | None, short: bool = False
) -> Written | None:
    parts = found.groupdict()
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    zone = None
    if name := parts.get("zone"):
        digits = name.replace(":", "")
        zone = 0 if digits[0] not in "+-" else int(digits[0] + "1") * (int(digits[1:3]) * 60 + int(digits[3:]))
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)) or abs(zone or 0) > 900:
        return None
    return Written(numbers, order, short, (hour, minute, second), zone)


@dataclass(frozen=True, slots=True)
class Ordering:
    """How a column writes its dates; without an order, `doubt` says why: "mixed" or "ambiguous"."""

    order: Order | None
    doubt: Literal["mixed", "ambiguous"] | None = None
    examples: tuple[str, ...] = ()


def ordering(texts: Iterable[tuple[str, Written]]) -> Ordering:
    """Decided over all dates of a column, given as they stand and in parts."""
    shown: dict[Order, str] = {}
    open_to_doubt: str | None = None
    for text, one in texts:
        if one.order is not None:
            continue
        first, second, _ = one.numbers
        if one.short and first > 31:
            shown.setdefault("ymd", text)
        elif 31 >= first > 12 >= second:
            shown.setdefault("dmy", text)
        elif 31 >= second > 12 >= first:
            shown.setdefault("mdy", text)
        elif first != second:
            open_to_doubt = open_to_doubt or text
    if len(shown) > 1 and not ("ymd" in shown and set(shown) == {"ymd", "dmy"}):
        return Ordering(None, "mixed", tuple(shown.values()))
    if shown:
        return Ordering("ymd" if "ymd" in shown else next(iter(shown)))
    if open_to_doubt is not None:
        return Ordering(None, "ambiguous", (open_to_doubt,))
    return Ordering("dmy")  # no date of the column depends on it


#: The letters for day and year in English, in German (TT, JJJJ), and in French, Spanish and Italian.
_FORMAT_LETTERS: tuple[dict[int, int], ...] = ({}, str.maketrans("tj", "dy"), str.maketrans("jga", "ddy"))


def order_of(pattern: str) -> Order | None:
    """The order that a person's date format asks for: dmy, DD.MM.YYYY, TT.MM.JJJJ and %d/%m/%y all say dmy."""
    letters = re.sub(r"(.)\1+", r"\1", re.sub(r"[^a-z]", "", pattern.casefold()))
    orders: tuple[Order, ...] = ("dmy", "mdy", "ymd")
    readings = {letters.translate(table) for table in _FORMAT_LETTERS}
    return next((order for order in orders if order in readings), None)


def instant(one: Written, order: Order) -> datetime | None:
    """Without a zone unless the text has one. None where there is no such day; the year is not judged."""
    numbers = one.numbers
    order = one.order or order
    if order == "ymd" and one.order is None and not one.short:
        return None
    if order == "ymd":
        year, month, day = numbers
    elif order == "dmy":
        day, month, year = numbers
    else:
        month, day, year = numbers
    if one.short:
        year += 2000
    try:
        midnight = datetime(min(year, 9999), month, day)  # noqa: DTZ001 - the file does not say which zone
        moment = midnight + timedelta(hours=one.clock[0], minutes=one.clock[1], seconds=one.clock[2])
    except (ValueError, OverflowError):
        return None
    return moment if one.zone is None else moment.replace(tzinfo=timezone(timedelta(minutes=one.zone)))


#: The day before Excel's first, counted so that its numbers come out right after February 1900.
_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's clock has no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - a spreadsheet's clock has no zone


def from_serial(number: float, uses_1904: bool) -> datetime | None:
    """A day number of Excel, or digits such as 20270315 that spell a date. None if it is neither."""
    if number.is_integer() and FIRST_YEAR * 10_000 < number < (LAST_YEAR + 1) * 10_000:
        one = written(str(int(number)))
        return instant(one, "ymd") if one else None
    try:
        moment = (_EPOCH_1904 if uses_1904 else _EPOCH_1900) + timedelta(days=number)
    except (OverflowError, ValueError):
        return None
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)


def in_range(day: date) -> bool:
    return FIRST_YEAR <= day.year <= LAST_YEAR
