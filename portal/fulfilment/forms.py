"""Forms of the warehouse: few fields, large enough for gloves."""

from __future__ import annotations

from wtforms import HiddenField, IntegerField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import HiddenInput

from portal.fields import QuantityField
from portal.forms import Form


class ReceiveForm(Form):
    """One line's goods at the door. `version` is the line's as it was on the screen, so that a second
    press of the button books nothing."""

    line_id = IntegerField("Line", [InputRequired("Choose a line.")], widget=HiddenInput())
    version = IntegerField("Version", [InputRequired("Look at the line again.")], widget=HiddenInput())
    quantity = QuantityField("Quantity", [InputRequired("Say how many came.")])
    warehouse_code = StringField("Warehouse", [Length(max=64, message="Choose a warehouse of the list.")])


class ScanForm(Form):
    code = StringField("Scan or type a SKU", [InputRequired("Scan a product.")])


class ShipForm(Form):
    line_id = HiddenField("Line")
    carrier = StringField(
        "Carrier",
        [InputRequired("Name the carrier."), Length(max=80, message="A carrier has at most 80 characters.")],
    )
    tracking_number = StringField(
        "Tracking number",
        [
            InputRequired("Give the tracking number."),
            Length(max=80, message="A tracking number has at most 80 characters."),
        ],
    )
