"""What a file would change, row by row, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.orm import Session

from domain.errors import Fault
from domain.roles import Permission
from importers.cells import shown
from importers.check import Checked, Row
from importers.problems import Problem, Severity
from portal.services.transaction import Context

Outcome = Literal["create", "update", "unchanged"]


@dataclass(frozen=True)
class Planned:
    """One row that can be taken. `key` is what people know the thing by; `changes` are {field: (old, new)};
    `draft` is what its kind needs to write it."""

    row: Row
    key: str
    outcome: Outcome
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    draft: Any = None


class Findings:
    """The rows of a file, and what the tables have against them."""

    def __init__(self, checked: Checked) -> None:
        self._headers = {match.field: match.header.label for match in checked.matches}
        self._rows = checked.rows
        self._refused: set[int] = set()
        self.problems: list[Problem] = []

    @property
    def refused(self) -> list[int]:
        return sorted(self._refused)

    def rows(self) -> Iterator[Row]:
        """Those that nothing has been found against so far."""
        return (row for row in self._rows if row.number not in self._refused)

    def values(self, name: str) -> set[Any]:
        """All that the file says in a column, empty cells left out."""
        return {value for row in self._rows if (value := row.values.get(name)) is not None}

    def refuse(self, row: Row, name: str, code: str, message: str) -> None:
        self._refused.add(row.number)
        self._add(row, name, code, "error", message)

    def refuse_fault(self, row: Row, name: str, fault: Fault | None) -> bool:
        """Refuse the row for what a rule has against it; whether there was anything."""
        if fault is not None:
            self.refuse(row, name, fault.code, f"{fault.message}.")
        return fault is not None

    def warn(self, row: Row, name: str, code: str, message: str) -> None:
        self._add(row, name, code, "warning", message)

    def is_refused(self, row: Row) -> bool:
        return row.number in self._refused

    def _add(self, row: Row, name: str, code: str, severity: Severity, message: str) -> None:
        value = row.values.get(name)
        text = ";".join(value) if isinstance(value, tuple) else None if value is None else shown(value)
        self.problems.append(
            Problem(row.sheet or None, row.number, self._headers.get(name, name), text, code, severity, message)
        )


@dataclass(frozen=True)
class Plan:
    """`products` are the ids of those whose supply or stock it touches: locked before it is carried out."""

    rows: list[Planned]
    products: frozenset[int] = frozenset()

    def of(self, *outcomes: Outcome) -> list[Planned]:
        return [each for each in self.rows if each.outcome in outcomes]


#: What was made or changed: the kind of thing and the number people know it by.
Result = tuple[str, str]


@dataclass(frozen=True)
class ImportKind:
    """`plan` looks the rows up in a fixed number of queries and writes nothing; `write` carries a plan out
    in the caller's transaction; `existing` are the rows that are kept now, fit to be exported."""

    name: str
    permission: Permission
    plan: Callable[[Session, Context, Findings], Plan]
    write: Callable[[Session, Context, Plan, str], list[Result]]
    existing: Callable[[Session], Iterator[dict[str, Any]]]
