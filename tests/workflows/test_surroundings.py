"""What must hold for all workflow code: it loads in the sandbox, and the bodies fit the signatures."""

from __future__ import annotations

import inspect
import pkgutil
from typing import get_type_hints

import pytest
from temporalio import activity, workflow
from temporalio.worker.workflow_sandbox import UnintentionalPassthroughError

import workflows
from workers import registry
from workers.activities.core import CoreActivities
from workers.activities.notify import NotifyActivities
from workers.activities.reconcile import ReconcileActivities
from workflows import activities, contract

MODULES = [module.name for module in pkgutil.iter_modules(workflows.__path__)]
SIGNATURES = [
    each
    for _, each in inspect.getmembers(activities, inspect.isfunction)
    if each.__module__ == activities.__name__
]
BODIES = {
    name: body
    for owner in (CoreActivities, NotifyActivities, ReconcileActivities)
    for name, body in inspect.getmembers(owner, inspect.isfunction)
    if not name.startswith("_")
}


def test_every_workflow_is_registered() -> None:
    found = set()
    for name in MODULES:
        module = __import__(f"workflows.{name}", fromlist=["_"])
        found |= {
            each
            for _, each in inspect.getmembers(module, inspect.isclass)
            if each.__module__ == module.__name__ and workflow._Definition.from_class(each)
        }
    assert found == set(registry.WORKFLOWS)
    names = {workflow._Definition.must_from_class(each).name for each in found}
    assert names == {value for name, value in vars(contract).items() if name.endswith("_WORKFLOW")}


@pytest.mark.parametrize("each", registry.WORKFLOWS, ids=lambda each: each.__name__)
async def test_every_workflow_loads_in_the_sandbox(each: type) -> None:
    registry.workflow_runner().prepare_workflow(workflow._Definition.must_from_class(each))


async def test_the_sandbox_notices_what_is_not_meant_to_be_shared(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy_for_test.py").write_text("import portal.database\n")
    (tmp_path / "flow_for_test.py").write_text(
        "from temporalio import workflow\nimport heavy_for_test\n\n"
        "@workflow.defn\nclass Flow:\n    @workflow.run\n    async def run(self) -> None: ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    flow = __import__("flow_for_test").Flow
    with pytest.raises(UnintentionalPassthroughError):
        registry.workflow_runner().prepare_workflow(workflow._Definition.must_from_class(flow))


def test_bodies_are_the_signatures_and_nothing_more() -> None:
    assert set(BODIES) == {each.__name__ for each in SIGNATURES}


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda each: each.__name__)
def test_a_body_takes_and_gives_what_its_signature_says(signature) -> None:
    body = BODIES[signature.__name__]
    assert get_type_hints(body) == get_type_hints(signature)
    assert (
        activity._Definition.must_from_callable(body).name
        == activity._Definition.must_from_callable(signature).name
    )
