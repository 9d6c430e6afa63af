"""Which column of a file holds which field."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from importers.cells import Cell, index_of, is_blank, letter_of, shown, trimmed
from importers.kinds import Field, Kind
from importers.problems import Problem

How = Literal["map", "name", "alias", "trimmed", "weak"]

#: How sure a match is, for people who confirm it.
CONFIDENCE: Mapping[How, float] = {"map": 1.0, "name": 1.0, "alias": 0.95, "trimmed": 0.85, "weak": 0.6}


@dataclass(frozen=True, slots=True)
class Header:
    """One column of the table. `label` is its name in every message: the header as the file has it, or the
    letter where it has none or has it twice."""

    index: int
    letter: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Match:
    field: str
    header: Header
    how: How
    confidence: float


@dataclass(frozen=True, slots=True)
class Matching:
    matches: tuple[Match, ...]
    ignored: tuple[Header, ...]
    problems: tuple[Problem, ...]


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A name without case, accents, spaces and punctuation. Japanese signs stay whole."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = []
    for sign in folded:
        if "\u3040" <= sign <= "\u9fff":
            kept.append(sign)
            continue
        kept.extend(part for part in unicodedata.normalize("NFD", sign) if part.isalnum())
    return "".join(kept)


def headers(cells: Sequence[Cell]) -> tuple[Header, ...]:
    """The headers of a row of cells, blank ones included."""
    seen: set[str] = set()
    found = []
    for index, cell in enumerate(cells):
        text = "" if is_blank(cell) else re.sub(r"\s+", " ", trimmed(shown(cell)))
        letter = letter_of(index)
        usable = bool(text) and text.casefold() not in seen
        seen.add(text.casefold())
        found.append(Header(index, letter, text, text if usable else letter))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Names:
    name: str
    strong: frozenset[str]
    weak: frozenset[str]


@lru_cache(maxsize=512)
def _names(field: Field) -> _Names:
    strong = {plain(alias) for alias in field.aliases if not alias.startswith("~")} - {""}
    weak = {plain(alias) for alias in field.aliases if alias.startswith("~")} - {""}
    return _Names(plain(field.name), frozenset(strong), frozenset(weak - strong))


def _how(field: Field, header: Header) -> How | None:
    names, text = _names(field), plain(header.text)
    if not text:
        return None
    if text == names.name:
        return "name"
    if text in names.strong:
        return "alias"
    bare = plain(re.sub(r"[(\[{（].*?[)\]}）]", "", header.text))  # Quantity (pcs), Price [EUR]
    last = plain(header.text.rsplit("/", 1)[-1])  # Order Lines/Quantity
    if bare in names.strong or bare == names.name or last in names.strong or last == names.name:
        return "trimmed"
    return "weak" if text in names.weak or bare in names.weak else None


def field_like(field: Field, cell: Cell) -> bool:
    """Whether this cell could be the header of the field."""
    return isinstance(cell, str) and _how(field, Header(0, "A", cell, cell)) is not None


def score(kind: Kind, cells: Sequence[Cell]) -> tuple[int, int]:
    """How well a row of cells does as the kind's header: (required fields found, fields found)."""
    matches = match(kind, headers(cells), None).matches
    required = {field.name for field in kind.fields if field.required}
    return sum(found.field in required for found in matches), len(matches)


def match(
    kind: Kind, found: Sequence[Header], wanted: Mapping[str, str] | None, sheet: str | None = None
) -> Matching:
    """Surer names before weaker ones, required fields before optional ones, and no column for two fields.

    `wanted` is {field: header or column letter} and goes before everything else. A field that two columns
    claim by equally sure names is left out, with a problem that asks for a choice.
    """
    problems: list[Problem] = []
    chosen = _mapped(kind, found, wanted or {}, sheet, problems)
    contested: set[str] = set()
    fields = sorted(kind.fields, key=lambda field: not field.required)
    claims: dict[How, dict[str, list[Header]]] = {"name": {}, "alias": {}, "trimmed": {}, "weak": {}}
    for field in fields:
        for header in found:
            if (how := _how(field, header)) is not None:
                claims[how].setdefault(field.name, []).append(header)
    for how, by_field in claims.items():
        for name, candidates in by_field.items():
            if name in chosen or name in contested:
                continue
            taken = {one.header.index for one in chosen.values()}
            free = [header for header in candidates if header.index not in taken]
            if len(free) == 1:
                chosen[name] = Match(name, free[0], how, CONFIDENCE[how])
            elif free:
                contested.add(name)
                problems.append(_choice(name, free, sheet))
    problems += _missing(kind, chosen, contested, found, sheet)
    taken = {one.header.index for one in chosen.values()}
    contenders = {header.index for how in claims.values() for name in contested for header in how.get(name, [])}
    ignored = tuple(
        header for header in found if header.text and header.index not in taken and header.index not in contenders
    )
    in_order = tuple(chosen[field.name] for field in kind.fields if field.name in chosen)
    return Matching(in_order, ignored, tuple(problems))


