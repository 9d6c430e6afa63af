"""What every form of the desks has in common: spaces around what was typed don't count, and the faults that
a rule found are shown at the fields they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms.fields import Field, FieldList, FormField

from domain.errors import RuleViolation


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
        field = _find(form, (names or {}).get(fault.field, fault.field).split("."))
        if field is None:
            form.form_errors = [*form.form_errors, fault.message]
        else:
            field.errors = [*field.errors, fault.message]


def _find(form: Any, path: list[str]) -> Any:
    """The field at a path; the enclosing one where a path leads no further into the form."""
    head, *rest = path
    if head not in form._fields:
        return None
    field = form._fields[head]
    for step in rest:
        if isinstance(field, FieldList) and step.isdigit() and int(step) < len(field.entries):
            field = field.entries[int(step)]
        elif isinstance(field, FormField) and step in field.form._fields:
            field = field.form._fields[step]
        else:
            break
    return field
