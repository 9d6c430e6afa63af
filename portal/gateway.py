"""The only place in the web that talks to Temporal: whether it is there, and where its pages are.

One event loop thread, runtime and lazy client a process, made on first use after a fork. Nothing that
a person waits for depends on an answer: pages read the database.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, RetryConfig
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError

from portal.config import Settings
from workflows.contract import CORE_QUEUE, NOTIFY_QUEUE

T = TypeVar("T")

#: Seconds a request of the web waits for Temporal at the most.
PATIENCE = 3.0


class Bridge:
    """Calls Temporal's asynchronous client from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        #: By the address it talks to; there is one in every process but that of tests.
        self._clients: dict[str, Client] = {}
        self._runtime: Runtime | None = None

    def call(self, settings: Settings, ask: Callable[[Client], Awaitable[T]]) -> T:
        """Raises TimeoutError, RuntimeError or RPCError when Temporal does not answer."""
        loop = self._ensure()

        async def run() -> T:
            client = self._clients.get(settings.temporal_target)
            if client is None:
                client = self._clients[settings.temporal_target] = await Client.connect(
                    **_address(settings),
                    lazy=True,
                    runtime=self._runtime,
                    retry_config=RetryConfig(max_elapsed_time_millis=2000, max_retries=3),
                )
            return await ask(client)

        future = asyncio.run_coroutine_threadsafe(run(), loop)
        try:
            return future.result(PATIENCE)
        except TimeoutError:
            future.cancel()
            raise

    def _ensure(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._process != os.getpid() or self._loop is None:
                self._process = os.getpid()
                self._loop = asyncio.new_event_loop()
                self._clients = {}
                self._runtime = Runtime(telemetry=TelemetryConfig())
                threading.Thread(target=self._loop.run_forever, name="temporal", daemon=True).start()
            return self._loop


bridge = Bridge()


def _address(settings: Settings) -> ClientConnectConfig:
    """Where Temporal is: our own server, or one reached as the standard TEMPORAL_* variables say."""
    given = ClientConfig.load_client_connect_config() if settings.temporal_address else ClientConnectConfig()
    given["target_host"] = settings.temporal_target
    given["namespace"] = settings.temporal_namespace
    return given


#: What the workers' process polls: without the second, nothing is mailed.
POLLED = (
    (CORE_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
    (NOTIFY_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
)
#: A poll lasts a minute; one that began longer ago was a worker's that has died since.
FRESH = timedelta(seconds=75)


async def _unpolled(client: Client, namespace: str) -> list[str]:
    """The task queues that no living worker polls."""
    since = datetime.now(UTC) - FRESH
    missing = []
    for queue, kind in POLLED:
        answer = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(namespace=namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind)
        )
        if not any(each.last_access_time.ToDatetime(UTC) > since for each in answer.pollers):
            missing.append(queue)
    return missing


def engine_fault(settings: Settings) -> dict[str, str]:
    """What is wrong with Temporal or its workers, by part; empty when nothing is."""
    try:
        unpolled = bridge.call(settings, lambda client: _unpolled(client, settings.temporal_namespace))
    except (RPCError, RuntimeError, TimeoutError) as error:
        return {"temporal": f"not reachable at {settings.temporal_target}: {str(error) or 'no answer in time'}"}
    if unpolled:
        return {"worker": f"nobody polls {', '.join(unpolled)}: start `python -m workers`"}
    return {}


def workflow_page(settings: Settings, workflow_id: str) -> str:
    """The Temporal UI's page of a workflow."""
    namespace = quote(settings.temporal_namespace)
    return f"{settings.temporal_ui_url}/namespaces/{namespace}/workflows/{quote(workflow_id)}"


def workflow_list(settings: Settings, query: str) -> str:
    """The Temporal UI's list of the workflows that a visibility query finds."""
    namespace = quote(settings.temporal_namespace)
    return f"{settings.temporal_ui_url}/namespaces/{namespace}/workflows?query={quote(query)}"
