"""What planners and customer service type."""

from __future__ import annotations

from wtforms import DateField, DecimalField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from domain.reasons import CancelReason, label
from portal.forms import Form


class DecisionForm(Form):
    """A buyer's word on a supplier's proposal. Which word it is, the button says."""

    line = HiddenField()
    version = HiddenField()
    reason = TextAreaField(
        "Reason", [Length(max=500)], description="Needed to turn it down; the supplier reads it."
    )

    @property
    def version_seen(self) -> int | None:
        given = self.version.data or ""
        return int(given) if given.isdecimal() and len(given) < 10 else None

    @property
    def line_id(self) -> int | None:
        given = self.line.data or ""
        return int(given) if given.isdecimal() and len(given) < 19 else None


class OrderForm(Form):
    """A purchase order line raised by hand."""

    sku = StringField("SKU", [InputRequired("Say which product."), Length(max=64)])
    supplier_code = StringField("Supplier's code", [InputRequired("Say which supplier."), Length(max=64)])
    quantity = DecimalField("Quantity", [InputRequired("Say how much.")], places=None)
    requested_date = DateField(
        "Wanted on", [InputRequired("Say by when.")], description="The day on which the goods are to arrive."
    )
    warehouse_code = SelectField("Deliver to")


class CancelForm(Form):
    reason_code = SelectField(
        "Why",
        [InputRequired("Choose a reason.")],
        choices=[
            SelectChoice("", "Choose a reason"),
            *(SelectChoice(code.value, label(code)) for code in CancelReason if code is not CancelReason.OPERATOR),
        ],
        default="",
    )
