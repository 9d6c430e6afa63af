"""Reads the Maildir of the development mail server while mails come in."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from pathlib import Path

LOOK_S = 0.002
PATIENCE_S = 300
TO = re.compile(rb"^Delivered-To: (.*)$", re.MULTILINE)


class Mailbox:
    def __init__(self, maildir: Path) -> None:
        self._new, self._cur = maildir / "new", maildir / "cur"

    def clear(self) -> None:
        """Put aside what is there."""
        self._take()

    def wait_for(self, addresses: Collection[str]) -> dict[str, int]:
        """When the first mail from now on came for each address, in nanoseconds since 1970.

        Mails are taken out of the box. Raises TimeoutError when one does not come.
        """
        came: dict[str, int] = {}
        deadline = time.monotonic() + PATIENCE_S
        while missing := len(set(addresses) - came.keys()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{missing} mails have not come after {PATIENCE_S} s")
            time.sleep(LOOK_S)
            for address, instant in self._take():
                came.setdefault(address, instant)
        return came

    def _take(self) -> list[tuple[str, int]]:
        """Addresses and arrival of new mails: the server begins a file's name with when it kept the mail."""
        taken = []
        for path in sorted(self._new.iterdir()):
            seen = self._cur / path.name
            path.rename(seen)
            with seen.open("rb") as mail:
                head = mail.read(2_000)
            instant = int(path.name.partition(".")[0])
            taken += [(address.decode(), instant) for address in TO.findall(head)]
        return taken
