"""How long steps may take and how they are repeated."""

from __future__ import annotations

from datetime import timedelta

from temporalio.common import RetryPolicy

#: A short transaction. Also how long the engine takes to notice that a worker died in the middle of one.
TRANSACTION = timedelta(seconds=15)
#: An allocation may wait for the locks of others who give out the same goods.
ALLOCATION = timedelta(seconds=60)
#: Comparing all open backorders and lines with the engine; each page sends a heartbeat.
RECONCILIATION = timedelta(minutes=8)
RECONCILIATION_HEARTBEAT = timedelta(seconds=60)
#: One attempt to send a mail, and how long attempts go on before a reconciliation takes over.
SENDING = timedelta(seconds=45)
SENDING_IN_ALL = timedelta(hours=24)

#: Until the database answers again. Broken rules are never retried: the bodies of activities say so.
PATIENT = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
#: Longer pauses between attempts are timers, which survive the worker.
LOCAL_RETRIES = timedelta(seconds=3)
#: Until the mail server takes it.
MAIL = RetryPolicy(
    initial_interval=timedelta(seconds=2), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=10)
)

#: A workflow with more events than this starts over from the database's view.
LONGEST_HISTORY = 4_000

#: A look at an instant that is past comes no sooner than this, and no sooner than the second one when
#: the last look has not moved the instant: clocks of machines differ a little.
SOONEST_LOOK = timedelta(seconds=5)
SOONEST_SAME_LOOK = timedelta(minutes=5)
