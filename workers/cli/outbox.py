"""`promiseline outbox`"""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.config import WORKER_ROLE, Settings
from portal.database import STAFF, make_engine, set_party, utcnow
from portal.models import OutboxMessage
from portal.services import dead_letters
from portal.services.transaction import Context


@click.group()
def command() -> None:
    """Messages to workflows that were not delivered: list them, try dead letters again or give them up."""


@command.command("list")
@click.option("--dead", is_flag=True, help="Only those that were refused for good.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the messages as JSON.")
def list_(dead: bool, limit: int, as_json: bool) -> None:
    """Show undelivered messages, dead letters first."""
    which = dead_letters.dead if dead else dead_letters.waiting
    rows = _run(lambda session: [_shown(each) for each in which(session, limit)])
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    elif not rows:
        click.echo("nothing waits")
    else:
        for row in rows:
            state = f"DEAD after {row['attempts']}" if row["dead_at"] else f"waits, {row['attempts']} tries"
            click.echo(f"{row['id']:>8}  {row['created_at']}  {state:<14}  {row['op']} {row['name']}")
            click.echo(
                f"{'':8}  to {row['workflow_id']}" + (f": {row['last_error']}" if row["last_error"] else "")
            )


@command.command()
@click.argument("message_id", metavar="ID", type=int)
@click.option("--reason", required=True, help="Why it will work now; kept in the audit trail.")
def retry(message_id: int, reason: str) -> None:
    """Have dead letter ID tried again."""
    _run(lambda session: dead_letters.retry(session, _operator(), message_id, reason))
    click.echo(f"message {message_id} will be tried again")


@command.command()
@click.argument("message_id", metavar="ID", type=int)
@click.option("--reason", required=True, help="Why nobody misses it; kept in the audit trail.")
def discard(message_id: int, reason: str) -> None:
    """Give up dead letter ID."""
    _run(lambda session: dead_letters.discard(session, _operator(), message_id, reason))
    click.echo(f"message {message_id} was given up")


def _run(work: Callable[[Session], Any]) -> Any:
    engine = make_engine(Settings.load(), WORKER_ROLE, size=1)
    try:
        with Session(engine) as session:
            set_party(session, STAFF)
            return work(session)
    except SQLAlchemyError as error:
        raise click.ClickException(f"the database: {str(error).strip().splitlines()[0]}") from error
    finally:
        engine.dispose()


def _operator() -> Context:
    """The person at the terminal, by their account on this machine."""
    return Context(actor=f"{getpass.getuser()} (command)", channel="command", now=utcnow())


def _shown(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "message_id": message.message_id,
        "workflow_id": message.workflow_id,
        "op": message.op,
        "name": message.name,
        "created_at": _instant(message.created_at),
        "attempts": message.attempts,
        "dead_at": _instant(message.dead_at),
        "last_error": message.last_error,
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
