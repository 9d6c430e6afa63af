"""What the engine does by the clock."""

from __future__ import annotations

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from workflows.contract import CORE_QUEUE, RECONCILE_SCHEDULE, RECONCILE_WORKFLOW


def reconcile_schedule() -> Schedule:
    """Every quarter of an hour, in UTC: it compares states, so no hour of the day is special."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RECONCILE_WORKFLOW,
            id="reconcile",
            task_queue=CORE_QUEUE,
            # a run that hangs must not make all later ones be skipped
            execution_timeout=timedelta(minutes=10),
            static_summary="database and engine compared",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(minutes=15))], time_zone_name="UTC"),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)),
    )


async def ensure(client: Client) -> None:
    """The schedules as this version wants them, whatever was there. Raises RPCError."""
    try:
        await client.create_schedule(RECONCILE_SCHEDULE, reconcile_schedule())
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(RECONCILE_SCHEDULE).update(_as_wanted)


def _as_wanted(found: ScheduleUpdateInput) -> ScheduleUpdate:
    wanted = reconcile_schedule()
    wanted.state = found.description.schedule.state  # an operator may have paused it
    return ScheduleUpdate(wanted)


async def exist(client: Client) -> bool:
    """False when the engine has lost them, and with them most likely everything. Raises RPCError."""
    try:
        await client.get_schedule_handle(RECONCILE_SCHEDULE).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def reconcile_now(client: Client) -> None:
    """Compare database and engine once, after a run that may be under way. Raises RPCError."""
    handle = client.get_schedule_handle(RECONCILE_SCHEDULE)
    await handle.trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE)
