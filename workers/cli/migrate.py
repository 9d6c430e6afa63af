"""`promiseline migrate`"""

from __future__ import annotations

import click

from portal import migrate
from portal.config import OWNER_ROLE, Settings


@click.command()
def command() -> None:
    """Bring the database to the newest shape. `up` does this by itself."""
    settings = Settings.load()
    url = settings.database(OWNER_ROLE)
    before = migrate.current(url)
    migrate.upgrade(settings)
    after = migrate.current(url)
    click.echo(
        f"the database is at {after}" if before == after else f"migrated from {before or 'empty'} to {after}"
    )
