"""Lists, a page at a time, by the key of the last row: rows that are added meanwhile shift nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma
from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from domain.errors import RuleViolation
from portal.api.fields import In, Out

LARGEST_PAGE = 200
LARGEST_ID = 2**63 - 1
LONGEST_CURSOR = 1000

Page = dict[str, Any]


class Paged(In):
    limit = ma.fields.Integer(
        load_default=50,
        validate=ma.validate.Range(1, LARGEST_PAGE),
        metadata={"description": "How many items at most."},
    )
    cursor = ma.fields.String(
        load_default=None, metadata={"description": "`next_cursor` of the page before; opaque."}
    )

    @ma.pre_load
    def drop_blanks(self, asked: Mapping[str, str], **kwargs: Any) -> dict[str, str]:
        """`?sku=&status=` asks for nothing in particular."""
        return {name: value for name, value in asked.items() if value != ""}


def page_of(item: type[Out], name: str) -> ma.Schema:
    """The schema of one page of items."""
    fields = {
        "items": ma.fields.List(ma.fields.Nested(item)),
        "next_cursor": ma.fields.String(
            allow_none=True, metadata={"description": "Give it as `cursor` for the next page; null on the last."}
        ),
    }
    return Out.from_dict(fields, name=f"{name}Page")()


def take_page(
    session: Session,
    name: str,
    query: Select[Any],
    keys: Sequence[InstrumentedAttribute[Any]],
    asked: dict[str, Any],
) -> Page:
    """One page of a list, in the order of `keys`, which name a row uniquely and never change.

    Raises RuleViolation for a cursor that is not one of this list.
    """
    if asked["cursor"]:
        after = _read(asked["cursor"], name, keys)
        query = query.where(tuple_(*keys) > tuple_(*map(literal, after, [key.type for key in keys])))
    rows = session.execute(query.add_columns(*keys).order_by(*keys).limit(asked["limit"] + 1)).all()
    shown = rows[: asked["limit"]]
    more = len(rows) > len(shown)
    return {"items": [row[0] for row in shown], "next_cursor": _write(name, shown[-1][1:]) if more else None}


def _write(name: str, values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, *values]).encode()).decode().rstrip("=")


def _read(cursor: str, name: str, keys: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    if len(cursor) <= LONGEST_CURSOR and cursor.isascii():
        try:
            given = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (binascii.Error, ValueError, RecursionError):
            given = None
        kinds = [str, *(key.type.python_type for key in keys)]
        if isinstance(given, list) and [type(each) for each in given] == kinds and given[0] == name:
            values = given[1:]
            if all(_storable(each) for each in values):
                return values
    raise RuleViolation.of(
        "cursor", "bad_cursor", "This cursor is not one of this list; begin again without a cursor"
    )


def _storable(value: int | str) -> bool:
    if isinstance(value, int):
        return abs(value) <= LARGEST_ID
    return "\x00" not in value and not any("\ud800" <= each <= "\udfff" for each in value)
