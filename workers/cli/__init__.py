"""The command `promiseline`.

Each module of this package that is not private is a subcommand with the module's name (a trailing
underscore is dropped, the others become hyphens) and offers it as `command`. It is imported when
it is called for, so that no command waits for what another one needs.

A command says what went wrong by raising: click.UsageError (or a rule's violation) for bad input,
click.ClickException for a failure, ctx.exit(status) for an end with nothing more to say.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import NoReturn

import click
import structlog

from domain.errors import RuleViolation
from portal.config import NotRunning, Settings
from portal.logs import configure_command_logging
from workers import process

BAD_INPUT, FAILURE, INTERRUPTED = 2, 1, 130


class Commands(click.Group):
    """The modules beside this one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_module_names())

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        module = _module_names().get(name)
        return importlib.import_module(f"{__name__}.{module}").command if module else None


def _module_names() -> dict[str, str]:
    names = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return {name.rstrip("_").replace("_", "-"): name for name in names}


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="promiseline")
def promiseline() -> None:
    """Promiseline: from a supplier's date to the customer's inbox."""
    try:
        configure_command_logging(Settings.load())
    except (ValueError, OSError) as error:
        raise click.UsageError(f"the settings in the environment don't work: {error}") from error


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; what went wrong is one line on stderr."""
    try:
        status = promiseline.main(list(arguments), prog_name="promiseline", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return BAD_INPUT
    except click.UsageError as error:
        return _refuse(error.format_message(), BAD_INPUT)
    except RuleViolation as error:
        return _refuse(str(error), BAD_INPUT)
    except click.ClickException as error:
        return _refuse(error.format_message(), error.exit_code)
    except NotRunning as error:
        return _refuse(str(error), FAILURE)
    except (click.Abort, KeyboardInterrupt):
        return _refuse("stopped", INTERRUPTED)
    except BrokenPipeError:
        return FAILURE
    except OSError as error:
        return _refuse(str(error), FAILURE)
    except Exception as error:
        # Nobody expected this one: a line for the person, the traceback for whoever mends it.
        structlog.get_logger("promiseline").exception("command failed", arguments=list(arguments)[:2])
        return _refuse(f"{_first_line(error)} (details in command.log)", FAILURE)
    return status if isinstance(status, int) else 0


def _refuse(message: str, status: int) -> int:
    click.echo(f"promiseline: {' '.join(message.split())}", err=True)
    return status


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def main() -> NoReturn:
    process.finish(run(sys.argv[1:]))
