"""Mail by SMTP."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from portal.config import Settings
from portal.database import utcnow
from portal.services.notices import Outgoing

TIMEOUT_S = 20
#: A connection that was idle for longer may have been closed by the server; a fresh one is cheaper.
IDLE_S = 20
#: One that was used this lately is not asked first whether it still answers.
FRESH_S = 1
#: Idle connections kept for the next mails of a burst.
KEPT = 8


class TransportError(Exception):
    """A mail was not taken. `permanent`: the server refuses this mail or address for good."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    implicit_tls: bool
    user: str | None
    password: str | None

    @classmethod
    def of(cls, url: str) -> Server:
        """From smtp://user:password@host:port or smtps://… Raises ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError(f"SMTP_URL should look like smtp://user:password@host:587, not {parts.scheme}://…")
        secure = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if secure else 25),
            implicit_tls=secure,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    @property
    def here(self) -> bool:
        """On this machine, where mail and passwords need no encryption on their way."""
        if self.host == "localhost":
            return True
        with contextlib.suppress(ValueError):
            return ip_address(self.host).is_loopback
        return False


@dataclass
class MailTransport:
    """Sends mails from several threads; connections are kept for a while and used again."""

    server: Server
    #: How we name ourselves to the server: without it, smtplib would ask the name service.
    greeting: str
    _idle: list[tuple[float, smtplib.SMTP]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, settings: Settings) -> MailTransport:
        domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
        return cls(Server.of(settings.smtp_target), domain or "localhost")

    def send(self, outgoing: Outgoing) -> None:
        """Return when the server has taken the mail. Raises TransportError."""
        try:
            message = self._message(outgoing)
        except ValueError as error:  # a line break in an address or a subject
            raise TransportError(f"it can't be written as a mail: {error}", permanent=True) from error
        envelope_sender = parseaddr(outgoing.sender)[1]
        try:
            with self._connection() as connection:
                connection.send_message(message, envelope_sender, [outgoing.recipient])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = error.recipients[outgoing.recipient]
            raise TransportError(_said(code, said), permanent=code >= 500) from error
        except smtplib.SMTPNotSupportedError as error:
            raise TransportError(f"the mail server can't take this address: {error}", permanent=True) from error
        except smtplib.SMTPResponseException as error:
            # A refused login or sender is our own fault, and mended on our side: the address is fine.
            ours = isinstance(error, (smtplib.SMTPAuthenticationError, smtplib.SMTPSenderRefused))
            refused = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
            raise TransportError(
                _said(error.smtp_code, error.smtp_error), permanent=refused and not ours
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise TransportError(str(error) or type(error).__name__, permanent=False) from error

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _message(self, outgoing: Outgoing) -> EmailMessage:
        message = EmailMessage()
        message["From"] = outgoing.sender
        message["To"] = outgoing.recipient
        message["Subject"] = outgoing.mail.subject
        message["Date"] = format_datetime(utcnow())
        message["Message-ID"] = outgoing.message_id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(outgoing.mail.text)
        message.add_alternative(outgoing.mail.html, subtype="html")
        return message

    @contextlib.contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        connection = self._take_idle() or self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append((time.monotonic(), connection))
                return
        connection.close()

    def _take_idle(self) -> smtplib.SMTP | None:
        """A kept connection that still answers."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                since, connection = self._idle.pop()
            idle = time.monotonic() - since
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if idle < FRESH_S or (idle < IDLE_S and connection.noop()[0] == 250):
                    return connection
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        if server.implicit_tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, self.greeting, timeout=TIMEOUT_S, context=ssl.create_default_context()
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, self.greeting, timeout=TIMEOUT_S)
        try:
            connection.ehlo()
            if not server.implicit_tls and not server.here:
                self._secure(connection)
            if server.user:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _secure(self, connection: smtplib.SMTP) -> None:
        if connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        elif self.server.user:
            raise TransportError("the mail server offers no encryption for the password", permanent=False)


def _said(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"[:300]
