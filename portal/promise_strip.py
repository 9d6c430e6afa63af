"""The promise strip: the dates of one promise drawn on a line. Geometry only; the drawing is a template's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["requested", "original", "revised", "today", "actual"]

#: What each kind of point is called where no label is given.
WORDS: dict[str, str] = {
    "requested": "Requested",
    "original": "Promised",
    "revised": "Moved to",
    "today": "Today",
    "actual": "Delivered",
}

#: Drawing order for points of the same day, so that the drawing never depends on the caller's order.
ORDER: tuple[Kind, ...] = ("requested", "original", "revised", "actual", "today")

#: Which kinds are written above the line: what was promised. What was asked and what is stand below it.
ABOVE = frozenset({"original", "revised"})

#: A generous width of one character of 12 px text, and the room between two labels, in drawing units.
CHARACTER, GAP = 7.2, 8.0
#: Height of one row of labels, and the room that marks need on either side of the line.
ROW, LINE_ROOM = 17.0, 14.0
#: How far a label's baseline lies below the top of its row.
BASELINE = 13.0
MARGIN = 12.0


@dataclass(frozen=True)
class Point:
    """One dated fact of a promise. `cause` is said in words (never a code) and stays out of the drawing."""

    kind: Kind
    day: date
    label: str = ""
    cause: str = ""

    @property
    def words(self) -> str:
        return self.label or WORDS[self.kind]


@dataclass(frozen=True)
class Mark:
    """Where a point is drawn. `anchor` is SVG's text-anchor; `label_y` is the baseline of its text."""

    kind: Kind
    x: float
    label_x: float
    label_y: float
    anchor: str
    text: str


@dataclass(frozen=True)
class Strip:
    """What the drawing needs, in SVG units; `late` runs from the requested day to the newest promise."""

    width: float
    height: float
    line_y: float
    marks: tuple[Mark, ...]
    late: tuple[float, float] | None
    days_late: int


def in_order(points: Sequence[Point]) -> list[Point]:
    return sorted(points, key=lambda point: (point.day, ORDER.index(point.kind)))


def last_word(points: Sequence[Point]) -> Point | None:
    """The delivery if there was one, else the newest promise; revisions count in the order given."""
    for kinds in (("actual",), ("revised",), ("original",)):
        given = [point for point in points if point.kind in kinds]
        if given:
            return given[-1]
    return None


def days_late(points: Sequence[Point]) -> int:
    """Days from the requested date to the delivery or the newest promise; negative is early, 0 unknown."""
    requested = next((point for point in points if point.kind == "requested"), None)
    end = last_word(points)
    return (end.day - requested.day).days if requested and end else 0


def strip(points: Sequence[Point], width: float) -> Strip:
    """Lay `points` out on a line `width` units long. Labels never overlap: they climb to a free row.

    Raises ValueError when there is nothing to draw.
    """
    if not points:
        raise ValueError("a promise strip needs at least one date")
    ordered = in_order(points)
    first, last = ordered[0].day, ordered[-1].day
    span = max((last - first).days, 1)
    usable = width - 2 * MARGIN

    def x_of(day: date) -> float:
        offset = (day - first).days / span if last > first else 0.5
        return round(MARGIN + usable * offset, 1)

    rows: dict[bool, list[float]] = {True: [], False: []}  # by side: the right edge of the last label in each row
    placed: list[tuple[Point, float, float, str, int, str]] = []
    for point in ordered:
        x = x_of(point.day)
        text = f"{point.words} {point.day.day} {point.day:%b}"
        length = len(text) * CHARACTER
        left, label_x, anchor = _fit(x, length, width)
        ends = rows[point.kind in ABOVE]
        row = next((number for number, end in enumerate(ends) if left >= end + GAP), len(ends))
        ends[row : row + 1] = [left + length]
        placed.append((point, x, label_x, anchor, row, text))

    line_y = ROW * len(rows[True]) + LINE_ROOM

    def baseline(point: Point, row: int) -> float:
        if point.kind in ABOVE:
            return line_y - LINE_ROOM - ROW * (row + 1) + BASELINE
        return line_y + LINE_ROOM + ROW * row + BASELINE

    marks = tuple(
        Mark(point.kind, x, label_x, baseline(point, row), anchor, text)
        for point, x, label_x, anchor, row, text in placed
    )
    late = days_late(points)
    requested = next((point for point in points if point.kind == "requested"), None)
    end = last_word(points)
    stretch = (x_of(requested.day), x_of(end.day)) if requested and end and late > 0 else None
    return Strip(width, line_y + LINE_ROOM + ROW * len(rows[False]), line_y, marks, stretch, late)


def _fit(x: float, length: float, width: float) -> tuple[float, float, str]:
    """Left edge, x and anchor of a label at `x`: centred where it fits, else pushed inside the drawing."""
    if x - length / 2 < 0:
        return 0.0, 0.0, "start"
    if x + length / 2 > width:
        return width - length, width, "end"
    return x - length / 2, x, "middle"


def summary(points: Sequence[Point]) -> str:
    """The strip as one sentence a day, for people who don't see the drawing."""
    parts = [f"{point.words} {point.day.day} {point.day:%B %Y}" for point in in_order(points)]
    late = days_late(points)
    if late > 0:
        parts.append(f"{late} {'day' if late == 1 else 'days'} after the requested date")
    elif late < 0:
        parts.append(f"{-late} {'day' if late == -1 else 'days'} before the requested date")
    return "; ".join(parts) + "."
