"""How a body runs: one session, ids on every log line, and failures told apart.

A broken rule stays broken, so it is never retried. A database that does not answer is expected and
retried quietly. Anything else is a defect and retried loudly, until a mended version runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.errors import RuleViolation
from portal.database import utcnow

T = TypeVar("T")
Clock = Callable[[], datetime]

log = structlog.get_logger()


class Transactions:
    """Runs services of the portal on the worker's own connections."""

    def __init__(self, engine: Engine, clock: Clock = utcnow) -> None:
        self.engine = engine
        self.clock = clock

    def run(self, service: Callable[[Session], T]) -> T:
        """One transaction. Raises ApplicationError."""
        with told_apart(), Session(self.engine) as session:
            result = service(session)
            session.commit()
        return result


@contextmanager
def told_apart() -> Iterator[None]:
    """Binds the workflow's and activity's names to every log line; maps what is raised."""
    info = activity.info()
    with structlog.contextvars.bound_contextvars(workflow_id=info.workflow_id, activity=info.activity_type):
        try:
            yield
        except RuleViolation as error:
            log.warning("a rule forbids it", why=str(error))
            raise ApplicationError(
                str(error),
                [fault.__dict__ for fault in error.faults],
                type=type(error).__name__,
                non_retryable=True,
            ) from error
        except (OperationalError, InterfaceError, PoolExhausted) as error:
            raise _try_again(error) from None
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise _try_again(error) from None


def _try_again(error: Exception) -> ApplicationError:
    why = str(error).strip().splitlines()[0][:300]
    log.warning("the database did not answer, trying again", why=why, attempt=activity.info().attempt)
    return ApplicationError(why, type="DatabaseUnavailable", category=ApplicationErrorCategory.BENIGN)
