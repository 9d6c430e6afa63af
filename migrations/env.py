"""Runs migrations in one transaction, one process at a time."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

import portal.models  # noqa: F401  the metadata is whole once every table is imported
from portal.database import Base

#: Any number, the same for every process: whoever holds this lock is migrating.
MIGRATION_LOCK = 7_316_002


def run() -> None:
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
        context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    raise SystemExit("migrations need a database to run against")
run()
