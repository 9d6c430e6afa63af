"""The whole installation under `promiseline up`, as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.embedded import running_portal, temporary_home

PARTS = {"postgres", "temporal", "mail", "web", "workers"}


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        yield folder


def promiseline(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers.cli", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_up_serves_the_doctor_agrees_and_down_leaves_nothing(home: Path) -> None:
    with running_portal(home) as portal:
        ready = {line.split()[1] for line in portal.said if " ready " in line}
        assert ready == PARTS
        told = promiseline(portal.environ, "doctor", "--json")
        wrong = [check for check in json.loads(told.stdout)["checks"] if not check["ok"]]
        assert wrong == []
        assert told.returncode == 0
        family = psutil.Process(portal.process.pid).children(recursive=True)
        down = promiseline(portal.environ, "down")
        assert down.returncode == 0, down.stderr
        assert portal.process.wait(30) == 0
        assert psutil.wait_procs(family, timeout=30)[1] == []


@pytest.mark.faults
def test_web_and_workers_come_back_when_killed(home: Path) -> None:
    with running_portal(home) as portal:
        for part in ("web", "workers"):
            portal.kill(part)
            portal.wait_for(f"{part} ended (SIGKILL)")
            portal.wait_for(f"{part} ready")
