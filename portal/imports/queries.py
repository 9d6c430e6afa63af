"""What the imports desk reads."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort
from sqlalchemy import select

from portal import access
from portal.database import db
from portal.models import ImportBatch
from portal.paging import Page, key_of, page
from portal.services.imports import kind_named

PAGE = 25


def history(kinds: Sequence[str], cursor: str | None) -> Page[ImportBatch]:
    """Imports of these kinds, newest first."""
    query = select(ImportBatch).where(ImportBatch.kind.in_(kinds)).order_by(ImportBatch.id.desc()).limit(PAGE + 1)
    after = key_of(cursor, int)
    if after is not None:
        query = query.where(ImportBatch.id < after[0])
    return page(db.session.scalars(query).all(), PAGE, lambda batch: (batch.id,))


def batch(number: str) -> ImportBatch:
    """An import that this user may see: 404 when there is none, 403 when its kind is not theirs to bring in."""
    found = db.session.scalar(select(ImportBatch).where(ImportBatch.number == number))
    if found is None:
        abort(404)
    access.demand(kind_named(found.kind).permission)
    return found
