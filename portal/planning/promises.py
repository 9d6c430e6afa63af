"""The points of the promise strip, from the two promise ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from domain.backorder import Status
from domain.reasons import label
from domain.replenishment import CLOSED_LINES, LineStatus
from portal.models import Backorder, BackorderPromise, PurchaseOrderLine, SupplyPromise
from portal.promise_strip import Point


def line_points(line: PurchaseOrderLine, ledger: Sequence[SupplyPromise], today: date) -> list[Point]:
    """A purchase order line's dates. `ledger` is in the order it was written. An answer of several dated
    quantities counts from the day on which all of it has come."""
    points = [Point("requested", line.requested_date)]
    for (kind, _answer), rows in groupby(ledger, key=lambda row: (row.kind, row.answer_id)):
        parts = list(rows)
        if kind in ("original", "revision"):
            cause = label(parts[0].reason_code) if parts[0].reason_code else ""
            words = f" in {len(parts)} parts" if len(parts) > 1 else ""
            points.append(
                Point(
                    "original" if kind == "original" else "revised",
                    max(part.due_date for part in parts),
                    f"{'Promised' if kind == 'original' else 'Moved'}{words}" if words else "",
                    cause,
                )
            )
    if line.status == LineStatus.RECEIVED:
        received = [row.due_date for row in ledger if row.kind == "actual"]
        points.append(Point("actual", max(received), "Received"))
    elif line.status not in CLOSED_LINES:
        points.append(Point("today", today))
    return points


def backorder_points(
    backorder: Backorder, ledger: Sequence[BackorderPromise], delivered_on: date | None, today: date
) -> list[Point]:
    """A backorder's dates. `ledger` is in the order it was written; a promise of the same day as the one
    before it (firmer, say) is no new point."""
    points = [Point("requested", backorder.requested_date)]
    before: date | None = None
    for row in ledger:
        if row.promised_date is None or row.promised_date == before:
            continue
        cause = label(row.supply_reason_code or row.reason_code)
        points.append(Point("original" if before is None else "revised", row.promised_date, cause=cause))
        before = row.promised_date
    if delivered_on is not None and backorder.status == Status.DELIVERED:
        points.append(Point("actual", delivered_on))
    elif backorder.closed_at is None:
        points.append(Point("today", today))
    return points
