"""Lives that began under earlier versions go on under this one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from tests.workflows.record import HISTORIES, SCENARIOS
from workers import registry
from workflows.contract import NoticeJob

RECORDED = sorted(HISTORIES.glob("*.json"))


def load(path: Path) -> WorkflowHistory:
    saved = json.loads(path.read_text())
    return WorkflowHistory.from_json(saved["workflow_id"], saved["history"])


def test_every_scenario_was_recorded() -> None:
    assert {path.name.partition(".")[0] for path in RECORDED} == {each.__name__ for each in SCENARIOS}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_replays(path: Path) -> None:
    replayer = Replayer(workflows=registry.WORKFLOWS, workflow_runner=registry.workflow_runner())
    await replayer.replay_workflow(load(path))


@workflow.defn(name="NoticeWorkflow", sandboxed=False)
class Changed:
    """Does something else than was recorded."""

    @workflow.run
    async def run(self, job: NoticeJob) -> str:
        await workflow.sleep(1)
        return ""


async def test_a_change_that_breaks_running_workflows_is_noticed() -> None:
    path = next(path for path in RECORDED if path.name.startswith("notice_sent"))
    with pytest.raises(workflow.NondeterminismError):
        await Replayer(workflows=[Changed]).replay_workflow(load(path))
