"""`promiseline down`"""

from __future__ import annotations

import os
import signal
import time

import click

from portal.config import Settings
from workers.supervisor import lock

PATIENCE_S = 120


@click.command()
def command() -> None:
    """Stop the `promiseline up` of this home, wherever it was started."""
    home = Settings.load().home
    pid = lock.holder(home)
    if pid is None:
        click.echo(f"nothing runs in {home}")
        return
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError:
        raise click.ClickException(f"process {pid} belongs to another user: stop it as that user") from None
    deadline = time.monotonic() + PATIENCE_S
    while lock.holder(home) == pid:  # the home is free again once everything has ended
        if time.monotonic() > deadline:
            raise click.ClickException(f"process {pid} did not end within {PATIENCE_S} s: see the logs")
        time.sleep(0.1)
    click.echo("stopped")
