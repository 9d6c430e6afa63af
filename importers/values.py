"""Cells into values: one parser a column, made after looking at the whole column."""

from __future__ import annotations

from collections.abc import Iterable

from importers.cells import Cell
from importers.date_values import date_parser
from importers.kinds import Field
from importers.number_values import number_parser
from importers.outcomes import ColumnDoubt, Parser, Reading
from importers.text_values import text_parser


def parser_for(field: Field, distinct: Iterable[Cell], reading: Reading) -> tuple[Parser, list[ColumnDoubt]]:
    """The parser of one column, and what the column leaves open; `distinct` are its cells, each once."""
    if field.type in ("quantity", "money", "integer", "percent"):
        return number_parser(field, distinct, reading)
    if field.type in ("date", "instant"):
        return date_parser(field, distinct, reading)
    return text_parser(field), []
