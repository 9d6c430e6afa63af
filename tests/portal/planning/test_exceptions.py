"""What the planning desk finds, counts and puts first."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy.orm import Session

from portal.planning.queries import bottlenecks, exceptions
from portal.planning.queries.exceptions import ALL, Filters, Kind
from tests.portal.planning.world import World, add_asked_lines


def test_what_needs_a_planner_is_found_weighed_and_put_first(session: Session, world: World) -> None:
    today = world.now.date()
    tallies = exceptions.tallies(session, today, Filters())
    assert {kind: tallies[kind].count for kind in Kind} == {
        Kind.PROPOSED: 1,
        Kind.UNANSWERED: 2,
        Kind.UNCOVERED: 1,
        Kind.LATE: 1,
        Kind.SLIPPED: 2,
        Kind.MAIL: 1,
    }
    assert tallies[ALL].count == 8
    assert tallies[Kind.PROPOSED].money.parts == (("EUR", Decimal(84)),)  # 7 valves at 12
    assert tallies[Kind.UNANSWERED].money.parts == (("EUR", Decimal(126)),)  # 10 and 4 widgets at 9
    assert tallies[Kind.UNCOVERED].money.parts == (("EUR", Decimal(50)),)  # 2.5 of 3.5 kg at 20, 1 kg was free

    found = exceptions.page(session, ALL, today, Filters(), None).items
    assert len(found) == 8
    assert [(each.priority, -each.days_late, -each.value) for each in found] == sorted(
        (each.priority, -each.days_late, -each.value) for each in found
    )
    # Nora is a tier A customer; hers that are late hurt most
    assert [each.kind for each in found[:2]] == [Kind.LATE, Kind.SLIPPED]

    only_acme = exceptions.tallies(session, today, Filters(supplier_code="ACME"))
    assert only_acme[Kind.LATE].count == only_acme[Kind.UNCOVERED].count == 0
    assert only_acme[Kind.UNANSWERED].count == 2
    by_sku = exceptions.tallies(session, today, Filters(sku="SEAL"))
    assert (by_sku[Kind.LATE].count, by_sku[Kind.MAIL].count, by_sku[ALL].count) == (1, 1, 2)

    suppliers = {one.code: one for one in bottlenecks.by_supplier(session, today)}
    assert suppliers["RIVAL"].money.parts == (("EUR", Decimal(72)),)
    assert suppliers["RIVAL"].customers == 2
    products = {one.code: one for one in bottlenecks.by_product(session, today)}
    assert products["WIDGET"].short.as_quantities == "14\N{NO-BREAK SPACE}ea"
    assert products["NUT"].short.parts == (("ea", Decimal(10)),)  # 16 ordered, 6 reserved


def test_pages_of_exceptions_leave_nothing_out(session: Session, world: World) -> None:
    add_asked_lines(session, world, world.company.acme, 24)
    seen, cursor = [], None
    while True:
        page = exceptions.page(session, ALL, world.now.date(), Filters(), cursor)
        seen += [(each.thing, each.id) for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 8 + 24  # each of the 24 is promised later than wanted
