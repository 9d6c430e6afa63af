"""Messages to workflows, written in the transaction of what they tell of; a relay delivers them after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.models import OutboxMessage
from workflows.contract import AllocationJob, BackorderJob, LineJob, NoticeJob

Job = BackorderJob | LineJob | AllocationJob | NoticeJob
#: Values of search attributes by name; instants as ISO text. See workflows.contract.SEARCH_ATTRIBUTES.
Attributes = Mapping[str, str | int | bool]

#: Not read back: a supplier's or customer's transaction may write messages but not see them.
_POST = insert(OutboxMessage.__table__).inline()  # type: ignore[arg-type]  # a declarative class's table is a Table


def post_start(
    session: Session,
    workflow_type: str,
    workflow_id: str,
    job: Job,
    summary: str = "",
    attributes: Attributes | None = None,
) -> str:
    """Have a workflow started once the transaction has committed; returns the message's id.

    A workflow that runs or ran under this id is left alone. `summary` is the one line that operators
    read in lists (at most 200 bytes); it and the attributes hold no name, mail address or price.
    """
    payload: dict[str, Any] = {"job": asdict(job)}
    if summary:
        payload["summary"] = summary
    if attributes:
        payload["attributes"] = dict(attributes)
    return _post(session, workflow_id, "start", workflow_type, payload)


def post_signal(session: Session, workflow_id: str, signal: str, ref: str = "") -> str:
    """Wake a workflow once the transaction has committed; returns the message's id.

    `signal` says what happened, `ref` to what (an id or number); what it means is read from the database.
    """
    return _post(session, workflow_id, "signal", signal, {"ref": ref} if ref else {})


def _post(session: Session, workflow_id: str, op: str, name: str, payload: dict[str, Any]) -> str:
    message_id = str(uuid4())
    session.execute(
        _POST,
        {"message_id": message_id, "workflow_id": workflow_id, "op": op, "name": name, "payload": payload},
    )
    return message_id
