"""Cells into quantities, money, per cent and whole numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from importers import numbers
from importers.cells import ERROR_TEXTS, Cell, shown, trimmed
from importers.kinds import Field
from importers.outcomes import DOUBTFUL, ColumnDoubt, Outcome, Parser, Reading, failed_formula

_COUNT_UNITS = re.compile(
    r"(?<=[0-9])\s*(?:pcs?|pieces?|ea|each|stk|stck|st|stück|units?|pce|pièces?|uds?|unidades|pz|pezzi|個|本|枚|台)\.?$",
    re.IGNORECASE,
)
_DAY_UNITS = re.compile(r"(?<=[0-9])\s*(?:d|days?|tage?|jours?|días?|dias?|giorni|giorno|日)\.?$", re.IGNORECASE)
#: Signs that say one currency are known by its code; $ and ¥ are several.
CURRENCY_SIGNS = {
    "€": "EUR",
    "$": "$",
    "£": "GBP",
    "¥": "¥",
    "￥": "¥",
    "zł": "PLN",
    "Kč": "CZK",
    "₹": "INR",
    "₩": "KRW",
}
_MONEY = re.compile(
    r"(?P<minus>[-−(]?)\s*(?P<before>[A-Z]{3}|[€$£¥￥₹₩])?\s*(?P<number>[-+(]?[0-9.,].*?)\s*(?P<after>[A-Z]{3}|[€$£¥￥₹₩]|zł|Kč)?\s*(?P<end>\)?)"
)


def number_parser(field: Field, distinct: Iterable[Cell], reading: Reading) -> tuple[Parser, list[ColumnDoubt]]:
    texts = [trimmed(cell) for cell in distinct if isinstance(cell, str)]
    parts = {text: _number_in(field, text) for text in texts}
    doubts: list[ColumnDoubt] = []
    mark = reading.decimal
    if mark is None:
        decided = numbers.notation((text, one) for text, (one, _) in parts.items() if one is not None)
        mark = decided.mark
        if decided.doubt:
            doubts.append(_notation_doubt(field, decided))
    currencies = {sign for _, sign in parts.values() if sign}
    if currencies:
        doubts.append(_currency_doubt(field, sorted(currencies)))

    def parse(cell: Cell) -> Any:
        if isinstance(cell, str):
            text = trimmed(cell)
            if not text:
                return None
            one, currency = parts[text] if text in parts else _number_in(field, text)
            if one is None:
                return _no_number(field, text)
            if currency and len(currencies) > 1:
                return DOUBTFUL
            if mark is None and numbers.shows_mark(one) != "none":
                return DOUBTFUL
            amount = numbers.value(one, mark or ".")
            return _no_number(field, text) if amount is None else _bounded(field, amount, text)
        if cell is None:
            return None
        if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) < 1e300:
            return _bounded(field, numbers.exact(cell), shown(cell))
        return _no_number(field, shown(cell))

    return parse, doubts


def _number_in(field: Field, text: str) -> tuple[numbers.Written | None, str | None]:
    """The number of a text and the currency that stands with it; units by the rule of the field's type."""
    currency = None
    if field.type == "percent":
        text = text.removesuffix("%").rstrip()
    elif field.type == "quantity":
        text = _COUNT_UNITS.sub("", text) if not text[-1:].isdigit() else text
    elif field.type == "integer":
        text = _DAY_UNITS.sub("", text) if field.name.endswith("_days") else text
    elif field.type == "money" and (found := _MONEY.fullmatch(text)):
        signs = [sign for sign in (found["before"], found["after"]) if sign]
        if len(signs) > 1:
            return None, None
        currency = CURRENCY_SIGNS.get(signs[0], signs[0]) if signs else None
        text = found["minus"] + found["number"] + found["end"]
    return numbers.written(text), currency


def _no_number(field: Field, text: str) -> Outcome:
    if text in ERROR_TEXTS:
        return failed_formula(text)
    if field.required:
        return Outcome("not_a_number", f"{shown(text)} is not a number. Write {field.name} as a number.")
    return Outcome(
        "not_a_number",
        f"{shown(text)} is not a number. Write {field.name} as a number, or leave the cell empty if unknown.",
    )


def _bounded(field: Field, amount: Decimal, text: str) -> Any:
    name = field.name
    if amount.adjusted() > 20 or (field.high is not None and amount > field.high):
        return Outcome("too_large", f"{name} must be at most {field.high:,f}, not {text}.")
    if field.above_zero and amount <= 0:
        return Outcome("not_positive", f"{name} must be more than 0, not {text}.")
    if field.low is not None and amount < field.low:
        return Outcome("too_small", f"{name} must be at least {field.low:f}, not {text}.")
    if field.type == "integer":
        if amount != amount.to_integral_value():
            return Outcome("not_whole", f"{name} must be a whole number, not {text}.")
        return int(amount)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -field.places:
        fewer = amount.quantize(Decimal(1).scaleb(-field.places))
        if fewer == amount:
            return fewer.normalize() + 0 if fewer else Decimal(0)
        if field.type == "money":
            message = f"{name} is kept with {field.places} decimal places: {text} becomes {fewer:f}."
            return Outcome("rounded", message, "warning", fewer)
        return Outcome("too_precise", f"{name} can have at most {field.places} decimal places, not {text}.")
    if isinstance(exponent, int) and exponent > 0:
        return amount.quantize(Decimal(1))
    return amount


def _notation_doubt(field: Field, decided: numbers.Notation) -> ColumnDoubt:
    if decided.doubt == "mixed":
        point, comma = decided.examples
        return ColumnDoubt(
            "mixed_decimals",
            f"Some numbers have a decimal point ({point}) and others a decimal comma ({comma})."
            " Say which one the column uses (--decimal), or write all of them alike.",
            point,
        )
    return ColumnDoubt(
        "ambiguous_decimals",
        f"{decided.examples[0]} can be read in two ways: the mark may separate thousands or decimals."
        " Say which the decimal mark is (--decimal . or --decimal ,).",
        decided.examples[0],
    )


def _currency_doubt(field: Field, currencies: list[str]) -> ColumnDoubt:
    if len(currencies) > 1:
        return ColumnDoubt(
            "mixed_currencies",
            f"The column has amounts in {' and '.join(currencies)}. Use one currency for a column.",
            currencies[0],
        )
    return ColumnDoubt(
        "currency_not_taken",
        f"The sign {currencies[0]} beside the amounts is not taken over; the column currency says which it is.",
        currencies[0],
        "warning",
    )
