"""`promiseline up`, `down` and `doctor` as a person meets them when something is wrong."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

from tests.embedded import home_environ
from workers.supervisor import lock


def promiseline(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers.cli", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def only_line(text: str) -> str:
    (line,) = text.splitlines()
    return line


def test_a_second_up_on_the_same_home_is_refused(tmp_path: Path) -> None:
    with lock.held(tmp_path):
        done = promiseline(home_environ(tmp_path), "up", "--no-demo")
    assert done.returncode == 1
    assert f"{tmp_path} is in use" in only_line(done.stderr)


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    environ = home_environ(tmp_path)
    with socket.create_server(("127.0.0.1", int(environ["PROMISELINE_TEMPORAL_UI_PORT"]))):
        done = promiseline(environ, "up", "--no-demo")
    assert done.returncode == 1
    line = only_line(done.stderr)
    assert environ["PROMISELINE_TEMPORAL_UI_PORT"] in line
    assert "PROMISELINE_TEMPORAL_UI_PORT" in line
    assert done.stdout == ""


def test_a_setting_that_is_no_number_is_bad_input(tmp_path: Path) -> None:
    done = promiseline(home_environ(tmp_path) | {"PROMISELINE_PORT": "eighty"}, "doctor")
    assert done.returncode == 2
    assert "eighty" in only_line(done.stderr)


def test_asking_for_the_version_leaves_no_trace(tmp_path: Path) -> None:
    home = tmp_path / "untouched"
    done = promiseline(home_environ(home), "--version")
    assert done.returncode == 0
    assert "promiseline" in done.stdout
    assert not home.exists()


def test_an_unknown_command_is_bad_input(tmp_path: Path) -> None:
    done = promiseline(home_environ(tmp_path), "upp")
    assert done.returncode == 2
    assert "upp" in only_line(done.stderr)


def test_migrating_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    done = promiseline(home_environ(tmp_path), "migrate")
    assert done.returncode == 1
    assert "promiseline up" in only_line(done.stderr)


def test_down_with_nothing_running_is_fine(tmp_path: Path) -> None:
    done = promiseline(home_environ(tmp_path), "down")
    assert done.returncode == 0
    assert "nothing runs" in done.stdout


def test_the_doctor_names_what_does_not_run_and_how_to_mend_it(tmp_path: Path) -> None:
    done = promiseline(home_environ(tmp_path), "doctor", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    wrong = {check["name"]: check["mend"] for check in told["checks"] if not check["ok"]}
    assert not told["ok"]
    assert set(wrong) == {"database", "temporal", "mail", "web"}
    assert all("promiseline up" in mend for mend in wrong.values())


def test_the_doctor_sees_secrets_that_others_can_read(tmp_path: Path) -> None:
    environ = home_environ(tmp_path)
    promiseline(environ, "doctor", "--json")
    (tmp_path / "secrets.json").chmod(0o644)
    told = json.loads(promiseline(environ, "doctor", "--json").stdout)
    (secrets,) = (check for check in told["checks"] if check["name"] == "secrets")
    assert not secrets["ok"]
    assert secrets["mend"].startswith("chmod 600")
