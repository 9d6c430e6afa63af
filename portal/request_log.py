"""One line a request: what was asked, how it ended, how long it took, for whom. Never a secret of a link."""

from __future__ import annotations

import re
import time

import structlog
from flask import Flask, Response, g, request
from sqlalchemy import inspect

log = structlog.get_logger("portal.requests")

#: What follows these opens something without signing in.
_SECRET = re.compile(r"^(/(?:track|reset-password)/)[^/]+")
#: Asked every few seconds by machines.
_PROBES = {"/healthz", "/readyz", "/metrics"}


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_note)


def without_secrets(path: str) -> str:
    """The path with the secrets of signed links taken out; addresses of pages never hold any elsewhere
    but in the query, which is not logged."""
    return _SECRET.sub(r"\1…", path)


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()  # the thread has served others
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _note(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    user = g.get("user")
    say = log.debug if request.path in _PROBES else log.info
    say(
        "request",
        method=request.method,
        path=without_secrets(request.path),
        status=response.status_code,
        ms=round((time.perf_counter() - g.began) * 1000, 1),
        user_id=inspect(user).identity[0] if user is not None else None,  # without asking the database again
    )
    return response
