"""How values are written in JSON: exact quantities, ISO dates, text that the database can keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import marshmallow as ma

PLAIN_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?")
PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

#: Powers of ten beyond which a number is nonsense, and writing it out would take for ever.
MOST_DIGITS = 20


class In(ma.Schema):
    """What is sent to us; a field that we don't know is refused."""

    class Meta:
        unknown = ma.RAISE


class Out(ma.Schema):
    """What we send. Every field is always there; `attribute` may be a path, None where the path breaks off."""

    def on_bind_field(self, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
        field_obj.required = not field_obj.metadata.get("only_for_staff", False)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        for part in attr.split("."):
            if obj is None:
                return None
            obj = obj[part] if isinstance(obj, Mapping) else getattr(obj, part)
        return obj


class Number(ma.fields.Field[Decimal]):
    """A quantity as a JSON number: whole without a fraction, else with at most 3 decimals."""

    def _serialize(
        self, value: Decimal | str | None, attr: str | None, obj: Any, **kwargs: Any
    ) -> int | float | None:
        if value is None:
            return None
        value = Decimal(value)  # ledgers keep quantities as text
        return int(value) if value == value.to_integral_value() else float(value)


class Quantity(ma.fields.Field[Decimal]):
    """A quantity given as JSON number or as text, kept exactly as written."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"anyOf": [{"type": "number"}, {"type": "string"}], "example": 5}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, str) and PLAIN_NUMBER.fullmatch(value.strip()):
            return Decimal(value.strip())
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            try:
                number = Decimal(value)
            except InvalidOperation as error:
                raise ma.ValidationError("Not a valid number.") from error
            if number.is_finite() and (not number or abs(number.adjusted()) <= MOST_DIGITS):
                return number
        raise ma.ValidationError("Not a valid number.")


class Text(ma.fields.String):
    """Text without surrounding blanks, in characters that can be stored."""

    def __init__(self, *, most: int, least: int = 1, **kwargs: Any) -> None:
        super().__init__(validate=ma.validate.Length(least, most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        words: str = super()._deserialize(value, attr, data, **kwargs).strip()
        if "\x00" in words or any("\ud800" <= each <= "\udfff" for each in words):
            raise ma.ValidationError("This text holds a character that can't be stored")
        return words


class Code(Text):
    """A number or code that people know something by, of at most 64 characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most=64, **kwargs)


class Day(ma.fields.Date):
    """YYYY-MM-DD and nothing else."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not PLAIN_DATE.fullmatch(value):
            raise ma.ValidationError("Not a valid date.")
        day: date = super()._deserialize(value, attr, data, **kwargs)
        return day


class Instant(ma.fields.DateTime):
    """An instant, sent in UTC."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
