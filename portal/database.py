"""The tables' base, the engine for each database role, and whose rows a transaction may see.

Row-level security reads settings that last one transaction: `app.staff`, `app.supplier_id`,
`app.customer_id`, `app.user_id` and `app.signing_in`. They are set at its start from the session's party,
so that a pooled connection never carries one user's view to the next. A session without a party sees no
row of any supplier or customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Engine,
    Identity,
    MetaData,
    Numeric,
    String,
    create_engine,
    event,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, mapped_column, registry

from portal.config import Settings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(naming_convention=NAMING), type_annotation_map={datetime: DateTime(timezone=True)}
    )


#: Gives each request its session. Tables derive from Base, so that workers need no application.
db = SQLAlchemy(metadata=Base.metadata)

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
#: In the product's unit.
Quantity = Annotated[Decimal, mapped_column(Numeric(14, 3))]
Money = Annotated[Decimal, mapped_column(Numeric(14, 4))]
Code = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(200))]
Email = Annotated[str, mapped_column(String(254))]


@dataclass(frozen=True)
class Party:
    """Whose rows a session may see: all of them (staff), one supplier's, one customer's, or none."""

    staff: bool = False
    supplier_id: int | None = None
    customer_id: int | None = None
    #: Whoever is signed in sees their own account, also without a party.
    user_id: int | None = None
    #: Reads users, and nothing else, to find out who is signing in.
    signing_in: bool = False


NO_PARTY = Party()
STAFF = Party(staff=True)
SIGNING_IN = Party(signing_in=True)

_SET_PARTY = text(
    "SELECT set_config('app.staff', :staff, true), set_config('app.supplier_id', :supplier, true),"
    " set_config('app.customer_id', :customer, true), set_config('app.signing_in', :signing_in, true),"
    " set_config('app.user_id', :user, true)"
)


def set_party(session: Session | Any, party: Party) -> None:
    """From now on, also within a transaction that has begun, the session sees what `party` may see."""
    session.info["party"] = party
    if session.in_transaction():
        _apply(session.connection(), party)


def _apply(connection: Connection, party: Party) -> None:
    connection.execute(
        _SET_PARTY,
        {
            "staff": "on" if party.staff else "",
            "supplier": str(party.supplier_id or ""),
            "customer": str(party.customer_id or ""),
            "signing_in": "on" if party.signing_in else "",
            "user": str(party.user_id or ""),
        },
    )


@event.listens_for(Session, "after_begin")
def _set_party_at_begin(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    party = session.info.get("party")
    if party is not None:
        _apply(connection, party)


def engine_options(size: int) -> dict[str, Any]:
    return {
        "pool_size": size,
        "max_overflow": 4,
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "pool_use_lifo": True,
    }


def make_engine(settings: Settings, role: str, size: int = 8) -> Engine:
    return create_engine(settings.database(role), **engine_options(size))


def utcnow() -> datetime:
    """The instant now. The only clock that tables and services use when they are not handed one."""
    return datetime.now(UTC)
