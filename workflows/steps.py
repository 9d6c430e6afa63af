"""What all workflows do alike: run a step, hear of news, look again by themselves, tell people."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import activities, policies
from workflows.contract import Message, notify_queue

A = TypeVar("A")
T = TypeVar("T")

#: How many message ids are remembered, and how many messages operators see.
REMEMBERED, SHOWN = 200, 5


async def transaction(step: Callable[[A], T], argument: A, within: timedelta = policies.TRANSACTION) -> T:
    """Run a step in the database to its end, however long that takes, even while being cancelled.

    Raises ActivityError when a rule forbids it.
    """
    return await uninterrupted(
        workflow.execute_activity(step, argument, start_to_close_timeout=within, retry_policy=policies.PATIENT)
    )


async def quick_transaction(step: Callable[[A], T], argument: A) -> T:
    """The same for what every message brings about: within the workflow task, where it costs the engine
    about half. A worker that dies meanwhile is noticed as soon as with `transaction`."""
    return await uninterrupted(
        workflow.execute_local_activity(
            step,
            argument,
            start_to_close_timeout=policies.TRANSACTION,
            retry_policy=policies.PATIENT,
            local_retry_threshold=policies.LOCAL_RETRIES,
        )
    )


async def send_notice(notice_id: int) -> str:
    """Send one notice, on a queue of its own, so that an outage of the mail server stops nothing else."""
    return await workflow.execute_activity(
        activities.send_notice,
        notice_id,
        task_queue=notify_queue(workflow.info().task_queue),
        start_to_close_timeout=policies.SENDING,
        schedule_to_close_timeout=policies.SENDING_IN_ALL,
        retry_policy=policies.MAIL,
    )


async def uninterrupted(step: Coroutine[Any, Any, T]) -> T:
    """Let a step finish when the workflow is cancelled meanwhile.

    The cancellation is not lost: `workflow.cancellation_reason` keeps it for the main loop to see.
    """
    task = asyncio.create_task(step)
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() or workflow.cancellation_reason() is None:
                raise


def refusal(error: ActivityError) -> str:
    """Why a rule forbade a step. Raises the error again when it was anything else."""
    if isinstance(error.cause, ApplicationError) and error.cause.non_retryable:
        return error.cause.message
    raise error


def should_start_over() -> bool:
    info = workflow.info()
    return info.is_continue_as_new_suggested() or info.get_current_history_length() > policies.LONGEST_HISTORY


@dataclass(frozen=True)
class News:
    name: str
    ref: str
    at: datetime


class Inbox:
    """Messages that the main loop has not acted on. The same message again is no news."""

    def __init__(self, seen: Iterable[str]) -> None:
        self._seen = dict.fromkeys(seen)
        self._unread = 0
        self.latest: deque[News] = deque(maxlen=SHOWN)

    def take(self, name: str, message: Message) -> None:
        if message.id in self._seen:
            return
        self._seen[message.id] = None
        self._unread += 1
        self.latest.append(News(name, message.ref, workflow.now()))

    def nudge(self, name: str) -> None:
        """News without a message: somebody wants the state to be read again."""
        self._unread += 1
        self.latest.append(News(name, "", workflow.now()))

    def read(self) -> None:
        """What has come so far is being acted on."""
        self._unread = 0

    @property
    def unread(self) -> bool:
        return self._unread > 0

    @property
    def seen(self) -> list[str]:
        return list(self._seen)[-REMEMBERED:]


class Alarm:
    """One durable timer, set anew only when its instant moves, so that news costs no timers."""

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    def set(self, at: datetime | None, summary: str) -> None:
        rang = self.rang
        if at == self._at and not rang:
            return
        if self._timer is not None:
            self._timer.cancel()
        soonest = policies.SOONEST_SAME_LOOK if rang and at == self._at else policies.SOONEST_LOOK
        self._at, self._timer = at, None
        if at is not None:
            wait = max(at - workflow.now(), soonest)
            self._timer = asyncio.create_task(workflow.sleep(wait, summary=summary))

    @property
    def rang(self) -> bool:
        return self._timer is not None and self._timer.done()


class Teller:
    """Sends notices beside the main loop, each once at a time.

    `in_order` sends them one after the other, as they were written: for one reader of a story.
    """

    def __init__(self, *, in_order: bool) -> None:
        self._in_order = in_order
        self._last: asyncio.Task[None] | None = None
        self._given: set[int] = set()
        self._open: set[int] = set()

    def tell(self, notices: Iterable[int]) -> None:
        for notice_id in notices:
            if notice_id not in self._given:
                self._given.add(notice_id)
                self._open.add(notice_id)
                before = self._last if self._in_order else None
                self._last = asyncio.create_task(self._send(notice_id, before))

    async def _send(self, notice_id: int, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        try:
            await send_notice(notice_id)
        except ActivityError:
            workflow.logger.warning("notice not sent in time", extra={"notice_id": notice_id})
            self._given.discard(notice_id)  # to be tried again when it is still listed as unsent
        self._open.discard(notice_id)

    @property
    def unsent(self) -> int:
        return len(self._open)

    async def finish(self) -> None:
        """Wait until nothing is left to send."""
        await uninterrupted(workflow.wait_condition(lambda: not self._open))
