"""Real parts under a real supervisor: they serve, come back when killed, and leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import psycopg
import pytest

from portal.config import OWNER_ROLE, WEB_ROLE, WORKER_ROLE, Settings
from tests.embedded import home_environ, start_postgres, start_temporal, temporary_home
from tests.workers import some_parts
from workers.supervisor import parts, ports, probes
from workers.supervisor.supervise import (
    PARTS_FILE,
    Launch,
    NotReady,
    Part,
    PartFailed,
    Supervisor,
    end_left_behind,
)

PARTS = ("postgres", "temporal", "mail")


@dataclass(frozen=True)
class Supervised:
    settings: Settings
    process: subprocess.Popen[str]

    def wait_for(self, words: str) -> None:
        """Read what the supervisor says until a line has these words."""
        assert self.process.stdout is not None
        heard = []
        for line in self.process.stdout:
            heard.append(line)
            if words in line:
                return
        raise AssertionError(f"the supervisor ended without saying {words!r}: {heard}")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def pid_of(self, part: str) -> int:
        return json.loads((self.settings.home / PARTS_FILE).read_text())[part][0]

    def query(self, statement: str, role: str = OWNER_ROLE) -> list[tuple[object, ...]]:
        url = self.settings.database(role).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def supervised(home: Path) -> Iterator[Supervised]:
    environ = home_environ(home)
    process = subprocess.Popen(
        [sys.executable, "-m", some_parts.__name__], env=environ, stdout=subprocess.PIPE, text=True
    )
    try:
        running = Supervised(Settings.load(environ), process)
        running.wait_for(some_parts.ALL_READY)
        yield running
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        yield folder


def still_alive(family: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(family, timeout=30)[1]


def test_every_part_serves_and_sigterm_ends_them_all(home: Path) -> None:
    with supervised(home) as running:
        for role in (OWNER_ROLE, WEB_ROLE, WORKER_ROLE):
            assert running.query("select current_user", role) == [(role,)]
        family = running.family()
        assert len(family) >= len(PARTS)
        running.process.terminate()
        assert running.process.wait(60) == 0
        assert still_alive(family) == []
    assert all(ports.is_free(port.number) for port in parts.wanted_ports(running.settings))
    for part in PARTS:
        lines = (running.settings.log_folder / f"{part}.log").read_text().splitlines()
        assert all(isinstance(json.loads(line), dict) for line in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
@pytest.mark.faults
def test_nothing_outlives_a_killed_supervisor_and_the_next_one_starts(home: Path) -> None:
    with supervised(home) as running:
        running.query("create table kept (what text)")
        family = running.family()
        running.process.kill()
        running.process.wait()
        assert still_alive(family) == []
    with supervised(home) as again:
        assert again.query("select * from kept") == []


@pytest.mark.faults
def test_a_killed_part_comes_back_with_its_data(home: Path) -> None:
    with supervised(home) as running:
        running.query("create table kept (what text)")
        running.query("insert into kept values ('still here')")
        for part in PARTS:
            before = running.pid_of(part)
            psutil.Process(before).kill()
            running.wait_for(f"{part} ended (SIGKILL)")
            running.wait_for(f"{part} ready")
            assert running.pid_of(part) != before
        assert running.query("select * from kept") == [("still here",)]
        assert asyncio.run(probes.mail(running.settings)).endswith(str(running.settings.smtp_port))


async def test_outside_services_are_checked_but_not_started(home: Path) -> None:
    database, engine = start_postgres(home), start_temporal(home)
    try:
        environ = {
            "PROMISELINE_HOME": str(home / "second"),
            "DATABASE_URL": database.url().replace("+psycopg", ""),
            "TEMPORAL_ADDRESS": engine.address,
        }
        settings = Settings.load(environ)
        assert [port.setting for port in parts.wanted_ports(settings)] == [
            "PROMISELINE_PORT",
            "PROMISELINE_SMTP_PORT",
        ]
        said: list[str] = []
        stage = [parts.database(settings), parts.engine(settings)]
        supervisor = Supervisor([stage], settings.home, settings.log_folder, lambda *words: said.append(words[0]))
        children = len(psutil.Process().children())
        await supervisor.run(supervisor.stop)
        assert sorted(said) == ["postgres", "temporal"]
        assert len(psutil.Process().children()) == children
        assert database.process.poll() is None
        assert engine.process.poll() is None
    finally:
        engine.stop()
        database.stop()


def supervisor_of(part: Part, home: Path, said: list[str]) -> Supervisor:
    return Supervisor([[part]], home, home / "log", lambda name, message: said.append(f"{name} {message}"))


def python_part(code: str, **details: object) -> Part:
    return Part("trial", lambda: Launch([sys.executable, "-c", code]), **details)


async def test_a_step_that_fails_says_why(tmp_path: Path) -> None:
    step = python_part("import sys; print('working', flush=True); sys.exit('the disk is full')", step=True)
    with pytest.raises(PartFailed, match=r"trial ended \(status 1\): the disk is full"):
        await supervisor_of(step, tmp_path, []).run()


async def test_a_step_beside_the_rest_is_reported_and_ends_with_it(tmp_path: Path) -> None:
    said: list[str] = []
    failed = asyncio.Event()

    def note(part: str, message: str) -> None:
        said.append(f"{part} {message}")
        if "no luck" in message:
            failed.set()

    async def stop_after_failure() -> None:
        await failed.wait()
        supervisor.stop()

    supervisor = Supervisor([[Part("rest", None)]], tmp_path, tmp_path / "log", note)
    waiting = asyncio.create_task(stop_after_failure())

    def beside() -> None:
        supervisor.run_beside(replace(python_part("raise SystemExit('no luck')"), step=True))
        supervisor.run_beside(replace(python_part("import time; time.sleep(300)"), name="long", step=True))

    children = len(psutil.Process().children())
    await supervisor.run(beside)
    await waiting
    assert any("trial ended (status 1): no luck" in line for line in said)
    assert not any(line.startswith("long") for line in said)
    assert len(psutil.Process().children()) == children


async def test_a_part_that_never_starts_is_tried_again_then_reported(tmp_path: Path) -> None:
    async def never() -> str:
        raise NotReady("not yet")

    count = tmp_path / "count"
    part = python_part(f"open({str(count)!r}, 'a').write('x'); raise SystemExit(3)", ready=never)
    with pytest.raises(PartFailed, match=r"trial ended \(status 3\)"):
        await supervisor_of(part, tmp_path, []).run()
    assert count.read_text() == "xxxx"


async def test_an_outside_service_that_is_not_needed_to_start_is_only_reported(tmp_path: Path) -> None:
    async def never() -> str:
        raise NotReady("connection refused")

    said: list[str] = []
    supervisor = supervisor_of(Part("mail", None, never, required=False, patience_s=0.2), tmp_path, said)
    await supervisor.run(supervisor.stop)
    assert said == ["mail not reachable, carrying on: mail is not ready after 0 s: connection refused"]


async def test_a_part_that_ignores_the_signal_is_ended_with_its_children(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen(['sleep', '300']); print(child.pid, flush=True); time.sleep(300)"
    )
    log = tmp_path / "log" / "trial.log"

    async def printed() -> str:
        if not log.exists() or not log.read_text():
            raise NotReady("silent")
        return ""

    others = set(psutil.Process().children(recursive=True))  # the servers of this run of tests
    family: list[psutil.Process] = []

    def end() -> None:
        family.extend(set(psutil.Process().children(recursive=True)) - others)
        supervisor.stop()

    supervisor = supervisor_of(python_part(code, ready=printed, stop_within_s=0.2), tmp_path, [])
    await supervisor.run(end)
    assert len(family) >= 2
    assert still_alive(family) == []


def test_processes_left_behind_are_ended_but_not_a_stranger_with_the_same_number(tmp_path: Path) -> None:
    orphan, stranger = (subprocess.Popen(["sleep", "300"], start_new_session=True) for _ in range(2))
    try:
        born = psutil.Process(orphan.pid).create_time()
        noted = {"web": [orphan.pid, born], "mail": [stranger.pid, born - 3600], "gone": [2**22 + 1, born]}
        (tmp_path / PARTS_FILE).write_text(json.dumps(noted))
        said: list[str] = []
        end_left_behind(tmp_path, lambda part, message: said.append(part))
        assert said == ["web"]
        assert not psutil.pid_exists(orphan.pid)
        assert stranger.poll() is None
    finally:
        for each in (orphan, stranger):
            each.kill()
            each.wait()
