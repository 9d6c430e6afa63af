"""What a supplier types: to one line, or to many at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from wtforms import (
    DateField,
    DecimalField,
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    TextAreaField,
)
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from domain.errors import Fault
from domain.reasons import SupplyReason, label
from domain.replenishment import MOST_SCHEDULE_LINES, Action, Answer, ScheduleLine
from portal.forms import Form, in_words
from portal.models import PurchaseOrderLine
from portal.services.transaction import amount

#: Rows for dated quantities that are shown at first, and that are added on request.
ROWS_AT_FIRST = 3
REASONS = [SelectChoice("", "Choose a reason"), *(SelectChoice(code.value, label(code)) for code in SupplyReason)]


def _version(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() and len(value) < 10 else None


class LineForm(Form):
    """Which line, as the supplier saw it."""

    version = HiddenField()
    #: JSON of `facts_of` when the page was made, so that a change meanwhile can be shown beside it.
    seen = HiddenField()

    @property
    def version_seen(self) -> int | None:
        return _version(self.version.data)

    @property
    def facts_seen(self) -> dict[str, str]:
        try:
            facts = json.loads(self.seen.data or "{}")
        except ValueError:
            return {}
        return {str(name): str(value) for name, value in facts.items()} if isinstance(facts, dict) else {}

    def renew(self, line: PurchaseOrderLine) -> None:
        """From now on the form answers the line as it is now."""
        self.version.data = str(line.version)
        self.seen.data = json.dumps(facts_of(line))


def facts_of(line: PurchaseOrderLine) -> dict[str, str]:
    """What an answer rests on, in a form that travels with the page."""
    return {
        "status": str(line.status),
        "open_quantity": f"{line.open_quantity:f}",
        "requested_date": line.requested_date.isoformat(),
        "promised_date": line.promised_date.isoformat() if line.promised_date else "",
        "waiting_customers": str(line.waiting_customers),
    }


class AcceptForm(LineForm):
    def answer(self) -> Answer:
        return Answer(Action.ACCEPT)


class DatedQuantity(PlainForm):
    quantity = DecimalField("Quantity", [Optional()], places=None)
    promised_date = DateField("Date", [Optional()])


class ProposeForm(LineForm):
    schedule = FieldList(FormField(DatedQuantity), "Dates", max_entries=MOST_SCHEDULE_LINES)
    reason_code = SelectField("Reason", [InputRequired("Choose a reason.")], choices=REASONS, default="")
    note = TextAreaField("Note to the buyer", [Length(max=2000)])

    def validate_schedule(self, field: FieldList) -> None:
        rows = [entry.form for entry in field.entries]
        for number, row in enumerate(rows, start=1):
            if row.quantity.data is not None and row.promised_date.data is None and not row.promised_date.errors:
                raise ValidationError(f"Row {number} has a quantity but no date.")
            if row.promised_date.data is not None and row.quantity.data is None and not row.quantity.errors:
                raise ValidationError(f"Row {number} has a date but no quantity.")

    def answer(self) -> Answer:
        return Answer(
            Action.PROPOSE,
            tuple(ScheduleLine(quantity, day) for quantity, day in self.typed()),
            self.reason_code.data,
            self.note.data or "",
        )

    def typed(self) -> list[tuple[Decimal, date]]:
        rows = (entry.form for entry in self.schedule.entries)
        return [
            (row.quantity.data, row.promised_date.data)
            for row in rows
            if row.quantity.data is not None and row.promised_date.data is not None
        ]

    def close_ranks(self) -> None:
        """Drop the rows left blank, so that a fault found later names the row that is shown."""
        kept = [
            {"quantity": entry.form.quantity.data, "promised_date": entry.form.promised_date.data}
            for entry in self.schedule.entries
            if entry.form.quantity.data is not None or entry.form.promised_date.data is not None
        ]
        while self.schedule.entries:
            self.schedule.pop_entry()
        for row in kept:
            self.schedule.append_entry(row)

    def make_room(self, rows: int) -> None:
        """Show at least `rows` rows, up to the most an answer may hold."""
        while len(self.schedule.entries) < min(rows, MOST_SCHEDULE_LINES):
            self.schedule.append_entry()


class RejectForm(LineForm):
    reason_code = SelectField("Reason", [InputRequired("Choose a reason.")], choices=REASONS, default="")
    note = TextAreaField("Note to the buyer", [Length(max=2000)])

    def answer(self) -> Answer:
        return Answer(Action.REJECT, (), self.reason_code.data, self.note.data or "")


class ManyForm(Form):
    """One answer to all ticked lines."""

    day = DateField("Propose this date", [Optional()])
    days = IntegerField(
        "or move by days",
        [Optional(), NumberRange(-400, 400, "At most 400 days.")],
    )
    reason_code = SelectField("Reason", choices=REASONS, default="")
    note = TextAreaField("Note to the buyer", [Length(max=2000)])

    def check_for(self, action: Action) -> bool:
        """Whether what this action needs was given; else the errors say what is missing."""
        if action is Action.PROPOSE:
            if self.day.data is None and not self.days.data:
                self.day.errors = [*self.day.errors, "Give a date, or by how many days to move."]
            elif self.day.data is not None and self.days.data:
                self.days.errors = [*self.days.errors, "Give a date or a number of days, not both."]
        if action is not Action.ACCEPT and not self.reason_code.data:
            self.reason_code.errors = [*self.reason_code.errors, "Choose a reason."]
        return not self.errors

    def answer_for(self, line: PurchaseOrderLine, action: Action) -> Answer:
        if action is Action.ACCEPT:
            return Answer(action)
        reason, note = self.reason_code.data, self.note.data or ""
        if action is Action.REJECT:
            return Answer(action, (), reason, note)
        if self.day.data is not None:
            return Answer(action, (ScheduleLine(line.open_quantity, self.day.data),), reason, note)
        return Answer(action, moved(line, timedelta(days=self.days.data or 0)), reason, note)


def moved(line: PurchaseOrderLine, by: timedelta) -> tuple[ScheduleLine, ...]:
    """What is still to come of a line, each part moved by the same time."""
    return tuple(
        ScheduleLine(row.open_quantity, row.due_date + by) for row in line.schedule if row.open_quantity > 0
    )


def ticked(values: Iterable[str]) -> dict[int, int | None]:
    """Version seen by line, from checkboxes whose value is `id:version`; what is neither is left out."""
    chosen: dict[int, int | None] = {}
    for value in values:
        line_id, _, version = value.partition(":")
        if line_id.isdecimal() and len(line_id) < 19:
            chosen[int(line_id)] = _version(version)
    return chosen


def faults_by_line(faults: Iterable[Fault]) -> dict[int, list[str]]:
    """What is wrong with each line of an answer to many; its faults are named `lines.<id>.<field>`."""
    found: dict[int, list[str]] = {}
    for fault in faults:
        _, line_id, field = fault.field.split(".", 2)
        words = "The date" if field.endswith("promised_date") else "The quantity"
        message = in_words(Fault(field, fault.code, fault.message), words)
        found.setdefault(int(line_id), []).append(message)
    return found


def filled(form: Any, line: PurchaseOrderLine) -> Any:
    """A fresh form for a line; a proposal begins with what is to come as it stands."""
    form.renew(line)
    if isinstance(form, ProposeForm):
        for row in line.schedule:
            if row.open_quantity > 0:
                form.schedule.append_entry(
                    {"quantity": Decimal(amount(row.open_quantity)), "promised_date": row.due_date}
                )
        form.make_room(ROWS_AT_FIRST)
    return form
