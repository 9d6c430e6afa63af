"""How far loading has come: kept in one row, so that the portal can show it and a second start goes on."""

from __future__ import annotations

from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal.models import Customer, DemoProgress, Product, Supplier, User, Warehouse
from portal.services.transaction import Context, announce, service

TOPIC = "demo"


@service
def begin(session: Session, who: Context, seed: int, size: str, today: date) -> DemoProgress | None:
    """The row of a load that has begun, else a new one; None when the database holds somebody else's data."""
    row = session.get(DemoProgress, 1, with_for_update=True)
    if row is not None:
        return row
    if any(session.scalar(select(exists().where(table.id.is_not(None)))) for table in
           (Product, Supplier, Customer, Warehouse, User)):  # fmt: skip
        return None
    row = DemoProgress(id=1, seed=seed, size=size, today=today, started_at=who.now, step="Getting ready")
    session.add(row)
    announce(session, TOPIC)
    return row


@service
def note(session: Session, percent: int, step: str) -> None:
    """It never goes back, so that a step begun anew is not shown as lost."""
    row = session.get_one(DemoProgress, 1)
    if percent > row.percent or step != row.step:
        row.percent = max(row.percent, percent)
        row.step = step
        announce(session, TOPIC)


@service
def finish(session: Session, who: Context) -> None:
    row = session.get_one(DemoProgress, 1)
    row.percent, row.step, row.finished_at = 100, "Loaded", who.now
    announce(session, TOPIC)
