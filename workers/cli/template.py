"""`promiseline template`"""

from __future__ import annotations

from pathlib import Path

import click

from importers.kinds import KINDS
from importers.templates import template


@click.command()
@click.argument("kind", metavar="TYPE", type=click.Choice(list(KINDS)))
@click.argument("file", metavar="OUT.xlsx", type=click.Path(dir_okay=False, path_type=Path))
def command(kind: str, file: Path) -> None:
    """Write an empty workbook to fill in, with a sheet that explains each column."""
    if file.suffix.lower() != ".xlsx":
        raise click.UsageError(f"{file.name} must end in .xlsx")
    file.write_bytes(template(kind))
    click.echo(f"{KINDS[kind].title}: fill in {file} and bring it in with `promiseline import {kind} {file}`")
