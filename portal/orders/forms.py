"""Forms about orders: taking one, and cancelling what is still owed."""

from __future__ import annotations

from wtforms import FieldList, FormField, RadioField, StringField
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from domain.errors import Fault, RuleViolation
from domain.reasons import CancelReason
from portal.fields import DayField, QuantityField
from portal.forms import Form
from portal.services.orders import MOST_LINES, OrderDraft, OrderLineDraft

#: Why a customer cancels, in the customer's words.
CUSTOMER_REASONS = {
    CancelReason.CUSTOMER_REQUEST: "I no longer need it",
    CancelReason.TOO_LATE: "It would come too late",
    CancelReason.ORDERED_TWICE: "I ordered it twice",
    CancelReason.WRONG_PRODUCT: "It is the wrong product",
}

#: Empty lines that a new order begins with.
FIRST_LINES = 3


class CancelForm(Form):
    reason_code = RadioField(
        "Why",
        [InputRequired("Choose a reason.")],
        choices=[SelectChoice(code, words) for code, words in CUSTOMER_REASONS.items()],
    )


class LineForm(PlainForm):
    """One line; all three fields empty means that there is none."""

    sku = StringField("SKU", [Length(max=64, message="A SKU has at most 64 characters.")])
    quantity = QuantityField("Quantity")
    requested_date = DayField("Wanted on")

    @property
    def blank(self) -> bool:
        fields = (self.sku, self.quantity, self.requested_date)
        return not any(str(raw).strip() for field in fields for raw in field.raw_data or ())


class OrderForm(Form):
    customer_code = StringField("Customer", [InputRequired("Say which customer orders.")])
    number = StringField(
        "Order number",
        [Length(max=64, message="An order number has at most 64 characters.")],
        description="The customer's or another system's; leave it empty and the next one is taken.",
    )
    lines = FieldList(FormField(LineForm), label="Lines", min_entries=FIRST_LINES, max_entries=MOST_LINES)

    def validate_all(self) -> bool:
        """Whether everything that can be told without the database is right."""
        good = bool(self.validate_on_submit())
        written = [entry for entry in self.lines if not entry.form.blank]
        for entry in written:
            line = entry.form
            for field, words in (
                (line.sku, "Say which product."),
                (line.quantity, "Say how many."),
                (line.requested_date, "Say when the customer wants it."),
            ):
                if not field.data and not field.errors:
                    field.errors = [words]
                    good = False
        if not written:
            self.form_errors = [*self.form_errors, "An order needs at least one line."]
            good = False
        return good

    def draft(self) -> OrderDraft:
        """The order as typed; call it only on a form that is valid."""
        return OrderDraft(
            customer_code=self.customer_code.data or "",
            number=self.number.data or None,
            lines=[
                OrderLineDraft(
                    sku=(entry.form.sku.data or "").strip(),
                    quantity=entry.form.quantity.data,
                    requested_date=entry.form.requested_date.data,
                )
                for entry in self.lines
                if not entry.form.blank
            ],
        )

    def in_own_words(self, violation: RuleViolation) -> RuleViolation:
        """The same faults, about the lines as they stand in the form (blank ones counted), with the labels
        that people see instead of the names of fields."""
        places = [index for index, entry in enumerate(self.lines) if not entry.form.blank]
        return RuleViolation([_relabelled(fault, places) for fault in violation.faults])


LABELS = {"quantity": "Quantity", "requested_date": "The day", "sku": "SKU"}


def _relabelled(fault: Fault, places: list[int]) -> Fault:
    head, *rest = fault.field.split(".")
    if head != "lines" or len(rest) != 2:
        return fault
    position, name = rest
    message = fault.message.replace(fault.field, LABELS.get(name, name), 1)
    return Fault(f"lines.{places[int(position)]}.{name}", fault.code, message)
