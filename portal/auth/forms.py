"""What people say about themselves."""

from __future__ import annotations

from zoneinfo import available_timezones

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.forms import Form

#: Zones as people know them, by continent and city; the rest of the list is old names for the same.
CONTINENTS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)
TOKEN_LIVES = {30: "30 days", 90: "90 days", 365: "a year"}


def zones(current: str) -> list[SelectChoice]:
    """UTC first, then every city's zone; and the one in use, whatever it is."""
    cities = {zone for zone in available_timezones() if zone.startswith(CONTINENTS)}
    return [SelectChoice(zone, zone.replace("_", " ")) for zone in ["UTC", *sorted(cities | {current} - {"UTC"})]]


class ProfileForm(Form):
    name = StringField(
        "Name", [DataRequired("Type your name."), Length(max=200, message="Keep it under 200 letters.")]
    )
    time_zone = SelectField(
        "Time zone", [DataRequired()], description="Dates and times in pages and mails are said on this clock."
    )


class TokenForm(Form):
    name = StringField(
        "What it is for",
        [DataRequired("Say what the token is for."), Length(max=200, message="Keep it under 200 letters.")],
        description="The program that will use it, such as “Nightly ERP export”.",
    )
    valid_days = SelectField(
        "Valid for",
        [DataRequired()],
        coerce=int,
        default=90,
        choices=[SelectChoice(days, words) for days, words in TOKEN_LIVES.items()],
    )
