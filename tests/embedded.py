"""The real servers that tests run against: one PostgreSQL and one Temporal for a whole run.

Each is a child of the test process and dies with it, even when the run is killed.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.config import OWNER_ROLE, Settings
from workers.supervisor import postgres


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
    """A running server without durability."""

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
