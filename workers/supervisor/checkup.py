"""Looks at every part of an installation and says what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError

from portal import migrate
from portal.config import OWNER_ROLE, SECRETS_FILE, WEB_ROLE, WORKER_ROLE, NotRunning, Settings
from workers import schedules
from workers.supervisor import lock, parts, ports, probes, temporal
from workers.supervisor.supervise import NotReady
from workflows.contract import CORE_QUEUE, NOTIFY_QUEUE

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRES = 160_000
"""As PostgreSQL numbers itself: 16 has what row-level security and role grants of ours rely on."""
ENOUGH_DISK_BYTES = 1_000_000_000
START = "run `promiseline up`"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `mend` says what to do when it isn't all right."""

    name: str
    ok: bool
    detail: str
    mend: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Every finding, each part looked at even when others fail."""
    found = [*_machine(settings), *_home(settings), *_ports(settings)]
    found += await asyncio.to_thread(lambda: list(_database(settings)))
    found += [finding async for finding in _temporal(settings)]
    found += [finding async for finding in _served(settings)]
    return found


def _machine(settings: Settings) -> Iterator[Finding]:
    version = sys.version_info[:2]
    told = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", version >= OLDEST_PYTHON, told, "install Python 3.11 or newer and make .venv anew")
    free = shutil.disk_usage(settings.home).free
    yield Finding(
        "disk space", free >= ENOUGH_DISK_BYTES, f"{free / 1e9:.1f} GB free", "make room on the disk of the home"
    )


def _home(settings: Settings) -> Iterator[Finding]:
    writable = os.access(settings.home, os.W_OK | os.X_OK)
    yield Finding("home", writable, str(settings.home), "let your user write there, or set PROMISELINE_HOME")
    secrets = settings.home / SECRETS_FILE
    mode = stat.S_IMODE(secrets.stat().st_mode)
    yield Finding("secrets", not mode & 0o077, f"{secrets} has mode {mode:o}", f"chmod 600 {secrets}")
    pid = lock.holder(settings.home)
    yield Finding("supervisor", True, f"runs as process {pid}" if pid else "not running here")


def _ports(settings: Settings) -> Iterator[Finding]:
    """Running, each port must answer; at rest, each must be free for the next start."""
    running = lock.holder(settings.home) is not None
    for port in parts.wanted_ports(settings):
        if running:
            ok, detail = ports.answers(port.number), f"{port.number} for {port.what}"
            yield Finding(f"port {port.number}", ok, detail, "see the part's log in the home's folder log")
        else:
            ok = ports.is_free(port.number)
            mend = f"stop the program that has it, or set {port.setting}"
            yield Finding(f"port {port.number}", ok, f"{'free' if ok else 'taken'}, for {port.what}", mend)


def _database(settings: Settings) -> Iterator[Finding]:
    folder = settings.runtime().get("database_folder")
    if folder and not settings.database_url:
        mend = "bring the folder back from a backup; without it `promiseline up` starts with an empty database"
        yield Finding("database folder", Path(folder).is_dir(), folder, mend)
    mend = "check DATABASE_URL and that server" if settings.database_url else START
    try:
        with _connect(settings, OWNER_ROLE) as connection:
            version = connection.info.server_version
            told = (
                f"PostgreSQL {version // 10_000}.{version % 10_000}, {connection.info.host}:{connection.info.port}"
            )
            yield Finding("database", version >= OLDEST_POSTGRES, told, "use PostgreSQL 16 or newer")
            yield _roles(connection)
    except (NotRunning, psycopg.Error) as error:
        yield Finding("database", False, _first_line(error), mend)
        return
    for role in (WEB_ROLE, WORKER_ROLE):
        try:
            with _connect(settings, role) as connection:
                who = connection.execute("select current_user").fetchone()
            yield Finding(f"login {role}", True, f"connects as {who[0] if who else 'nobody'}")
        except psycopg.Error as error:
            yield Finding(f"login {role}", False, _first_line(error), "see the runbook on database roles")
    at, head = migrate.current(settings.database(OWNER_ROLE)), migrate.head()
    yield Finding("migrations", at == head, f"at {at}, newest {head}", "run `promiseline migrate`")


def _connect(settings: Settings, role: str) -> psycopg.Connection:
    url = make_url(settings.database(role)).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), connect_timeout=5)


def _roles(connection: psycopg.Connection) -> Finding:
    """Web and worker must exist and own nothing, else row-level security would not bind them."""
    rows = connection.execute(
        "select rolname, rolsuper or rolbypassrls, exists (select from pg_class where relowner = pg_roles.oid)"
        " from pg_roles where rolname = any(%s)",
        [[WEB_ROLE, WORKER_ROLE]],
    ).fetchall()
    missing = {WEB_ROLE, WORKER_ROLE} - {row[0] for row in rows}
    strong = [row[0] for row in rows if row[0] == WEB_ROLE and (row[1] or row[2])]
    if missing:
        return Finding("roles", False, f"missing: {', '.join(sorted(missing))}", "run `promiseline migrate`")
    if strong:
        mend = f"take ownership, SUPERUSER and BYPASSRLS away from {WEB_ROLE}"
        return Finding("roles", False, f"{WEB_ROLE} could pass by row-level security", mend)
    return Finding("roles", True, "web and worker exist and own nothing")


async def _temporal(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.temporal_address:
        try:
            version = await asyncio.to_thread(temporal.program_version, settings)
        except (temporal.TemporalFailed, OSError) as error:
            yield Finding("temporal program", False, str(error), "set TEMPORAL_CLI_PATH to a Temporal CLI")
        else:
            yield Finding("temporal program", True, version)
    mend = "check the TEMPORAL_* settings and that server" if settings.temporal_address else START
    try:
        client = await asyncio.wait_for(temporal.connect(settings), 15)
        info = await client.workflow_service.get_system_info(GetSystemInfoRequest())
        yield Finding("temporal", True, f"server {info.server_version}, {settings.temporal_target}")
        async for finding in _temporal_contents(client):
            yield finding
    except (RPCError, RuntimeError, TimeoutError) as error:
        yield Finding("temporal", False, temporal.unreachable(settings, error), mend)


async def _temporal_contents(client: Client) -> AsyncIterator[Finding]:
    days = (await temporal.namespace_retention(client)).days
    enough = days >= temporal.RETENTION.days
    mend = f"an operator sets the retention of {client.namespace} to {temporal.RETENTION.days} days"
    yield Finding("retention", enough, f"{days} days in namespace {client.namespace}", mend)
    try:
        missing = await temporal.missing_search_attributes(client)
    except temporal.TemporalFailed as error:
        yield Finding("search attributes", False, str(error), "an operator removes it, then " + START)
    else:
        wanted = ", ".join(f"{name} ({kind})" for name, kind in missing.items())
        detail = f"missing: {wanted}" if missing else "all there"
        yield Finding("search attributes", not missing, detail, "an operator adds them, or " + START)
    exist = await schedules.exist(client)
    yield Finding("schedules", exist, "all there" if exist else "missing", "start a worker: " + START)
    for queue in (CORE_QUEUE, NOTIFY_QUEUE):
        pollers = await _pollers(client, queue)
        detail = f"{pollers} pollers on {queue}"
        yield Finding(f"workers on {queue}", pollers > 0, detail, f"{START}; then see workers.log")


async def _pollers(client: Client, queue: str) -> int:
    told = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
    )
    return len(told.pollers)


async def _served(settings: Settings) -> AsyncIterator[Finding]:
    mend = "check SMTP_URL and that server" if settings.smtp_url else START
    try:
        yield Finding("mail", True, await probes.mail(settings))
    except NotReady as error:
        yield Finding("mail", False, str(error), mend)
    try:
        yield Finding("web", True, await probes.web(settings))
        status, body = await asyncio.to_thread(probes.get, settings.port, "/readyz")
    except NotReady as error:
        yield Finding("web", False, str(error), START + "; then see web.log")
    else:
        yield Finding("portal ready", status == 200, _told(body), "mend the part that it names")


def _told(body: str) -> str:
    try:
        return json.dumps(json.loads(body))
    except ValueError:
        return body[:200]


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
