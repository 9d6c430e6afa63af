"""What the survey of one sheet found."""

from __future__ import annotations

from dataclasses import dataclass, field

from importers.cells import Cell


@dataclass(slots=True)
class Survey:
    """`overrides` holds, by (row, column) from 0, the cells that the reader would lose or misread."""

    overrides: dict[tuple[int, int], Cell] = field(default_factory=dict)


#: The codes of failed formulas in the binary formats.
ERROR_CODES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
