"""Rows of one file that mean the same thing: kept, added up, or refused, as the person chose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from importers.kinds import Kind
from importers.problems import Problem


@dataclass(slots=True)
class Settled:
    """Positions of the accepted rows in order, and of those that were added to another."""

    accepted: list[int]
    into_others: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def settle(
    kind: Kind,
    sheet: str,
    values: dict[str, list[Any]],
    accepted: list[int],
    numbers: list[int],
    choice: Literal["keep", "sum", "refuse"],
) -> Settled:
    """`values` are whole columns, `accepted` the positions to look at, `numbers` the rows' numbers.

    With "sum" the first row of each group gets the sums, in place.
    """
    if choice == "keep":
        return Settled(accepted)
    groups = _groups(kind, values, accepted)
    if not groups:
        return Settled(accepted)
    settled = Settled([])
    refused: set[int] = set()
    for group in groups:
        if choice == "sum" and not (problems := _add_up(kind, sheet, values, group, numbers)):
            settled.into_others.update(group[1:])
            continue
        if choice == "refuse":
            problems = [_duplicate(kind, sheet, values, at, group, numbers) for at in group]
        refused.update(group)
        settled.problems += problems
    gone = refused | settled.into_others
    settled.accepted = [at for at in accepted if at not in gone]
    settled.problems.sort(key=lambda problem: problem.row or 0)
    return settled


def _groups(kind: Kind, values: dict[str, list[Any]], accepted: list[int]) -> list[list[int]]:
    """Positions with the same key, two or more of them."""
    keys = [[values[name] for name in names if name in values] for names in kind.keys]
    whole = [all(name in values for name in names) for names in kind.keys]
    first: dict[tuple[Any, ...], int] = {}
    groups: dict[tuple[Any, ...], list[int]] = {}
    last = len(keys) - 1
    for at in accepted:
        for choice, columns in enumerate(keys):
            key = (choice, *(column[at] for column in columns))
            if choice == last or (whole[choice] and None not in key):
                break
        if key in first:
            groups.setdefault(key, [first[key]]).append(at)
        else:
            first[key] = at
    return list(groups.values())


def _key_names(kind: Kind, values: dict[str, list[Any]], at: int) -> tuple[str, ...]:
    for names in kind.keys:
        if all(name in values and values[name][at] is not None for name in names):
            return names
    return tuple(name for name in kind.keys[-1] if name in values)


def _duplicate(
    kind: Kind, sheet: str, values: dict[str, list[Any]], at: int, group: list[int], numbers: list[int]
) -> Problem:
    names = _key_names(kind, values, at)
    others = [numbers[other] for other in group[:4] if other != at][:3]
    more = len(group) - 1 - len(others)
    listed = ", ".join(map(str, others)) + (f" and {more} more" if more else "")
    shown = ", ".join(str(values[name][at]) for name in names if values[name][at] is not None)
    remedy = "take one of them out, or choose to add them up or to keep them all (--duplicates)"
    return Problem(
        sheet, numbers[at], names[0], shown, "duplicate_row", "error",
        f"The same {' and '.join(names)} as in row {listed}: {remedy}.",
    )  # fmt: skip


def _add_up(
    kind: Kind, sheet: str, values: dict[str, list[Any]], group: list[int], numbers: list[int]
) -> list[Problem]:
    """Add a group up into its first row; if its rows differ in anything else, say so and change nothing."""
    first = group[0]
    differing = [
        name
        for name, column in values.items()
        if name not in kind.summed and any(column[at] != column[first] for at in group)
    ]
    if differing or not kind.summed:
        what = ", ".join(differing) or "nothing that can be added up"
        return [
            Problem(
                sheet, numbers[at], differing[0] if differing else None, None, "duplicates_differ", "error",
                f"Rows {numbers[first]} and {numbers[group[1]]} cannot be added up: they differ in {what}.",
            )
            for at in group
        ]  # fmt: skip
    for name in kind.summed:
        total = sum(values[name][at] for at in group)
        high = kind.field(name).high
        if high is not None and total > high:
            return [
                Problem(
                    sheet, numbers[at], name, str(total), "too_large", "error",
                    f"Added up, {name} is {total}; it must be at most {high:,f}.",
                )
                for at in group
            ]  # fmt: skip
        values[name][first] = total
    return []