def _mapped(
    kind: Kind,
    found: Sequence[Header],
    wanted: Mapping[str, str],
    sheet: str | None,
    problems: list[Problem],
) -> dict[str, Match]:
    chosen: dict[str, Match] = {}
    known = {field.name for field in kind.fields}
    taken: dict[int, str] = {}
    for name, place in wanted.items():
        if name not in known:
            names = ", ".join(field.name for field in kind.fields)
            problems.append(
                _problem(
                    sheet, None, name, "unknown_field", f"{kind.title} have no field {name}; choose from {names}."
                )
            )
            continue
        header = _header_at(found, place)
        if header is None:
            problems.append(
                _problem(
                    sheet, place, name, "unknown_column",
                    f"The column {place}, chosen for {name}, is not in the file. Choose one of its columns.",
                )
            )  # fmt: skip
        elif header.index in taken:
            problems.append(
                _problem(
                    sheet, header.label, name, "column_used_twice",
                    f"The column {header.label} is chosen for both {taken[header.index]} and {name}."
                    " Choose another for one of them.",
                )
            )  # fmt: skip
        else:
            taken[header.index] = name
            chosen[name] = Match(name, header, "map", CONFIDENCE["map"])
    return chosen


def _header_at(found: Sequence[Header], place: str) -> Header | None:
    for same in (
        lambda header: header.text == place,
        lambda header: bool(header.text) and plain(header.text) == plain(place),
    ):
        if hits := [header for header in found if same(header)]:
            return hits[0] if len(hits) == 1 else None
    if re.fullmatch(r"[A-Za-z]{1,3}", place) and index_of(place) < len(found):
        return found[index_of(place)]
    return None


def _choice(name: str, candidates: Sequence[Header], sheet: str | None) -> Problem:
    places = " and ".join(f"{header.text} (column {header.letter})" for header in candidates)
    return _problem(
        sheet, None, name, "two_columns_for_one_field",
        f"Both {places} could be {name}. Choose one of them.",
    )  # fmt: skip


def _missing(
    kind: Kind,
    chosen: Mapping[str, Match],
    contested: set[str],
    found: Sequence[Header],
    sheet: str | None,
) -> list[Problem]:
    problems = []
    for field in kind.fields:
        if field.required and field.name not in chosen and field.name not in contested:
            problems.append(_problem(sheet, None, field.name, "missing_column", _no_column(field, chosen, found)))
    for names in kind.any_of:
        if not any(name in chosen or name in contested for name in names):
            problems.append(
                _problem(
                    sheet, None, None, "missing_column",
                    f"The file needs a column for {' or '.join(names)}. Add one, or choose which column it is.",
                )
            )  # fmt: skip
    return problems


def _no_column(field: Field, chosen: Mapping[str, Match], found: Sequence[Header]) -> str:
    taken = {one.header.index for one in chosen.values()}
    free = {plain(header.text): header for header in found if header.text and header.index not in taken}
    known = [plain(field.name), *(_names(field).strong)]
    near = next((hit for name in known for hit in difflib.get_close_matches(name, free, 1, 0.8)), None)
    hint = f" Is it {free[near].text} (column {free[near].letter})? Then choose that." if near else ""
    return f"No column holds {field.name} ({field.help}). Add one, or choose the column that holds it.{hint}"


def _problem(sheet: str | None, column: str | None, value: str | None, code: str, message: str) -> Problem:
    return Problem(sheet, None, column, value, code, "error", message)
