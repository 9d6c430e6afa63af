"""What every form of the desks has in common: spaces around what was typed don't count, and the faults that
a rule found are shown at the fields they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms.fields import Field, FieldList, FormField

from domain.errors import Fault, RuleViolation


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class Form(FlaskForm):
    class Meta(FlaskForm.Meta):
        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Field:
            if issubclass(unbound_field.field_class, FieldList | FormField):  # they take no filters
                return unbound_field.bind(form=form, **options)
            options["filters"] = (*unbound_field.kwargs.get("filters", ()), _stripped)
            return unbound_field.bind(form=form, **options)


def take_faults(form: Any, violation: RuleViolation, names: Mapping[str, str] | None = None) -> None:
    """Put each fault on the field it names (`schedule.0.quantity` goes into the list), else on the form.

    `names` says which field of the form stands for a fault's, where the form calls it otherwise.
    """
    for fault in violation.faults:
        fields = _on_the_way(form, (names or {}).get(fault.field, fault.field).split("."))
        if not fields:
            form.form_errors = [*form.form_errors, fault.message]
            continue
        words = in_words(fault, fields[-1].label.text)
        for field in fields:
            if not isinstance(field, FormField):  # it shows the errors of its own fields
                field.errors = [*field.errors, words]


def in_words(fault: Fault, label: str) -> str:
    """A fault's message with the field's label in the place of its name ("quantity must be …")."""
    rest = fault.message.removeprefix(f"{fault.field} ")
    return fault.message if rest == fault.message else f"{label} {rest}"


def _on_the_way(form: Any, path: list[str]) -> list[Any]:
    """The fields that lead to the one at a path, as far as the form has them: a list, then its entry's field."""
    head, *rest = path
    fields = [form._fields[head]] if head in form._fields else []
    for step in rest if fields else ():
        last = fields[-1]
        if isinstance(last, FieldList) and step.isdigit() and int(step) < len(last.entries):
            fields.append(last.entries[int(step)])
        elif isinstance(last, FormField) and step in last.form._fields:
            fields.append(last.form._fields[step])
        else:
            break
    return fields
