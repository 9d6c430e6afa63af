"""The real engine with virtual time, and workers on queues of their own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from portal.config import Settings
from tests.workflows.ledger import Ledger
from workers import registry
from workers.supervisor import temporal
from workflows.contract import Message, notify_queue
from workflows.visibility import KEYS


@asynccontextmanager
async def virtual_time(home: str) -> AsyncIterator[WorkflowEnvironment]:
    """A dev server in memory on which time passes only when a test says so."""
    settings = Settings.load({**os.environ, "PROMISELINE_HOME": home})
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(temporal.program(settings)),
        dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"],
        dev_server_startup_timeout=timedelta(seconds=60),
        dev_server_log_level="error",
        search_attributes=list(KEYS.values()),
    ) as environment:
        yield environment


@dataclass(frozen=True)
class Stage:
    """One test's workers, its ledger in the database's place, and the means to drive workflows."""

    environment: WorkflowEnvironment
    ledger: Ledger
    queue: str

    async def start(self, workflow: str, job: Any, workflow_id: str, **options: Any) -> WorkflowHandle[Any, Any]:
        with self.environment.with_time_skipping_disabled():
            return await self.environment.client.start_workflow(
                workflow, job, id=workflow_id, task_queue=self.queue, **options
            )

    async def pass_time(self, handle: WorkflowHandle[Any, Any], duration: timedelta) -> None:
        await self.environment.fast_forward(handle, duration)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that the ledger's activities bring about."""
        await self.ledger.until(true)


@asynccontextmanager
async def stage(environment: WorkflowEnvironment) -> AsyncIterator[Stage]:
    ledger = Ledger()
    queue = f"{uuid4()}-core"
    core = registry.core_worker(environment.client, ledger.core_activities, queue)
    notify = registry.notify_worker(environment.client, ledger.notify_activities, notify_queue(queue))
    async with core, notify:
        yield Stage(environment, ledger, queue)


def message(ref: str = "") -> Message:
    return Message(str(uuid4()), ref)
