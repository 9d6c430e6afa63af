"""What is wrong with a file, cell by cell, and the same grouped by cause for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend.

    `row` is the number that Excel shows; None where the problem is about a column or the whole file.
    `column` is the header as the file has it, or the column's letter where it has none.
    `value` is the cell as text, shortened. `code` is stable and fit for programs, `message` is for people.
    """

    sheet: str | None
    row: int | None
    column: str | None
    value: str | None
    code: str
    severity: Severity
    message: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """All problems with one cause: the same code in the same column of the same sheet."""

    sheet: str | None
    column: str | None
    code: str
    severity: Severity
    message: str
    count: int
    examples: tuple[Problem, ...]


def grouped(problems: Iterable[Problem], examples: int = 3) -> list[ProblemGroup]:
    """Errors before warnings, the most frequent cause first; `message` is that of the first example."""
    causes: dict[tuple[str | None, str | None, str, Severity], list[Problem]] = {}
    for problem in problems:
        cause = (problem.sheet, problem.column, problem.code, problem.severity)
        causes.setdefault(cause, []).append(problem)
    groups = [
        ProblemGroup(*cause, message=found[0].message, count=len(found), examples=tuple(found[:examples]))
        for cause, found in causes.items()
    ]
    return sorted(groups, key=lambda group: (group.severity, -group.count))


class UnreadableFile(Exception):
    """The file cannot be read at all. The text is one sentence or two for the person who sent it."""
