"""A process that is told to stop does not wait for the pages that listen to it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.builders import make_company
from tests.conftest import Database
from tests.embedded import free_ports

#: Seconds for which gunicorn would wait for streams that don't end by themselves.
PATIENCE = 240


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def gunicorn(database: Database, home: Path, tmp_path: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The web as it is served, on the test's own database."""
    environ = os.environ | {
        "PROMISELINE_HOME": str(home),
        "PROMISELINE_ENV": "test",
        "PROMISELINE_PORT": str(port),
        "DATABASE_URL": database.url(),
        "DATABASE_WEB_URL": database.url("promiseline_web"),
    }
    patience = ("--graceful-timeout", str(PATIENCE))
    config = ("--config", "python:workers.supervisor.web")
    command = [sys.executable, "-m", "gunicorn", *config, *patience, "portal.wsgi:app"]
    with (tmp_path / "web.log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stderr=log)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def test_open_streams_end_when_the_process_is_told_to_stop(
    app: Flask, session: Session, gunicorn: subprocess.Popen[bytes], port: int
) -> None:
    company = make_company(session)
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # of cookies
    cookie = serializer.dumps({"_user_id": company.buyer.fs_uniquifier, "_fresh": True})
    streams = []
    _until_it_listens(gunicorn, port)
    for _ in range(4):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/events?topic=planning", headers={"Cookie": f"session={cookie}"})
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.readline() == b"retry: 3000\n"
        streams.append((connection, answer))
    gunicorn.send_signal(signal.SIGTERM)
    for connection, answer in streams:
        answer.read()  # to the end, which comes
        connection.close()
    assert gunicorn.wait(PATIENCE / 2) == 0


def _until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    """A connection that is taken is answered once a worker has booted."""
    while process.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"gunicorn ended with {process.returncode}")
