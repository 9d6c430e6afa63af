"""Dealing with a dead letter."""

from __future__ import annotations

from wtforms import StringField
from wtforms.validators import DataRequired, Length

from portal.forms import Form
from portal.services.dead_letters import LONGEST_REASON


class ReasonForm(Form):
    reason = StringField(
        "Why",
        [
            DataRequired("Say why: the reason is kept with the message."),
            Length(max=LONGEST_REASON, message=f"Keep the reason under {LONGEST_REASON} characters."),
        ],
    )
