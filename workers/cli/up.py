"""`promiseline up`"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from datetime import datetime

import click

from portal.config import Settings
from workers.supervisor import lock, parts
from workers.supervisor.supervise import PartFailed, Supervisor

DEMO_PASSWORD = "promiseline-demo"  # noqa: S105 - the published password of the demo company
LAST_LINE = "Ctrl-C stops everything."


@click.command()
@click.option("--no-demo", is_flag=True, help="Start without the demo company.")
def command(no_demo: bool) -> None:
    """Start every part, show when each is ready, and run until Ctrl-C."""
    settings = Settings.load()
    try:
        with lock.held(settings.home):
            parts.check_ports(settings)
            asyncio.run(_run(settings, demo=settings.development and not no_demo))
    except (lock.AlreadyRunning, PartFailed) as error:
        raise click.ClickException(str(error)) from error


async def _run(settings: Settings, *, demo: bool) -> None:
    supervisor = Supervisor(parts.stages(settings), settings.home, settings.log_folder, _say)
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if each is signal.SIGHUP and signal.getsignal(each) is signal.SIG_IGN:
            continue  # under nohup, which means to outlive its terminal
        loop.add_signal_handler(each, _stopping(supervisor))

    def when_ready() -> None:
        _print(_addresses(settings, demo=demo))
        if demo:
            supervisor.run_beside(parts.demo(settings))

    await supervisor.run(when_ready)
    _print("stopped")


def _stopping(supervisor: Supervisor) -> Callable[[], None]:
    def stop() -> None:
        _print("stopping (again to stop at once)")
        supervisor.stop()

    return stop


def _addresses(settings: Settings, *, demo: bool) -> str:
    lines = ["", f"  Portal       {settings.base_url}", f"  Temporal UI  {settings.temporal_ui_url}"]
    if settings.development and not settings.smtp_url:
        lines.append(f"  Mail         {settings.base_url}/dev/mail")
    if demo:
        lines.append(f"  Sign in as   buyer@demo.example, supplier@demo.example, … ({DEMO_PASSWORD})")
    return "\n".join([*lines, f"  {LAST_LINE}", ""])


def _say(part: str, message: str) -> None:
    _print(f"{datetime.now().astimezone():%H:%M:%S}  {part:<9} {message.rstrip()}")


def _print(text: str) -> None:
    with contextlib.suppress(OSError):  # a terminal that went away is no reason to end badly
        click.echo(text)
