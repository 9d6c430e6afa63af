"""Whether a part really serves: each probe asks for the thing that others will ask for.

Each returns where the part serves, or raises NotReady with what went wrong.
"""

from __future__ import annotations

import asyncio
import http.client
import smtplib
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import psycopg
from sqlalchemy.engine import make_url
from temporalio.client import Client
from temporalio.service import RPCError

from portal.config import OWNER_ROLE, Settings
from workers.supervisor import ports, temporal
from workers.supervisor.supervise import NotReady

PATIENCE_S = 5


async def database(settings: Settings) -> str:
    return await asyncio.to_thread(_select_one, settings)


def _select_one(settings: Settings) -> str:
    url = make_url(settings.database(OWNER_ROLE))
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, connect_timeout=PATIENCE_S) as connection:
            connection.execute("select 1")
    except psycopg.OperationalError as error:
        raise NotReady(str(error).strip().splitlines()[-1]) from error
    return f"{url.host}:{url.port or 5432}/{url.database}"


@dataclass
class TemporalProbe:
    """Keeps its client from one question to the next; the client finds a restarted server by itself."""

    settings: Settings
    client: Client | None = None
    note: str | None = None
    """Something to tell along with the address."""

    async def __call__(self) -> str:
        """Ready means: reachable, with our namespace, its retention and our search attributes."""
        try:
            if self.client is None:
                self.client = await temporal.connect(self.settings)
            notes = await temporal.ensure(self.client)
        except (RPCError, RuntimeError) as error:
            raise NotReady(temporal.unreachable(self.settings, error)) from error
        return "; ".join(filter(None, [self.settings.temporal_target, self.note, *notes]))


async def mail(settings: Settings) -> str:
    return await asyncio.to_thread(_greet, settings.smtp_target)


def _greet(url: str) -> str:
    """Connect as a mail client does, without sending anything."""
    target = urlsplit(url)
    host, port = target.hostname or "localhost", target.port or (465 if target.scheme == "smtps" else 25)
    kind = smtplib.SMTP_SSL if target.scheme == "smtps" else smtplib.SMTP
    try:
        with kind(host, port, local_hostname="localhost", timeout=PATIENCE_S) as client:
            client.noop()
    except (OSError, smtplib.SMTPException) as error:
        raise NotReady(str(error)) from error
    return f"{host}:{port}"


async def web(settings: Settings) -> str:
    status, _ = await asyncio.to_thread(get, settings.port, "/healthz")
    if status != HTTPStatus.OK:
        raise NotReady(f"/healthz answers {status}")
    return f"http://{ports.LOOPBACK}:{settings.port}"


async def workers(settings: Settings) -> str:
    """The portal is ready as a whole, which it is last of all when a worker polls."""
    status, body = await asyncio.to_thread(get, settings.port, "/readyz")
    if status != HTTPStatus.OK:
        raise NotReady(f"/readyz answers {status}: {body[:300]}")
    return "polling"


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body of a page of the portal on this machine. Raises NotReady when nobody answers."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(f"{path}: {error or type(error).__name__}") from error
    finally:
        connection.close()
