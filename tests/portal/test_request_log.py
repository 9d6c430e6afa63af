from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from flask import Flask
from structlog.testing import capture_logs

from portal import request_log


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, object]]]:
    with capture_logs() as captured:
        monkeypatch.setattr(request_log, "log", structlog.get_logger())
        yield captured


def test_a_request_is_one_line_with_its_id(app: Flask, lines: list[dict[str, object]]) -> None:
    answer = app.test_client().get("/sign-in?next=/account", headers={"X-Request-ID": "from-the-proxy"})
    assert answer.headers["X-Request-ID"] == "from-the-proxy"
    (line,) = lines
    assert (line["method"], line["path"], line["status"], line["user_id"]) == ("GET", "/sign-in", 200, None)
    assert isinstance(line["ms"], float)


@pytest.mark.parametrize("path", ["/track/{}", "/reset-password/{}", "/track/{}/cancel"])
def test_secrets_of_links_stay_out(app: Flask, lines: list[dict[str, object]], path: str) -> None:
    app.test_client().get(path.format("WyJzZWNyZXQiXQ.x.y"))
    assert len(lines) == 1
    assert "WyJzZWNyZXQiXQ" not in str(lines)
    assert lines[0]["path"] == path.format("…")


def test_what_is_refused_is_noted_too(app: Flask, lines: list[dict[str, object]]) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert app.test_client().post("/sign-in").status_code == 400
    assert lines[0]["status"] == 400
