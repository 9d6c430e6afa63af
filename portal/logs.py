"""Logs as JSON lines, with the ids that tie a request to its messages and workflows.

Bind an id with `structlog.contextvars.bound_contextvars(request_id=…)` (or message_id, workflow_id):
every line of that thread or task then carries it, including lines of libraries.
"""

from __future__ import annotations

import logging
import logging.config
import os
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

from portal.config import Settings

FILE_BYTES = 5_000_000
FILES_KEPT = 5
QUIET = {"aiosmtpd", "alembic", "asyncio", "gunicorn.access", "mail.log"}
"""Libraries of which only warnings are of use. Gunicorn's access lines would hold the secrets of
signed links; the portal logs its requests itself."""


def configure_logging(part: str, *, file: Path | None = None) -> None:
    """Send the logs of this process to stderr, or to a file that is rotated by size.

    `part` names the process in each line. The level is PROMISELINE_LOG_LEVEL, "info" if not given.
    """
    logging.config.dictConfig(logging_config(part, file=file))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def configure_command_logging(settings: Settings) -> None:
    """For commands, whose stderr belongs to the person who typed them."""
    settings.log_folder.mkdir(parents=True, exist_ok=True)
    configure_logging("command", file=settings.log_folder / "command.log")


def logging_config(part: str, *, file: Path | None = None) -> dict[str, Any]:
    """The same as a mapping for `logging.config`, which is how gunicorn wants it."""
    level = os.environ.get("PROMISELINE_LOG_LEVEL", "info").upper()
    handler: dict[str, Any] = {"formatter": "json", "class": "logging.StreamHandler"}
    if file is not None:
        handler = {"formatter": "json", "()": rotating_file, "path": file}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": json_formatter, "part": part}},
        "handlers": {"out": handler},
        "root": {"handlers": ["out"], "level": level},
        "loggers": {
            **{name: {"level": "WARNING", "propagate": True} for name in sorted(QUIET)},
            "gunicorn.error": {"handlers": [], "propagate": True},
        },
    }


def rotating_file(path: Path) -> RotatingFileHandler:
    """At most about 30 MB a log."""
    return RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True)


def json_formatter(part: str) -> logging.Formatter:
    def name_part(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        return {"part": part} | event

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder(), _lift_temporal],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            name_part,
            structlog.processors.format_exc_info,  # as text: never the values of variables
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )


def _shared() -> list[Callable[..., Any]]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _lift_temporal(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Temporal's loggers put their ids in a mapping of their own; ours are at the top."""
    for name in ("temporal_workflow", "temporal_activity"):
        details = event.pop(name, None)
        if isinstance(details, dict):
            wanted = ("workflow_id", "run_id", "workflow_type", "activity_type", "activity_id", "attempt")
            event |= {key: details[key] for key in wanted if key in details}
    return event
