"""Starting and signalling workflows, and what the engine's answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from workflows.contract import CORE_QUEUE, Message
from workflows.visibility import KEYS

CALL_TIMEOUT = timedelta(seconds=10)
LONGEST_SUMMARY_BYTES = 200

Code = RPCStatusCode
#: The engine as a whole can't serve us now; the message is fine.
DOWN = frozenset(
    {
        Code.UNAVAILABLE,
        Code.DEADLINE_EXCEEDED,
        Code.RESOURCE_EXHAUSTED,
        Code.ABORTED,
        Code.CANCELLED,
        Code.UNAUTHENTICATED,
    }
)
#: Asking again can't help: too large, unknown search attribute, not allowed.
REFUSED = frozenset({Code.INVALID_ARGUMENT, Code.PERMISSION_DENIED, Code.UNIMPLEMENTED, Code.FAILED_PRECONDITION})


class Trouble(Enum):
    DOWN = auto()
    #: The workflow that a signal is for does not run: it ended, or the engine has lost it.
    NOT_RUNNING = auto()
    REFUSED = auto()
    #: Anything else: asked again later, but not for ever.
    ODD = auto()


def trouble(error: Exception) -> Trouble:
    """What a failed call means for the message that it was about. Raises what is not the engine's doing."""
    if isinstance(error, RPCError):
        if error.status in DOWN:
            return Trouble.DOWN
        if error.status is Code.NOT_FOUND:
            # a namespace that is not there yet concerns every message
            return Trouble.DOWN if "amespace" in error.message else Trouble.NOT_RUNNING
        return Trouble.REFUSED if error.status in REFUSED else Trouble.ODD
    if isinstance(error, RuntimeError):  # how the client says that it could not connect
        return Trouble.DOWN
    raise error


class Engine:
    """The calls that the relay and the reconciliation make."""

    def __init__(self, client: Client, portal_url: str, queue: str = CORE_QUEUE) -> None:
        self.client = client
        self._portal_url = portal_url
        self._queue = queue

    async def start(
        self,
        workflow_type: str,
        workflow_id: str,
        job: Mapping[str, Any],
        *,
        summary: str = "",
        attributes: Mapping[str, Any] | None = None,
        again: bool = False,
    ) -> None:
        """Start a workflow unless one runs under this id; `again` also when one has ended.

        Raises RPCError, or RuntimeError when the engine can't be reached.
        """
        job = dict(job)
        if not job.get("portal_url", "-"):
            job["portal_url"] = self._portal_url
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE if again else WorkflowIDReusePolicy.REJECT_DUPLICATE
        try:
            await self.client.start_workflow(
                workflow_type,
                job,
                id=workflow_id,
                task_queue=self._queue,
                id_reuse_policy=reuse,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=_shortened(summary) or None,
                search_attributes=_typed(attributes or {}),
                rpc_timeout=CALL_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            return  # it ran, and has ended: this start was delivered before

    async def signal(self, workflow_id: str, name: str, message: Message) -> None:
        """Raises RPCError, or RuntimeError when the engine can't be reached."""
        handle = self.client.get_workflow_handle(workflow_id)
        await handle.signal(name, message, rpc_timeout=CALL_TIMEOUT)


def _typed(attributes: Mapping[str, Any]) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(KEYS[name], datetime.fromisoformat(value) if name in INSTANTS else value)
            for name, value in attributes.items()
            if value is not None
        ]
    )


INSTANTS = frozenset(name for name, key in KEYS.items() if key.indexed_value_type.name == "DATETIME")


def _shortened(summary: str) -> str:
    return summary.encode()[:LONGEST_SUMMARY_BYTES].decode(errors="ignore")
