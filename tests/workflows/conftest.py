from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from tests.workflows.engine import Stage, stage, virtual_time


@pytest_asyncio.fixture(scope="session")
async def environment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkflowEnvironment]:
    async with virtual_time(str(tmp_path_factory.mktemp("engine"))) as started:
        yield started


@pytest_asyncio.fixture
async def play(environment: WorkflowEnvironment) -> AsyncIterator[Stage]:
    async with stage(environment) as prepared:
        yield prepared
