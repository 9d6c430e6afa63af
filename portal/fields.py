"""Form fields that read figures and days the way people type them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from wtforms import DateField, DecimalField
from wtforms.validators import ValidationError


class QuantityField(DecimalField):
    """A number: 1500, 1 500 or 2.5. A comma could mean two things, so whoever typed one is asked."""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not typed:
            return
        try:
            self.data = Decimal("".join(typed.split()))
        except InvalidOperation:
            hint = "without a comma, as 1500 or 2.5" if "," in typed else "as a number, for example 12"
            raise ValidationError(f"Write it {hint}") from None


class DayField(DateField):
    """A day. Browsers offer a calendar; typed by hand it is year-month-day."""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not typed:
            return
        try:
            super().process_formdata([typed])
        except ValueError:
            raise ValidationError("Write the date as year-month-day, for example 2026-12-24") from None
