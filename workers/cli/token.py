"""`promiseline token`"""

from __future__ import annotations

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import WORKER_ROLE, Settings
from portal.database import make_engine, utcnow
from portal.models import User
from portal.services.accounts import create_token
from portal.services.transaction import Context

LONGEST_DAYS = 3650


@click.group()
def command() -> None:
    """Tokens with which programs act for a user."""


@command.command()
@click.option("--user", "email", required=True, metavar="MAIL", help="Mail address of the user it acts for.")
@click.option("--name", default="API", show_default=True, help="What it is for.")
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_DAYS),
    default=365,
    show_default=True,
    help="For how many days it is valid.",
)
def create(email: str, name: str, days: int) -> None:
    """Make a token and print it. It is shown this once: only its hash is kept."""
    engine = make_engine(Settings.load(), WORKER_ROLE, 1)
    try:
        with Session(engine) as session:
            user = session.scalar(select(User).where(User.email == email.strip().lower()))
            if user is None:
                raise click.UsageError(f"there is no user {email}")
            if not user.active:
                raise click.UsageError(f"{email} is kept out; let them in again first")
            who = Context(actor="promiseline token create", channel="cli", now=utcnow())
            click.echo(create_token(session, who, user, name.strip()[:200] or "API", days))
    finally:
        engine.dispose()
