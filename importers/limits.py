"""How much of a file is read. Every limit is a setting, and the message that names a limit names the setting."""

from __future__ import annotations

from dataclasses import dataclass

from importers.problems import UnreadableFile


@dataclass(frozen=True, slots=True)
class Limits:
    """Each is the setting IMPORT_<NAME> where the portal runs. Bytes, or counts over all sheets that are read."""

    max_bytes: int = 50_000_000
    max_unpacked_bytes: int = 1_000_000_000
    max_part_bytes: int = 256_000_000
    max_members: int = 5_000
    max_sheets: int = 200
    max_rows: int = 1_100_000
    max_columns: int = 1_000
    max_cells: int = 20_000_000
    max_problems: int = 100_000

    def refuse_above(self, name: str, amount: int, what: str) -> None:
        """Raise UnreadableFile if `amount` is over the limit `name`; `what` names the thing that is counted."""
        most: int = getattr(self, name)
        if amount > most:
            raise UnreadableFile(
                f"The file is too big: it has {amount:,} {what}, and at most {most:,} are read"
                f" (setting IMPORT_{name.upper()}). Split it, or save only the table itself."
            )

    def refuse_size(self, rows: int, columns: int) -> None:
        """Raise UnreadableFile if a sheet of this size is over a limit."""
        self.refuse_above("max_rows", rows, "rows")
        self.refuse_above("max_columns", columns, "columns")
        self.refuse_above("max_cells", rows * columns, "cells")
