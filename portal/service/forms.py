"""Forms of the service desk."""

from __future__ import annotations

from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from domain.reasons import CancelReason, label
from portal.forms import Form

#: Why one of ours cancels for a customer. Stopping by an operator is said elsewhere.
REASONS = [reason for reason in CancelReason if reason is not CancelReason.OPERATOR]


class CancelForCustomerForm(Form):
    reason_code = RadioField(
        "Why",
        [InputRequired("Choose a reason.")],
        choices=[SelectChoice(reason, label(reason)) for reason in REASONS],
    )
