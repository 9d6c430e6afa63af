"""`promiseline import`"""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from importers.check import BadOption, Options
from importers.kinds import KINDS
from importers.problems import Problem, grouped
from portal.config import WORKER_ROLE, Settings
from portal.database import make_engine, utcnow
from portal.models import User
from portal.services import imports
from portal.services.transaction import Context

BAD_INPUT = 2


@click.command()
@click.argument("kind", metavar="TYPE", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check the file and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, and nothing else.")
@click.option("--accept-valid", is_flag=True, help="Take the valid rows although others are refused.")
@click.option("--sheet", metavar="NAME", help="The sheet to read.")
@click.option("--header-row", type=int, metavar="N", help="The row with the names of the columns, from 1.")
@click.option("--last-row", type=int, metavar="N", help="The last row to read.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=HEADER",
    help="Which column holds a field, by header or letter. May be given several times.",
)
@click.option("--date-format", metavar="FORMAT", help="dmy, mdy, ymd, or one like DD.MM.YYYY.")
@click.option("--decimal", type=click.Choice([".", ","]), help="The decimal mark.")
@click.option(
    "--duplicates",
    type=click.Choice(["refuse", "sum", "keep"]),
    default="refuse",
    show_default=True,
    help="What the same row twice means.",
)
@click.option("--time-zone", metavar="NAME", help="Where the times were written; UTC, or the user's own.")
@click.option("--user", "email", metavar="MAIL", help="Import as this user, with this user's rights.")
@click.pass_context
def command(
    ctx: click.Context,
    kind: str,
    file: Path,
    dry_run: bool,
    as_json: bool,
    accept_valid: bool,
    email: str | None,
    time_zone: str | None,
    columns: tuple[str, ...],
    **how: Any,
) -> None:
    """Bring in a spreadsheet: all of it, or nothing and every problem named.

    Ends with status 2 when rows are refused and nothing was written.
    """
    engine = make_engine(Settings.load(), WORKER_ROLE, 1)
    try:
        with Session(engine) as session:
            user = _user(session, email) if email else None
            zone = time_zone or (user.time_zone if user else "UTC")
            options = _options(columns, time_zone=zone, **how)
            who = Context(
                actor=user.name if user else f"system import ({_os_user()})",
                channel="command",
                now=utcnow(),
                actor_id=user.id if user else None,
            )
            data = file.read_bytes()
            if dry_run:
                wanted = imports.kind_named(kind)
                imports.demand_permission(user, wanted)
                report, batch = imports.examine(session, who, kind, data, file.name, options).report, None
                session.rollback()
            else:
                report, batch = imports.load(
                    session, who, user, kind, data, file.name, options, accept_valid=accept_valid
                )
            number = batch.number if batch else None
    finally:
        engine.dispose()
    if as_json:
        click.echo(json.dumps(report, indent=1))
    else:
        _tell(report, number, dry_run=dry_run)
    if number is None and _nothing_taken(report, dry_run=dry_run):
        click.echo(f"promiseline: {_refusal(report)}", err=True)
        ctx.exit(BAD_INPUT)


def _user(session: Session, email: str) -> User:
    user = session.scalar(select(User).where(User.email == email.strip().lower(), User.active))
    if user is None:
        raise click.UsageError(f"there is no user {email}")
    return user


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return str(os.getuid())


def _options(columns: tuple[str, ...], **how: Any) -> Options:
    chosen = dict(pair.split("=", 1) for pair in columns if "=" in pair)
    if len(chosen) < len(columns):
        raise click.UsageError("--column takes FIELD=HEADER, each field once")
    try:
        return Options(columns=chosen or None, **how)
    except BadOption as error:
        raise click.UsageError(str(error)) from error


def _nothing_taken(report: dict[str, Any], *, dry_run: bool) -> bool:
    """Whether this is bad input: an import that wrote nothing, or a dry run that found errors."""
    return not dry_run or any(problem["severity"] == "error" for problem in report["problems"])


def _refusal(report: dict[str, Any]) -> str:
    worst = next((each for each in report["problems"] if each["severity"] == "error"), None)
    if report["rejected"]:
        row = f", first row {worst['row']}: {worst['message']}" if worst and worst["row"] else ""
        return f"{report['rejected']} of {report['rows']} rows can't be taken, so nothing was written{row}"
    return f"nothing was written: {worst['message'] if worst else 'the file holds no rows'}"


def _tell(report: dict[str, Any], number: str | None, *, dry_run: bool) -> None:
    verb = "would be " if dry_run else ""
    click.echo(
        f"{number or report['file']}: {report['rows']} rows read, {report['rejected']} refused;"
        f" {report['created']} {verb}new, {report['updated']} {verb}changed, {report['unchanged']} there already"
        f" ({report['elapsed_s']:.1f} s)"
    )
    for group in grouped(Problem(**each) for each in report["problems"]):
        rows = ", ".join(str(each.row) for each in group.examples if each.row)
        more = f" and {group.count - len(group.examples)} more" if group.count > len(group.examples) else ""
        where = f" (row {rows}{more})" if rows else ""
        click.echo(f"  {group.severity}: {group.column or 'the file'}{where}: {group.message}")
