"""Gunicorn's settings for the portal. Gunicorn reads this module by name and takes what it knows;
nobody else imports it, since it reads the settings of the installation.

Threads, because a live page holds one for as long as it is open.
"""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Any

from portal.config import Settings
from portal.logs import logging_config
from workers.supervisor import ports

THREADS = 64
PROCESSES = 2

bind = f"{ports.LOOPBACK}:{Settings.load().port}"
worker_class = "gthread"
workers = PROCESSES
threads = THREADS
keepalive = 30
control_socket_disable = True
logconfig_dict = logging_config("web")
# The heartbeat file: on a disk it would make every worker wait for slow writes.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes a private file there


def post_worker_init(worker: Any) -> None:
    """Let open streams end when the process is told to stop, or it would wait for them in vain."""
    hub = worker.wsgi.extensions["promiseline_live"]
    stop = signal.getsignal(signal.SIGTERM)

    def stop_and_end_streams(number: int, frame: FrameType | None) -> None:
        stop(number, frame)
        hub.close()

    signal.signal(signal.SIGTERM, stop_and_end_streams)
