"""Reads what the development mail server has kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

#: Of the newest so many mails, so many that fit are listed.
LOOKED_AT, LISTED = 2000, 200
_NAME = re.compile(r"\d+\.[\w.]+\.promiseline(:2,\w*)?")
_PARSER = BytesParser(policy=policy.default)


@dataclass(frozen=True)
class Listed:
    """`name` is the file's, and begins with the nanosecond at which it was kept."""

    name: str
    subject: str
    recipient: str
    kept_at: datetime


@dataclass(frozen=True)
class Mail:
    listed: Listed
    sender: str
    message_id: str
    text: str
    html: str | None


def newest(folder: Path, recipient: str = "") -> list[Listed]:
    """Newest first; those to addresses that contain `recipient`."""
    files = [path for part in ("new", "cur") for path in (folder / part).glob("*") if _NAME.fullmatch(path.name)]
    files.sort(key=_kept_ns, reverse=True)
    found: list[Listed] = []
    for path in files[:LOOKED_AT]:
        with path.open("rb") as file:
            listed = _listed(path, _PARSER.parse(file, headersonly=True))
        if recipient.lower() in listed.recipient.lower():
            found.append(listed)
        if len(found) == LISTED:
            break
    return found


def read(folder: Path, name: str) -> Mail | None:
    """One mail; None when there is none of this name."""
    if not _NAME.fullmatch(name):
        return None
    path = next((folder / part / name for part in ("new", "cur") if (folder / part / name).is_file()), None)
    if path is None:
        return None
    with path.open("rb") as file:
        message = _PARSER.parse(file)
    return Mail(
        listed=_listed(path, message),
        sender=str(message["From"] or ""),
        message_id=str(message["Message-ID"] or ""),
        text=_part(message, "plain") or "",
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else None


def _listed(path: Path, message: EmailMessage) -> Listed:
    recipients = [str(each) for each in message.get_all("Delivered-To") or message.get_all("To") or []]
    return Listed(
        name=path.name,
        subject=str(message["Subject"] or "(no subject)"),
        recipient=", ".join(recipients),
        kept_at=datetime.fromtimestamp(_kept_ns(path) / 1e9, UTC),
    )


def _kept_ns(path: Path) -> int:
    return int(path.name.partition(".")[0])
