"""The real servers that tests run against: one PostgreSQL and one Temporal for a whole run.

Each is a child of the test process and dies with it, even when the run is killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from temporalio.service import RPCError

from portal.config import OWNER_ROLE, Settings
from workers.cli.up import LAST_LINE
from workers.supervisor import launch, postgres, probes, temporal
from workers.supervisor.ports import LOOPBACK
from workers.supervisor.supervise import PARTS_FILE, NotReady

ENDED = "(promiseline up ended)"
# What the installed server is told and one in memory can't be.
IN_MEMORY_DROPS = ("--db-filename", "--sqlite-pragma", "--ui-port")


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A home folder that the account of an embedded PostgreSQL can reach; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="promiseline-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True)
class PostgresServer:
    """A running server that forgets when the machine does."""

    settings: Settings
    server: postgres.PostgresServer
    process: subprocess.Popen[bytes]

    @property
    def admin_url(self) -> str:
        """The superuser on the maintenance database: it may create databases."""
        return self.url("postgres", postgres.ADMIN_ROLE)

    def url(self, database: str = postgres.DATABASE, role: str = OWNER_ROLE) -> str:
        """SQLAlchemy URL (psycopg 3) of `database` for one of the roles of portal.config."""
        return self.server.url(database, role)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(postgres.STOP_SIGNAL)
            self.process.wait(30)


def start_postgres(home: Path) -> PostgresServer:
    """Start a server in `home` with the three roles and an empty database `promiseline`.

    Call it from the main thread: the server lives no longer than the thread that started it.
    """
    settings = Settings.load({"PROMISELINE_HOME": str(home)})
    server = postgres.PostgresServer.of(settings, fast=True)
    server.prepare()
    settings.log_folder.mkdir(exist_ok=True)
    with (settings.log_folder / "postgres.log").open("ab") as log:
        process = subprocess.Popen(
            server.wrapped_command(),
            env=server.environment,
            cwd=server.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    started = PostgresServer(settings, server, process)
    try:
        server.wait_ready(alive=lambda: process.poll() is None)
        server.furnish()
    except BaseException:
        started.stop()
        raise
    settings.write_runtime(database_port=server.port)
    return started


@dataclass(frozen=True)
class TemporalServer:
    """A running dev server that keeps nothing on disk."""

    address: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


def start_temporal(home: Path, without: tuple[str, ...] = ()) -> TemporalServer:
    """Start a server with the contract's search attributes; `home` gets its log.

    Workflows may skip time on it. `without` drops options of the installed server's command by
    their start, and leaves the server as it comes, with nothing ensured. Call it from the
    main thread, like `start_postgres`.
    """
    port, ui_port = free_ports(2)
    environ = {
        "PROMISELINE_HOME": str(home),
        "PROMISELINE_TEMPORAL_PORT": str(port),
        "PROMISELINE_TEMPORAL_UI_PORT": str(ui_port),
    }
    settings = Settings.load(environ)
    command = [part for part in temporal.command(settings) if not part.startswith((*IN_MEMORY_DROPS, *without))]
    command += ["--headless", "--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"]
    settings.log_folder.mkdir(exist_ok=True)
    with (settings.log_folder / "temporal.log").open("ab") as log:
        process = subprocess.Popen(
            launch.wrapped(command, death_signal=signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    ready = partial(_reachable, settings) if without else probes.TemporalProbe(settings)
    started = TemporalServer(settings.temporal_target, process)
    try:
        with ThreadPoolExecutor(1) as pool:  # a loop of its own, whatever loop the caller is in
            pool.submit(asyncio.run, _until_ready(ready, process)).result()
    except BaseException:
        started.stop()
        raise
    return started


async def _reachable(settings: Settings) -> str:
    try:
        await temporal.namespace_retention(await temporal.connect(settings))
    except (RPCError, RuntimeError) as error:
        raise NotReady(str(error)) from error
    return settings.temporal_target


async def _until_ready(probe: Callable[[], Awaitable[str]], process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(60):
        while process.poll() is None:
            try:
                await probe()
            except NotReady:
                await asyncio.sleep(0.05)
            else:
                return
    raise RuntimeError(f"the server ended with status {process.returncode}: see its log")


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback address on which nothing listens now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]


class RunningPortal:
    """A whole installation under `promiseline up`."""

    def __init__(self, environ: dict[str, str], process: subprocess.Popen[str]) -> None:
        self.settings = Settings.load(environ)
        self.environ = environ
        """With it, `promiseline` and `Settings.load` find this installation."""
        self.process = process
        self.said: list[str] = []
        """What `up` printed so far: the status lines, their columns a single space apart."""
        self._heard = threading.Condition()
        self._searched = 0

    @property
    def url(self) -> str:
        return self.settings.base_url

    def listen(self) -> None:
        """Take in what `up` prints, until it ends."""
        for line in self.process.stdout or ():
            with self._heard:
                self.said.append(" ".join(line.split()))
                self._heard.notify_all()
        with self._heard:
            self.said.append(ENDED)
            self._heard.notify_all()

    def wait_for(self, words: str, within_s: float = 180) -> None:
        """Wait until `up` says these words, after whatever was waited for before.

        Raises RuntimeError with all that it said when it ends or takes too long.
        """
        with self._heard:
            deadline = time.monotonic() + within_s
            while True:
                for index in range(self._searched, len(self.said)):
                    if words in self.said[index]:
                        self._searched = index + 1
                        return
                if ENDED in self.said or not self._heard.wait(deadline - time.monotonic()):
                    raise RuntimeError(f"promiseline up never said {words!r}:\n" + "\n".join(self.said))

    def pid_of(self, part: str) -> int:
        """The process of postgres, temporal, mail, web or workers; raises KeyError when it doesn't run."""
        return json.loads((self.settings.home / PARTS_FILE).read_text())[part][0]

    def kill(self, part: str) -> None:
        """SIGKILL the part's process, as a crash would; `up` starts it again."""
        os.kill(self.pid_of(part), signal.SIGKILL)

    def stop(self) -> int:
        """Ask for the end and wait for it; the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(90)


def home_environ(home: Path) -> dict[str, str]:
    """An environment for an installation in `home` on free ports, with nothing of the caller's settings."""
    web, engine, ui, smtp = free_ports(4)
    ours = ("PROMISELINE_", "DATABASE_", "TEMPORAL_", "SMTP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "PROMISELINE_HOME": str(home),
        "PROMISELINE_PORT": str(web),
        "PROMISELINE_TEMPORAL_PORT": str(engine),
        "PROMISELINE_TEMPORAL_UI_PORT": str(ui),
        "PROMISELINE_SMTP_PORT": str(smtp),
    }


@contextmanager
def running_portal(home: Path, *arguments: str, **environ: str) -> Iterator[RunningPortal]:
    """`promiseline up --no-demo` in `home` on free ports, ready when the context begins.

    `arguments` replace `--no-demo` when given; `environ` adds settings. Raises RuntimeError with
    what `up` said when it doesn't get ready.
    """
    everything = home_environ(home) | environ
    command = [sys.executable, "-m", "workers.cli", "up", *(arguments or ("--no-demo",))]
    process = subprocess.Popen(
        launch.wrapped(command),
        env=everything,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    portal = RunningPortal(everything, process)
    try:
        with ThreadPoolExecutor(1) as listener:
            listener.submit(portal.listen)
            try:
                portal.wait_for(LAST_LINE)
                yield portal
            finally:
                portal.stop()
    finally:
        process.stdout.close()
