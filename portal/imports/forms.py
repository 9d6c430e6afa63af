"""What is uploaded, and how it is to be read."""

from __future__ import annotations

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from importers.check import BadOption, Options
from portal.forms import Form


class UploadForm(Form):
    kind = SelectField("What it holds", [InputRequired("Choose what the file holds.")])
    file = FileField(
        "File",
        [FileRequired("Choose a file.")],
        description="Excel (.xlsx, .xls), OpenDocument (.ods) or csv. You see what is in it before it is written.",
    )
    sheet = StringField("Sheet", [Optional(), Length(max=80)], description="The one that fits best, if left out.")
    header_row = IntegerField(
        "Row with the names of the columns",
        [Optional(), NumberRange(1, 1_000_000, "Rows are counted from 1.")],
        description="Found by itself, if left out.",
    )
    date_format = SelectField(
        "Dates are written",
        default="",
        choices=[
            SelectChoice("", "as the file shows"),
            SelectChoice("dmy", "day, month, year"),
            SelectChoice("mdy", "month, day, year"),
            SelectChoice("ymd", "year, month, day"),
        ],
    )
    decimal = SelectField(
        "Decimal mark",
        default="",
        choices=[
            SelectChoice("", "as the file shows"),
            SelectChoice(".", "point: 1,234.5"),
            SelectChoice(",", "comma: 1.234,5"),
        ],
    )
    duplicates = SelectField(
        "The same row twice",
        default="refuse",
        choices=[
            SelectChoice("refuse", "is a mistake"),
            SelectChoice("sum", "is added up"),
            SelectChoice("keep", "is kept as two"),
        ],
    )

    def options(self, time_zone: str) -> Options | None:
        """None, with the error on the form, when the choices make no sense together."""
        try:
            return Options(
                sheet=self.sheet.data or None,
                header_row=self.header_row.data,
                date_format=self.date_format.data or None,
                decimal=self.decimal.data or None,
                duplicates=self.duplicates.data,
                time_zone=time_zone,
            )
        except BadOption as error:
            self.form_errors = [*self.form_errors, f"{error}."]
            return None


class DecisionForm(Form):
    accept_valid = BooleanField("Take the valid rows only")
