"""Supervises the parts that need nothing of the portal, the way `promiseline up` does; run as a script."""

from __future__ import annotations

import asyncio
import signal
import sys

from portal.config import Settings
from workers import process
from workers.supervisor import lock, parts
from workers.supervisor.supervise import Supervisor

ALL_READY = "ALL READY"


def say(part: str, message: str) -> None:
    sys.stdout.write(f"{part} {message}\n")
    sys.stdout.flush()


async def supervise(settings: Settings) -> None:
    stage = [parts.database(settings), parts.engine(settings), parts.mail(settings)]
    supervisor = Supervisor([stage], settings.home, settings.log_folder, say)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, supervisor.stop)
    await supervisor.run(lambda: say("up", ALL_READY))


if __name__ == "__main__":
    given = Settings.load()
    with lock.held(given.home):
        asyncio.run(supervise(given))
    process.finish(0)
