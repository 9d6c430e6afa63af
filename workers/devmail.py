"""The development mail server: real SMTP on the loopback address, every mail kept in a Maildir.

Two things can be tried on purpose: a recipient whose local part starts with `bounce` is refused for
good, and while the file `mail-outage` exists in the home folder every mail is refused for now.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from portal.config import Settings
from portal.logs import configure_logging
from workers import process
from workers.supervisor import ports

OUTAGE_FILE = "mail-outage"
REFUSED_PREFIX = "bounce"

log = structlog.get_logger()


@dataclass
class Maildir:
    """A Maildir that readers never see half a mail in, nor the same mail twice.

    As delivering mail systems do, it knows a mail by its Message-ID: a sender that died before it heard
    our "kept" sends the same one again.
    """

    folder: Path
    _number: itertools.count[int] = field(default_factory=itertools.count)
    _kept: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("tmp", "new", "cur"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for file in itertools.chain((self.folder / "new").iterdir(), (self.folder / "cur").iterdir()):
            self._kept[_mark_of_file(file.name)] = file.name

    def keep(self, mail: bytes) -> str:
        """Store a mail and return its file name; a mail that is here already stays as it is."""
        mark = _mark(mail) or f"P{os.getpid()}Q{next(self._number)}"
        if mark in self._kept:
            log.info("mail is here already", file=self._kept[mark])
            return self._kept[mark]
        name = f"{time.time_ns()}.{mark}.promiseline"
        draft = self.folder / "tmp" / name
        draft.write_bytes(mail)
        draft.rename(self.folder / "new" / name)
        self._kept[mark] = name
        return name


def _mark(mail: bytes) -> str | None:
    """What makes a mail the same one: its Message-ID; None when it has none."""
    message_id = message_from_bytes(mail, policy=default).get("Message-ID")
    return f"M{hashlib.sha256(str(message_id).encode()).hexdigest()[:32]}" if message_id else None


def _mark_of_file(name: str) -> str:
    """The mark in a file name that `keep` made; whatever stands there in any other."""
    return name.split(".")[1] if name.count(".") >= 2 else name


class Handler:
    """aiosmtpd calls these by name; each returns the reply to the client."""

    def __init__(self, maildir: Maildir, outage: Path) -> None:
        self.maildir = maildir
        self.outage = outage

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.outage.exists():
            return "451 4.3.2 the mail server is taking a break, try again later"
        if address.lower().startswith(REFUSED_PREFIX):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        recipients = "".join(f"Delivered-To: {address}\n" for address in envelope.rcpt_tos)
        head = f"Return-Path: <{envelope.mail_from or ''}>\n{recipients}"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        name = self.maildir.keep(head.encode() + content.replace(b"\r\n", b"\n"))
        log.info("mail kept", file=name, recipients=len(envelope.rcpt_tos))
        return "250 2.6.0 kept"


async def serve(settings: Settings) -> None:
    """Take mail until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    handler = Handler(Maildir(settings.mail_folder), settings.home / OUTAGE_FILE)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="localhost", ident="Promiseline", enable_SMTPUTF8=True, loop=loop),
        ports.LOOPBACK,
        settings.smtp_port,
    )
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    log.info("taking mail", port=settings.smtp_port, folder=str(settings.mail_folder))
    await stop.wait()
    server.close()


def main() -> int:
    settings = Settings.load()
    configure_logging("mail")
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        print(f"the mail server could not start: {error}", file=sys.stderr)  # noqa: T201 - read by the supervisor
        return 1
    return 0


if __name__ == "__main__":
    process.finish(main())
