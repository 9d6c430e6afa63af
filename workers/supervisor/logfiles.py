"""What the parts print, kept as JSON lines in files that are rotated by size."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from portal.logs import rotating_file

CHUNK_BYTES = 65_536
LEVELS = {
    "DEBUG": "debug",
    "LOG": "info",
    "INFO": "info",
    "NOTICE": "info",
    "WARNING": "warning",
    "ERROR": "error",
    "FATAL": "critical",
    "PANIC": "critical",
}
LEVEL = re.compile(rf"\b({'|'.join(LEVELS)}):")


def as_json(part: str, line: str, now: datetime) -> str:
    """The line itself when it is a JSON object, else an object that holds it."""
    if line.startswith("{"):
        try:
            json.loads(line)
        except ValueError:
            pass
        else:
            return line
    level = LEVEL.search(line)
    wrapped = {
        "part": part,
        "event": line,
        "level": LEVELS[level[1]] if level else "info",
        "timestamp": now.isoformat().replace("+00:00", "Z"),
    }
    return json.dumps(wrapped, ensure_ascii=False)


class PartLog:
    """The log file of one part; remembers the last lines, to say why it ended."""

    def __init__(self, part: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{part}.log"
        self._part = part
        self._file = rotating_file(self.path)
        self._last: deque[str] = deque(maxlen=20)

    async def pump(self, stream: asyncio.StreamReader) -> None:
        """Write lines until the stream ends; a last line without its end counts too."""
        rest = b""
        while chunk := await stream.read(CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._write(line)
        if rest:
            self._write(rest)

    def _write(self, raw: bytes) -> None:
        line = raw.decode(errors="replace").rstrip()
        if line:
            self._last.append(line)
            self._file.emit(logging.makeLogRecord({"msg": as_json(self._part, line, datetime.now(UTC))}))

    def last_words(self) -> str:
        """The last plain line, which is where programs say why they ended; empty when there is none."""
        plain = [line for line in self._last if not line.startswith("{")]
        return (plain or [_event(line) for line in self._last] or [""])[-1]

    def close(self) -> None:
        self._file.close()


def _event(line: str) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return line
    return str(found.get("event") or found.get("msg") or line)
