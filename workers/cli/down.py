"""`promiseline down`"""

from __future__ import annotations

import click
import psutil

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
        supervisor = psutil.Process(pid)
        supervisor.terminate()
        supervisor.wait(PATIENCE_S)
    except psutil.NoSuchProcess:
        pass
    except psutil.AccessDenied:
        raise click.ClickException(f"process {pid} belongs to another user: stop it as that user") from None
    except psutil.TimeoutExpired:
        raise click.ClickException(f"process {pid} did not end within {PATIENCE_S} s: see the logs") from None
    click.echo("stopped")
