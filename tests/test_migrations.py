"""Migrations go both ways and end where the models are."""

from __future__ import annotations

from alembic import command
from sqlalchemy import create_engine, inspect, text

from portal.migrate import alembic_config
from portal.models import User
from tests.conftest import Database


def test_head_equals_the_models(database: Database) -> None:
    command.check(alembic_config(database.url()))


def test_every_migration_goes_down_and_up_again(database: Database) -> None:
    config = alembic_config(database.url())
    command.downgrade(config, "base")
    engine = create_engine(database.url())
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    command.upgrade(config, "head")
    command.check(config)


def test_every_table_with_a_party_has_row_level_security(database: Database) -> None:
    with database.worker.connect() as connection:
        party_tables = set(
            connection.scalars(
                text(
                    "SELECT DISTINCT table_name FROM information_schema.columns"
                    " WHERE table_schema = 'public' AND column_name IN ('supplier_id', 'customer_id')"
                )
            )
        )
        secured = set(connection.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity")))
    assert User.__tablename__ in party_tables
    assert party_tables <= secured


def test_the_web_owns_nothing_and_cannot_switch_security_off(database: Database) -> None:
    with database.web.connect() as connection:
        owned = connection.scalar(
            text("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole AND relkind = 'r'")
        )
        power = connection.execute(
            text("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        ).one()
    assert owned == 0
    assert tuple(power) == (False, False, False)
