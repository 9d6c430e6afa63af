"""On what a benchmark ran."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

import psutil

from portal.config import Settings
from workers.supervisor import temporal
from workers.supervisor.postgres import MAJOR

LIBRARIES = ("temporalio", "sqlalchemy", "psycopg", "promiseline")


def facts(settings: Settings) -> dict[str, Any]:
    """`load_before` is the load average of the last minute: what others did on this machine."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "postgresql": MAJOR,
        "temporal": temporal.program_version(settings),
        "load_before": round(os.getloadavg()[0], 2),
        **{name: version(name) for name in LIBRARIES},
    }
