"""An installation of its own for a benchmark: the parts of `promiseline up` without the web.

It lives in a temporary home on free ports and knows nothing of the caller's settings, so that it neither
uses nor disturbs an installation that runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine as Database
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from portal.config import WEB_ROLE, WORKER_ROLE, Settings
from portal.database import make_engine
from workers.supervisor import parts, temporal
from workers.supervisor.ports import LOOPBACK
from workers.supervisor.supervise import NotReady, Part, Supervisor
from workflows.contract import CORE_QUEUE, NOTIFY_QUEUE

#: Settings of the caller that must not leak in.
OURS = ("PROMISELINE_", "DATABASE_", "TEMPORAL_", "SMTP_")
KEPT = ("TEMPORAL_CLI_PATH",)
#: People who answer, ship … at the same time.
CROWD = 16


@dataclass(frozen=True)
class Installation:
    settings: Settings
    client: Client
    #: As the web connects, and as workers do.
    web: Database
    worker: Database


@contextlib.contextmanager
def temporary_settings() -> Iterator[Settings]:
    """Settings of a new home; while they last, this process and its children know no others."""
    home = Path(tempfile.mkdtemp(prefix="promiseline-bench-"))
    before = dict(os.environ)
    web, engine, ui, smtp = _free_ports(4)
    for name in before:
        if name.startswith(OURS) and name not in KEPT:
            del os.environ[name]
    os.environ |= {
        "PROMISELINE_HOME": str(home),
        "PROMISELINE_PORT": str(web),
        "PROMISELINE_TEMPORAL_PORT": str(engine),
        "PROMISELINE_TEMPORAL_UI_PORT": str(ui),
        "PROMISELINE_SMTP_PORT": str(smtp),
    }
    try:
        yield Settings.load()
    finally:
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.asynccontextmanager
async def running(settings: Settings, floor: str | None = None) -> AsyncIterator[Installation]:
    """Database, engine, mail server and workers, each ready; `floor` is a module with more workers.

    Raises PartFailed, with what the part said last. SIGTERM cancels the task that called, so that
    nothing is left. Call it in the main thread: the parts live no longer than the thread that starts them.
    """
    said: list[str] = []
    supervisor = Supervisor(
        [
            [parts.database(settings), parts.engine(settings), parts.mail(settings)],
            [parts.migration(settings)],
            [_workers(settings, "workers", "workers", (CORE_QUEUE, NOTIFY_QUEUE)), *_floor(settings, floor)],
        ],
        settings.home,
        settings.log_folder,
        lambda part, words: said.append(f"{part} {words}"),
    )
    ready = asyncio.Event()
    run = asyncio.create_task(supervisor.run(ready.set))
    waiting = asyncio.create_task(ready.wait())
    whole = asyncio.current_task()
    assert whole is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, whole.cancel)
    try:
        await asyncio.wait({run, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if run.done():
            run.result()
        web = make_engine(settings, WEB_ROLE, CROWD)
        worker = make_engine(settings, WORKER_ROLE, 2)
        try:
            yield Installation(settings, await temporal.connect(settings), web, worker)
        finally:
            web.dispose()
            worker.dispose()
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        waiting.cancel()
        supervisor.stop()
        await asyncio.gather(run, waiting, return_exceptions=True)


def _floor(settings: Settings, module: str | None) -> list[Part]:
    if module is None:
        return []
    queues = (FLOOR_QUEUE, FLOOR_NOTIFY_QUEUE)
    return [_workers(settings, "floor", module, queues)]


#: Polled by the floor's workers only.
FLOOR_QUEUE, FLOOR_NOTIFY_QUEUE = "floor-core", "floor-notify"


def _workers(settings: Settings, name: str, module: str, queues: Sequence[str]) -> Part:
    async def polling() -> str:
        try:
            client = await temporal.connect(settings)
            for queue in queues:
                if not await _pollers(client, queue):
                    raise NotReady(f"nobody polls {queue}")
        except (RPCError, RuntimeError) as error:
            raise NotReady(str(error)) from error
        return "polling"

    return Part(name, lambda: parts.python(settings, module), polling, stop_within_s=35)


async def _pollers(client: Client, queue: str) -> int:
    told = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
    )
    return len(told.pollers)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
