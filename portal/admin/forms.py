"""Inviting people."""

from __future__ import annotations

from wtforms import EmailField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Regexp

from domain.roles import Role
from portal.forms import Form
from portal.models import User
from portal.services.accounts import may_manage


def role_words(role: str) -> str:
    return role.replace("_", " ").capitalize().replace("It admin", "IT admin")


class InviteForm(Form):
    name = StringField(
        "Name", [DataRequired("Type the person's name."), Length(max=200, message="Keep it short.")]
    )
    email = EmailField(
        "Mail address",
        [
            DataRequired("Type a mail address."),
            Length(max=254, message="That is too long for a mail address."),
            Regexp(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$", message="That is not a mail address."),
        ],
        description="The link to choose a password goes here, and works for three days.",
    )
    role = SelectField("Role", [DataRequired("Choose a role.")])
    party_code = StringField(
        "Code of the supplier or customer",
        description="Suppliers and customers only: whose rows this person sees.",
    )

    def offer_roles_of(self, inviter: User) -> None:
        self.role.choices = [SelectChoice(role, role_words(role)) for role in Role if may_manage(inviter, role)]
