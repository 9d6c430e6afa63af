"""`python -m workers.demo`: load the demo company, once; or write its workbooks."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

import click
from sqlalchemy.orm import Session

from portal.config import WORKER_ROLE, NotRunning, Settings
from portal.database import make_engine, utcnow
from portal.logs import configure_logging
from workers import process
from workers.demo import company, people, top_up
from workers.demo.load import load
from workers.demo.shape import ORDER, SIZES
from workers.demo.world import Stuck, World

PAUSE_S = 0.4
SEED = 20


@click.command()
@click.option("--seed", default=SEED, show_default=True, help="Another seed is another company.")
@click.option("--size", type=click.Choice(list(SIZES)), default="full", show_default=True)
@click.option(
    "--write-files",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the company's workbooks there, one a kind, and load nothing.",
)
def main(seed: int, size: str, folder: Path | None) -> None:
    """Load the demo company into an empty database, or go on where loading it stopped."""
    if folder is not None:
        write_files(seed, size, folder)
        return
    settings = Settings.load()
    engine = make_engine(settings, WORKER_ROLE, 2)
    world = World(
        session=lambda: Session(engine),
        now=utcnow,
        pause=lambda: time.sleep(PAUSE_S),
        seconds=time.monotonic,
        say=click.echo,
        hashed_password=lambda: people.hashed_password(settings),
    )
    try:
        if load(world, seed, size):
            click.echo("the demo company is loaded")
        elif not top_up.keep_supplier_asked(world):
            click.echo("there is data already; nothing to load")
    finally:
        engine.dispose()


def write_files(seed: int, size: str, folder: Path) -> None:
    """The filled templates, to be brought in in the order in which they are named."""
    folder.mkdir(parents=True, exist_ok=True)
    made = company.make(seed, size, utcnow().date())
    for kind in ORDER:
        file = folder / f"{kind}.xlsx"
        file.write_bytes(made.workbook(kind))
        click.echo(f"{file}: {len(made.rows[kind])} rows")


def run() -> int:
    configure_logging("demo")
    try:
        main.main(standalone_mode=False)
    except (Stuck, NotRunning) as error:
        click.echo(f"the demo company is not loaded: {error}", err=True)
        return 1
    except click.ClickException as error:
        click.echo(error.format_message(), err=True)
        return 2
    except Exception as error:
        logging.getLogger("promiseline.demo").exception("loading the demo company failed")
        click.echo(f"the demo company is not loaded: {error}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(process.finish(run()))
