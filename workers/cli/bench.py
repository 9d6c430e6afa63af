"""`promiseline bench`"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import pkgutil

import click

from workers.supervisor.supervise import PartFailed


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def command(name: str, as_json: bool) -> None:
    """Measure NAME on an installation of its own, which is gone afterwards; takes some minutes."""
    if name not in (known := _names()):
        raise click.UsageError(f"there is no benchmark {name}; choose {' or '.join(known)}")
    benchmark = importlib.import_module(f"bench.{name}")
    try:
        found = benchmark.measure()
    except (PartFailed, TimeoutError) as error:
        raise click.ClickException(str(error)) from error
    except asyncio.CancelledError:  # SIGTERM
        raise click.Abort from None
    click.echo(json.dumps(found, indent=1) if as_json else benchmark.told(found))


def _names() -> list[str]:
    """The modules of the package `bench`, which nothing of ours imports."""
    spec = importlib.util.find_spec("bench")
    folders = spec.submodule_search_locations if spec else None
    return sorted(each.name for each in pkgutil.iter_modules(folders or []) if not each.ispkg)
