"""What workflows cost the engine, from their histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory

Event = EventType


@dataclass(frozen=True)
class Cost:
    """Of one workflow, or of several together. `commands` are those that workflows issued, by kind."""

    workflow_tasks: int
    activities: int
    signals: int
    events: int
    bytes: int
    commands: dict[str, int]

    @classmethod
    def of(cls, histories: Iterable[WorkflowHistory]) -> Cost:
        kinds: Counter[int] = Counter()
        size = 0
        for history in histories:
            kinds.update(event.event_type for event in history.events)
            size += sum(event.ByteSize() for event in history.events)
        return cls(
            workflow_tasks=kinds[Event.EVENT_TYPE_WORKFLOW_TASK_COMPLETED],
            activities=kinds[Event.EVENT_TYPE_ACTIVITY_TASK_COMPLETED] + kinds[Event.EVENT_TYPE_MARKER_RECORDED],
            signals=kinds[Event.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED],
            events=sum(kinds.values()),
            bytes=size,
            commands={name: kinds[kind] for name, kind in COMMANDS.items()},
        )


COMMANDS = {
    "workflows": Event.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    "activities": Event.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    "local_activities": Event.EVENT_TYPE_MARKER_RECORDED,
    "timers_started": Event.EVENT_TYPE_TIMER_STARTED,
    "timers_cancelled": Event.EVENT_TYPE_TIMER_CANCELED,
    "search_attribute_upserts": Event.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
}


async def fetch(client: Client, workflow_ids: Iterable[str]) -> list[WorkflowHistory]:
    return [await client.get_workflow_handle(each).fetch_history() for each in workflow_ids]


def activities_completed_ns(history: WorkflowHistory) -> list[int]:
    """When the engine noted each result of an activity, in nanoseconds since 1970."""
    return [
        event.event_time.ToNanoseconds()
        for event in history.events
        if event.event_type == Event.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    ]
