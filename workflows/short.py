"""Workflows of one step: an allocation run, a notice of its own, a comparison of database and engine."""

from __future__ import annotations

from temporalio import workflow

from workflows import activities, policies, visibility
from workflows.contract import (
    ALLOCATION_WORKFLOW,
    NOTICE_WORKFLOW,
    RECONCILE_WORKFLOW,
    AllocationJob,
    AllocationView,
    NoticeJob,
    ReconcileReport,
)
from workflows.steps import send_notice, transaction, uninterrupted


@workflow.defn(name=ALLOCATION_WORKFLOW)
class AllocationWorkflow:
    """One decision about who gets goods. Those who got some hear of it by messages of their own."""

    @workflow.run
    async def run(self, job: AllocationJob) -> AllocationView:
        visibility.publish({"PlStage": "allocating", "PlSku": job.sku, "PlWarehouse": job.warehouse_code})
        decided = await transaction(activities.allocate_goods, job, policies.ALLOCATION)
        visibility.publish({"PlStage": "allocated"})
        workflow.set_current_details(
            f"Gave out {decided.allocated} of {job.sku} in {job.warehouse_code}, {decided.left} left.\n\n"
            + "\n".join(f"- {number}" for number in decided.backorders)
        )
        return decided


@workflow.defn(name=NOTICE_WORKFLOW)
class NoticeWorkflow:
    """Sends a notice that no other workflow cares for, such as an invitation."""

    @workflow.run
    async def run(self, job: NoticeJob) -> str:
        return await uninterrupted(send_notice(job.notice_id))


@workflow.defn(name=RECONCILE_WORKFLOW)
class ReconcileWorkflow:
    """Puts right what database and engine disagree about; runs on a schedule and when workers start."""

    @workflow.run
    async def run(self) -> ReconcileReport:
        return await workflow.execute_activity(
            activities.reconcile,
            start_to_close_timeout=policies.RECONCILIATION,
            heartbeat_timeout=policies.RECONCILIATION_HEARTBEAT,
            retry_policy=policies.PATIENT,
        )
