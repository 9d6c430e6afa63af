"""Cells into identifiers, texts, choices and yes or no. Identifiers stay exactly as they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from importers import numbers
from importers.cells import ERROR_TEXTS, Cell, ErrorCell, shown, trimmed
from importers.kinds import Field
from importers.neutral import restored
from importers.number_values import CURRENCY_SIGNS
from importers.outcomes import Outcome, Parser, failed_formula

#: The last is what stands for bytes that were no text.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ufffd]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,}")
_EMAIL = re.compile(r"[^\s@<>,;\"()\[\]]{1,64}@(?:[^\s@<>,;\"()\[\].]+\.)+[^\s@<>,;\"()\[\].]{2,63}")

_YES = frozenset(
    (
        "yes",
        "y",
        "true",
        "1",
        "x",
        "ja",
        "j",
        "wahr",
        "oui",
        "o",
        "vrai",
        "sí",
        "si",
        "s",
        "sì",
        "vero",
        "はい",
        "○",
    )
)
_NO = frozenset(["no", "n", "false", "0", "nein", "falsch", "non", "faux", "falso", "いいえ", "×"])


def text_parser(field: Field) -> Parser:
    """The parser for every type of field that does not depend on the rest of its column."""
    simple: dict[str, Callable[[Field, str], Any]] = {
        "code": _code,
        "codes": _codes,
        "text": _text,
        "email": _email,
        "choice": _choice,
        "country": _country,
        "currency": _currency,
        "time_zone": _time_zone,
        "language": _language,
        "boolean": _boolean,
    }
    read = simple[field.type]

    def parse(cell: Cell) -> Any:
        text = _as_text(field, cell)
        return text if text is None or isinstance(text, Outcome) else read(field, text)

    return parse


def _as_text(field: Field, cell: Cell) -> str | Outcome | None:
    if isinstance(cell, str):
        text = trimmed(cell)
        if text in ERROR_TEXTS:
            return failed_formula(text)
        return restored(text) or None
    if cell is None:
        return None
    if isinstance(cell, ErrorCell):
        return failed_formula(cell.text)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return _number_as_text(field, cell)
    return Outcome(
        "became_a_date",
        f"{shown(cell)} is a date or a time, not a {field.type}. Excel may have changed it:"
        " format the column as text and type it again.",
    )


def _number_as_text(field: Field, number: float) -> str | Outcome:
    if number != number or abs(number) >= 1e15:
        return Outcome(
            "lost_digits",
            f"Excel keeps 15 digits of a number, so {shown(number)} may not be what was typed."
            " Format the column as text and type it again.",
        )
    text = f"{numbers.exact(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _code(field: Field, text: str) -> str | Outcome:
    if _SHORTENED.fullmatch(text):
        return Outcome(
            "lost_digits",
            f"Excel has shortened this code to {text}. Format the column as text and type it again.",
        )
    if _CONTROL.search(text):
        return Outcome(
            "control_characters", "The code holds a line break or a character that cannot be shown. Type it again."
        )
    return _fits(field, text)


def _codes(field: Field, text: str) -> tuple[str, ...] | Outcome:
    found = []
    for piece in re.split("[;,]", text):
        if code := trimmed(piece):
            read = _code(field, code)
            if isinstance(read, Outcome):
                return read
            found.append(read)
    return tuple(dict.fromkeys(found))


def _text(field: Field, text: str) -> str | Outcome:
    if _CONTROL_BUT_LINES.search(text):
        return Outcome("control_characters", "The text holds a character that cannot be shown. Type it again.")
    return _fits(field, text)


def _fits(field: Field, text: str) -> str | Outcome:
    if len(text) > field.length:
        return Outcome(
            "too_long", f"{field.name} can have at most {field.length} characters; this has {len(text)}."
        )
    return text


def _email(field: Field, text: str) -> str | Outcome:
    if not _EMAIL.fullmatch(text) or _CONTROL.search(text) or ".." in text:
        return Outcome(
            "not_an_email", f"{shown(text)} is not one mail address. Write it like name@company.example."
        )
    return _fits(field, text)


def _choice(field: Field, text: str) -> str | Outcome:
    for choice in field.choices:
        if choice.casefold() == text.casefold():
            return choice
    wanted = ", ".join(field.choices)
    return Outcome("not_a_choice", f"{shown(text)} is not a {field.name}. Write one of {wanted}.")


def _country(field: Field, text: str) -> str | Outcome:
    if not re.fullmatch("[A-Za-z]{2}", text):
        return Outcome("not_a_country", f"{shown(text)} is not a country code. Write two letters, such as DE.")
    return text.upper()


def _currency(field: Field, text: str) -> str | Outcome:
    code = CURRENCY_SIGNS.get(text, text).upper()
    if not re.fullmatch("[A-Z]{3}", code):
        return Outcome("not_a_currency", f"{shown(text)} is not a currency. Write three letters, such as EUR.")
    return code


def _time_zone(field: Field, text: str) -> str | Outcome:
    zones = _zones()
    name = zones.get(text.casefold().replace(" ", "_"))
    return name or Outcome(
        "not_a_time_zone", f"{shown(text)} is not a time zone. Write a name such as Europe/Berlin."
    )


def _zones(cache: dict[str, str] = {}) -> dict[str, str]:  # noqa: B006 - filled once, on first use, on purpose
    if not cache:
        cache.update({name.casefold(): name for name in available_timezones()})
    return cache


def _language(field: Field, text: str) -> str | Outcome:
    found = re.fullmatch("([A-Za-z]{2})(?:[-_]([A-Za-z]{2}))?", text)
    if found is None:
        return Outcome("not_a_language", f"{shown(text)} is not a language code. Write two letters, such as en.")
    return found[1].lower() + (f"-{found[2].upper()}" if found[2] else "")


def _boolean(field: Field, text: str) -> bool | Outcome:
    word = text.casefold()
    if word in _NO:
        return False
    if word in _YES:
        return True
    return Outcome("not_yes_or_no", f"{shown(text)} is neither yes nor no. Write yes or no.")
