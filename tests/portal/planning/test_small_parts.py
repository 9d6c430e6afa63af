"""Cursors, sums and strips: the small pure parts that the desks rest on."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal import paging
from portal.models import Backorder, BackorderPromise, PurchaseOrderLine, SupplyPromise
from portal.planning.amounts import Sums
from portal.planning.promises import backorder_points, line_points
from portal.planning.stories import newest_first, of_promises

TODAY = date(2026, 11, 18)


def test_a_cursor_brings_back_the_key_it_was_made_of() -> None:
    key = (3, date(2027, 1, 5), Decimal("-12.50"), "line")
    assert paging.key_of(paging.cursor(*key), int, date, Decimal, str) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "not a cursor",
        "ä",
        paging.cursor("other", 1),
        base64.urlsafe_b64encode(b'[["i","x"]]').decode(),
        base64.urlsafe_b64encode(b'{"a":1}').decode(),
        base64.urlsafe_b64encode(b"[1,2]").decode(),
    ],
)
def test_what_is_no_cursor_starts_anew(text: str) -> None:
    assert paging.key_of(text, int) is None


def test_amounts_are_never_added_across_currencies() -> None:
    sums = Sums.of([("EUR", Decimal(2)), ("USD", Decimal(5)), ("EUR", Decimal(1)), ("GBP", None)])
    assert sums.parts == (("USD", Decimal(5)), ("EUR", Decimal(3)))
    assert sums.as_money == "$5.00 + €3.00"
    assert not Sums.of([("EUR", None)])


def ledger_row(kind: str, day: date, answer: int | None) -> SupplyPromise:
    return SupplyPromise(
        kind=kind, due_date=day, quantity=1, answer_id=answer, reason_code="capacity" if answer == 2 else None
    )


def test_an_answer_in_parts_counts_from_the_day_all_of_it_has_come() -> None:
    line = PurchaseOrderLine(status="confirmed", requested_date=date(2026, 12, 1))
    rows = [
        ledger_row("requested", date(2026, 12, 1), None),
        ledger_row("original", date(2026, 12, 2), 1),
        ledger_row("revision", date(2026, 12, 9), 2),
        ledger_row("revision", date(2026, 12, 20), 2),
    ]
    points = line_points(line, rows, TODAY)
    assert [(point.kind, point.day, point.words, point.cause) for point in points] == [
        ("requested", date(2026, 12, 1), "Requested", ""),
        ("original", date(2026, 12, 2), "Promised", ""),
        ("revised", date(2026, 12, 20), "Moved in 2 parts", "No capacity"),
        ("today", TODAY, "Today", ""),
    ]


def promise(day: date | None, basis: str = "planned") -> BackorderPromise:
    return BackorderPromise(
        promised_date=day, basis=basis, reason_code="supplier_moved", actor="Promiseline", at=datetime.now(UTC)
    )


def test_a_firmer_promise_of_the_same_day_is_no_revision() -> None:
    backorder = Backorder(status="awaiting_supply", requested_date=date(2026, 12, 1))
    rows = [promise(date(2026, 12, 3)), promise(date(2026, 12, 3), "confirmed"), promise(None)]
    rows.append(promise(date(2026, 12, 9)))
    points = backorder_points(backorder, rows, None, TODAY)
    assert [(point.kind, point.day) for point in points] == [
        ("requested", date(2026, 12, 1)),
        ("original", date(2026, 12, 3)),
        ("revised", date(2026, 12, 9)),
        ("today", TODAY),
    ]


def test_of_the_same_instant_the_later_written_stands_first() -> None:
    rows = [promise(date(2026, 12, 3)), promise(date(2026, 12, 9))]
    for row in rows:
        row.at = datetime(2026, 11, 18, tzinfo=UTC)
    titles = [event.title for event in newest_first(of_promises(rows))]
    assert [title.split(" (")[0] for title in titles] == [
        "Promised for Wed 9 Dec 2026",
        "Promised for Thu 3 Dec 2026",
    ]
