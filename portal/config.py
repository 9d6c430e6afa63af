"""Where everything is: settings from the environment, with defaults that run out of the box.

Secrets and the addresses of the parts that `promiseline up` starts by itself live in two small
files in the home folder, so that every other command finds the same installation.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

SECRETS_FILE = "secrets.json"
RUNTIME_FILE = "runtime.json"

OWNER_ROLE = "promiseline_owner"
WEB_ROLE = "promiseline_web"
WORKER_ROLE = "promiseline_worker"


class NotRunning(Exception):
    """A part that this command needs has no address yet: nothing started it and none was given."""


@dataclass(frozen=True)
class Secrets:
    """Made once for a home folder, kept in a file that only its owner reads."""

    secret_key: str
    password_salt: str
    database_password: str

    @classmethod
    def load(cls, home: Path) -> Secrets:
        path = home / SECRETS_FILE
        if path.exists():
            return cls(**json.loads(path.read_text()))
        home.mkdir(parents=True, exist_ok=True)
        made = cls(*(secrets.token_urlsafe(32) for _ in range(3)))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileExistsError:  # another process of this installation was first
            return cls(**json.loads(path.read_text()))
        with os.fdopen(descriptor, "w") as file:
            json.dump(made.__dict__, file)
        return made


@dataclass(frozen=True)
class Settings:
    """Everything an installation can be told. Ports are TCP ports on the loopback address."""

    home: Path
    port: int
    base_url: str
    environment: str
    secrets: Secrets
    database_url: str | None
    database_web_url: str | None
    database_worker_url: str | None
    temporal_address: str | None
    temporal_namespace: str
    temporal_port: int
    temporal_ui_port: int
    temporal_ui_url: str
    temporal_cli_path: str | None
    smtp_url: str | None
    smtp_port: int
    mail_from: str
    #: Asked of whoever reads /metrics; without one, only this machine may.
    metrics_token: str | None

    @classmethod
    def load(cls, environ: dict[str, str] | os._Environ[str] = os.environ) -> Settings:
        home = Path(environ.get("PROMISELINE_HOME", "var")).absolute()
        port = int(environ.get("PROMISELINE_PORT", "8000"))
        ui_port = int(environ.get("PROMISELINE_TEMPORAL_UI_PORT", "8233"))
        given = Secrets.load(home)
        if "PROMISELINE_SECRET_KEY" in environ:
            given = Secrets(environ["PROMISELINE_SECRET_KEY"], given.password_salt, given.database_password)
        return cls(
            home=home,
            port=port,
            base_url=environ.get("PROMISELINE_URL", f"http://127.0.0.1:{port}").rstrip("/"),
            environment=environ.get("PROMISELINE_ENV", "development"),
            secrets=given,
            database_url=environ.get("DATABASE_URL"),
            database_web_url=environ.get("DATABASE_WEB_URL"),
            database_worker_url=environ.get("DATABASE_WORKER_URL"),
            temporal_address=environ.get("TEMPORAL_ADDRESS"),
            temporal_namespace=environ.get("TEMPORAL_NAMESPACE", "default"),
            temporal_port=int(environ.get("PROMISELINE_TEMPORAL_PORT", "7233")),
            temporal_ui_port=ui_port,
            temporal_ui_url=environ.get("PROMISELINE_TEMPORAL_UI", f"http://127.0.0.1:{ui_port}").rstrip("/"),
            temporal_cli_path=environ.get("TEMPORAL_CLI_PATH"),
            smtp_url=environ.get("SMTP_URL"),
            smtp_port=int(environ.get("PROMISELINE_SMTP_PORT", "8025")),
            mail_from=environ.get("PROMISELINE_MAIL_FROM", "Promiseline <promises@promiseline.example>"),
            metrics_token=environ.get("PROMISELINE_METRICS_TOKEN"),
        )

    @property
    def development(self) -> bool:
        return self.environment == "development"

    @property
    def mail_folder(self) -> Path:
        """The Maildir in which the development mail server keeps what it gets."""
        return self.home / "mail"

    @property
    def log_folder(self) -> Path:
        return self.home / "log"

    def runtime(self) -> dict[str, Any]:
        """What `promiseline up` wrote about the parts it started; empty when it never ran here."""
        path = self.home / RUNTIME_FILE
        return json.loads(path.read_text()) if path.exists() else {}

    def write_runtime(self, **facts: Any) -> None:
        path = self.home / RUNTIME_FILE
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(self.runtime() | facts, indent=1))
        draft.replace(path)

    def database(self, role: str) -> str:
        """The SQLAlchemy URL with which `role` connects.

        With nothing but DATABASE_URL given, web and worker use that login and take their role at
        connect time; logins of their own (DATABASE_WEB_URL, DATABASE_WORKER_URL) are stronger.
        Raises NotRunning when no address was given and the embedded server never ran.
        """
        own = {WEB_ROLE: self.database_web_url, WORKER_ROLE: self.database_worker_url}.get(role)
        if own:
            return _driver(own)
        if self.database_url:
            url = _driver(self.database_url)
            if role == OWNER_ROLE:
                return url
            return f"{url}{'&' if '?' in url else '?'}options={quote(f'-c role={role}')}"
        port = self.runtime().get("database_port")
        if port is None:
            raise NotRunning("there is no database: start one with `promiseline up`, or set DATABASE_URL")
        return f"postgresql+psycopg://{role}:{self.secrets.database_password}@127.0.0.1:{port}/promiseline"

    @property
    def temporal_target(self) -> str:
        return self.temporal_address or f"127.0.0.1:{self.temporal_port}"

    @property
    def smtp_target(self) -> str:
        return self.smtp_url or f"smtp://127.0.0.1:{self.smtp_port}"


def _driver(url: str) -> str:
    """Name the driver we use, whichever of the usual spellings was given."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
