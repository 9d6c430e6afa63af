"""Which workflows and activities the workers serve, and in what surroundings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from workers.activities.core import CoreActivities
from workers.activities.notify import NotifyActivities
from workers.activities.reconcile import ReconcileActivities
from workflows.backorder import BackorderWorkflow
from workflows.contract import CORE_QUEUE, NOTIFY_QUEUE
from workflows.replenishment import ReplenishmentWorkflow
from workflows.short import AllocationWorkflow, NoticeWorkflow, ReconcileWorkflow

WORKFLOWS: Sequence[type] = (
    BackorderWorkflow,
    ReplenishmentWorkflow,
    AllocationWorkflow,
    NoticeWorkflow,
    ReconcileWorkflow,
)

#: Loaded once and shared by all workflows: definitions without state, which are costly to load each time.
SHARED = (
    "domain",
    "workflows.contract",
    "workflows.activities",
    "workflows.policies",
    "workflows.steps",
    "workflows.visibility",
)

CORE_THREADS, NOTIFY_THREADS = 8, 8
WORKFLOW_POLLS = 10
#: Steps within and beside workflow tasks, mails, and a few look-ups may each hold a connection at once.
DATABASE_POOL = 2 * CORE_THREADS + NOTIFY_THREADS + 4
#: Shorter than the supervisor's patience; longer than a mail takes.
GRACEFUL = timedelta(seconds=25)

Activities = Sequence[Callable[..., Any]]


def workflow_runner() -> SandboxedWorkflowRunner:
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*SHARED).with_import_notification_policy(
            SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
            | SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        )
    )


def core_activities(core: CoreActivities, reconcile: ReconcileActivities) -> Activities:
    return (
        core.plan_supply,
        core.settle_backorder,
        core.cancel_backorder,
        core.ask_supplier,
        core.settle_line,
        core.climb_ladder,
        core.allocate_goods,
        reconcile.reconcile,
    )


def notify_activities(notify: NotifyActivities) -> Activities:
    return (notify.send_notice,)


def core_worker(
    client: Client, activities: Activities, queue: str = CORE_QUEUE, workflows: Sequence[type] = WORKFLOWS
) -> Worker:
    """Runs workflows and their steps in the database."""
    return Worker(
        client,
        task_queue=queue,
        workflows=workflows,
        activities=activities,
        activity_executor=ThreadPoolExecutor(2 * CORE_THREADS, thread_name_prefix="core"),
        max_concurrent_activities=CORE_THREADS,
        max_concurrent_local_activities=CORE_THREADS,
        # a burst of starts must not wait behind one poll at a time
        max_concurrent_workflow_task_polls=WORKFLOW_POLLS,
        nonsticky_to_sticky_poll_ratio=0.4,
        workflow_runner=workflow_runner(),
        graceful_shutdown_timeout=GRACEFUL,
        deployment_config=_deployment(),
    )


def notify_worker(client: Client, activities: Activities, queue: str = NOTIFY_QUEUE) -> Worker:
    """Sends notices; when mail hangs, only its own threads hang."""
    return Worker(
        client,
        task_queue=queue,
        activities=activities,
        activity_executor=ThreadPoolExecutor(NOTIFY_THREADS, thread_name_prefix="notify"),
        max_concurrent_activities=NOTIFY_THREADS,
        graceful_shutdown_timeout=GRACEFUL,
        deployment_config=_deployment(),
    )


def _deployment() -> WorkerDeploymentConfig:
    """Shows our version in the Temporal UI, and saves hashing all code at start."""
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion("promiseline", version("promiseline")), use_worker_versioning=False
    )
