"""Made-up facts for /dev/components, the page that shows every macro to those who build with them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Form,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from domain.backorder import Status
from domain.reasons import SupplyReason, label
from domain.replenishment import LineStatus
from portal.promise_strip import Point


class AnswerForm(Form):
    quantity = DecimalField("Quantity", [InputRequired("Say how many you can deliver.")])
    promised_date = DateField(
        "Date you promise",
        [InputRequired("Say the day on which the goods arrive.")],
        description="The day on which the goods arrive at our warehouse.",
    )
    reason = SelectField("Reason", choices=[SelectChoice(code, label(code)) for code in SupplyReason])
    note = TextAreaField("Note to the buyer")
    carrier = StringField("Carrier", [InputRequired("Name the carrier.")])
    rest = RadioField(
        "The rest", choices=[SelectChoice("later", "comes later"), SelectChoice("cancel", "cannot be delivered")]
    )
    remind = BooleanField("Remind me two days before")


class BulkForm(Form):
    day = DateField("Date for all of them", [Optional()])


class CancelForm(Form):
    reason_text = StringField("Why", [InputRequired("Say why.")])


def context(now: datetime) -> dict[str, Any]:
    """What templates/dev/components.html shows, around the instant `now`."""
    today = now.date()
    return {
        "lines": [_line(number, today) for number in range(5)],
        "backorder_statuses": list(Status),
        "line_statuses": list(LineStatus),
        "severities": ["critical", "late", "warning", "notice", "on_time"],
        "late_promise": [
            Point("requested", today - timedelta(6)),
            Point("original", today - timedelta(4)),
            Point("revised", today + timedelta(3), cause="Transport delay"),
            Point("revised", today + timedelta(11), cause="Material shortage"),
            Point("today", today),
        ],
        "kept_promise": [
            Point("requested", today - timedelta(2)),
            Point("original", today - timedelta(20), label="First promise"),
            Point("actual", today - timedelta(3)),
        ],
        "events": _events(now),
        "bulk_form": BulkForm(),
        "cancel_form": CancelForm(),
        "refused_form": _refused(),
        "weeks": [f"Week {number}" for number in range(46, 52)],
        "load": {
            "kind": "heatmap",
            "x": [f"Week {number}" for number in range(46, 52)],
            "y": ["Acme Castings", "Bolt & Sons"],
            "cells": [[x, y, (x * 3 + y * 5) % 7 + 1, f"?week={46 + x}"] for x in range(6) for y in range(2)],
            "unit": "lines",
        },
        "flow": {
            "kind": "bar",
            "x": ["Mon", "Tue", "Wed", "Thu", "Fri"],
            "series": [
                {"name": "Opened", "values": [12, 8, 9, 14, 6], "hrefs": []},
                {"name": "Closed", "values": [7, 11, 10, 9, 13], "hrefs": []},
            ],
            "unit": "backorders",
        },
    }


def _line(number: int, today: date) -> dict[str, Any]:
    statuses = list(LineStatus)
    return {
        "id": number + 1,
        "number": f"PO-{4500 + number}/10",
        "product": ["Hex bolt M8", "Bearing 6204", "Hydraulic hose, 2 m, with fittings", "Seal kit", "Pump"][
            number
        ],
        "sku": f"SKU-{1040 + number}",
        "quantity": Decimal(["1200", "40", "12.500", "7", "1"][number]),
        "unit": ["pcs", "pcs", "m", "set", "pcs"][number],
        "value": Decimal("384.5") * (number + 1),
        "requested": today + timedelta(number * 5 - 4),
        "promised": today + timedelta(number * 6 - 2) if number % 2 else None,
        "status": statuses[number],
        "customers": number + 1,
    }


def _events(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "at": now - timedelta(minutes=5),
            "title": "The supplier moved the date by 8 days",
            "text": "Material shortage: the foundry lost a furnace.",
            "actor": "Dana Field, Acme Castings",
            "icon": "calendar-clock",
            "tone": "wait",
        },
        {
            "at": now - timedelta(hours=20),
            "title": "The customer was told",
            "actor": "Promiseline",
            "icon": "mail",
            "tone": "info",
        },
        {"at": now - timedelta(days=9), "title": "Backorder opened", "text": "Not enough stock: 40 of 100."},
    ]


def _refused() -> AnswerForm:
    form = AnswerForm(MultiDict({"quantity": "-", "promised_date": "31/31/2026", "rest": "never"}))
    form.validate()
    return form
