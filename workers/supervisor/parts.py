"""The parts of an installation, stage by stage, and what each needs to run."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from portal.config import Settings
from workers.supervisor import launch, ports, probes, temporal
from workers.supervisor.accounts import NoAccount
from workers.supervisor.postgres import STOP_SIGNAL, PostgresFailed, PostgresServer
from workers.supervisor.supervise import Launch, NotReady, Part, PartFailed

OUTSIDE_PATIENCE_S = 30
WEB_GRACE_S = 10


@dataclass(frozen=True)
class Port:
    number: int
    what: str
    setting: str


def wanted_ports(settings: Settings) -> list[Port]:
    """The ports that our own parts will listen on; PostgreSQL picks a free one by itself."""
    found = [Port(settings.port, "the portal", "PROMISELINE_PORT")]
    if not settings.temporal_address:
        found.append(Port(settings.temporal_port, "Temporal", "PROMISELINE_TEMPORAL_PORT"))
        found.append(Port(settings.temporal_ui_port, "the Temporal UI", "PROMISELINE_TEMPORAL_UI_PORT"))
    if not settings.smtp_url:
        found.append(Port(settings.smtp_port, "development mail", "PROMISELINE_SMTP_PORT"))
    return found


def check_ports(settings: Settings) -> None:
    """Raises PartFailed, naming each port that is taken and the setting that moves it."""
    taken = [port for port in wanted_ports(settings) if not ports.is_free(port.number)]
    if taken:
        named = ", ".join(f"{port.number} ({port.what}, {port.setting})" for port in taken)
        raise PartFailed(
            f"taken by another program: port {named}; stop that program, or choose another port with the setting"
        )


def stages(settings: Settings) -> list[list[Part]]:
    """What `promiseline up` starts: each stage waits for the one before."""
    return [
        [database(settings), engine(settings), mail(settings)],
        [migration(settings)],
        [web(settings), workers(settings)],
    ]


def environment(settings: Settings) -> dict[str, str]:
    """Ours, so that each part finds the same installation from wherever it runs."""
    return {**os.environ, "PROMISELINE_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"}


def python(settings: Settings, *arguments: str, death_signal: signal.Signals = signal.SIGKILL) -> Launch:
    """A module of ours as a process. SIGKILL at our death is safe: no part relies on a clean end."""
    command = launch.wrapped([sys.executable, "-m", *arguments], death_signal=death_signal)
    return Launch(command, environment(settings))


def database(settings: Settings) -> Part:
    if settings.database_url:
        return Part("postgres", None, lambda: probes.database(settings), patience_s=OUTSIDE_PATIENCE_S)
    embedded = EmbeddedDatabase(settings)
    return Part("postgres", embedded.launch, embedded.ready, stop_signal=STOP_SIGNAL, stop_within_s=60)


@dataclass
class EmbeddedDatabase:
    settings: Settings
    server: PostgresServer | None = None

    def launch(self) -> Launch:
        try:
            self.server = PostgresServer.of(self.settings)
            self.server.prepare()
        except (PostgresFailed, NoAccount, OSError) as error:
            raise PartFailed(str(error)) from error
        self.settings.write_runtime(database_port=self.server.port, database_folder=str(self.server.data))
        return Launch(self.server.wrapped_command(), self.server.environment, self.server.folder)

    async def ready(self) -> str:
        server = self.server
        if server is None or not await asyncio.to_thread(server.ready):
            raise NotReady("it still starts or recovers")
        await asyncio.to_thread(server.furnish)
        away = self.settings.home not in server.data.parents
        return f"{ports.LOOPBACK}:{server.port}" + (f", data in {server.data}" if away else "")


def engine(settings: Settings) -> Part:
    probe = probes.TemporalProbe(settings)
    if settings.temporal_address:
        return Part("temporal", None, probe, patience_s=OUTSIDE_PATIENCE_S)

    def start() -> Launch:
        try:
            probe.note = temporal.prepare(settings)
            command = temporal.command(settings)
        except temporal.TemporalFailed as error:
            raise PartFailed(str(error)) from error
        return Launch(launch.wrapped(command, death_signal=signal.SIGKILL), environment(settings))

    return Part("temporal", start, probe, patience_s=120)


def mail(settings: Settings) -> Part:
    if settings.smtp_url:
        return Part("mail", None, lambda: probes.mail(settings), required=False, patience_s=10)
    return _python_part(settings, "mail", lambda: probes.mail(settings), "workers.devmail")


def migration(settings: Settings) -> Part:
    return Part("migrate", lambda: python(settings, "workers.cli", "migrate"), step=True)


def web(settings: Settings) -> Part:
    # Ends with us by SIGTERM: it has to stop processes of its own.
    config = ("--config", "python:workers.supervisor.web", "--graceful-timeout", str(WEB_GRACE_S))
    gunicorn = ("gunicorn", *config, "portal.wsgi:app")
    return Part(
        "web",
        lambda: python(settings, *gunicorn, death_signal=signal.SIGTERM),
        lambda: probes.web(settings),
        stop_within_s=WEB_GRACE_S + 5,
        patience_s=120,
    )


def workers(settings: Settings) -> Part:
    return _python_part(settings, "workers", lambda: probes.workers(settings), "workers")


def _python_part(settings: Settings, name: str, ready: Callable[[], Awaitable[str]], module: str) -> Part:
    return Part(name, lambda: python(settings, module), ready, stop_within_s=35)


def demo(settings: Settings) -> Part:
    """Loads the demo company; it sees by itself whether that is to be done."""
    return Part("demo", lambda: python(settings, "workers.demo"), step=True)
