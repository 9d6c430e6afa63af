"""Files brought in: what is found in them, what they change, and what they leave alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from domain.errors import Conflict, Forbidden, RuleViolation
from importers.check import Options
from importers.templates import export, export_csv
from portal.database import Base
from portal.models import (
    Backorder,
    Product,
    PurchaseOrderLine,
    Receipt,
    SalesOrder,
    SalesOrderLine,
    SoftPeg,
    Stock,
    Supplier,
    User,
    Warehouse,
)
from portal.services import backorders, imports
from portal.services.import_kinds import IMPORT_KINDS
from portal.services.transaction import Context
from tests.builders import add_user, make_company
from tests.conftest import NOW

Who = Callable[..., Context]
Rows = list[dict[str, Any]]

TODAY = NOW.date()
SOON = TODAY + timedelta(days=20)


def load(session: Session, who: Context, kind: str, rows: Rows, **options: Any) -> dict[str, Any]:
    report, _ = imports.load(session, who, None, kind, export(kind, rows), f"{kind}.xlsx", **options)
    return report


def so(number: str = "SO-1", sku: str = "WIDGET", quantity: str = "5", **more: Any) -> dict[str, Any]:
    return {
        "order_number": number,
        "customer_code": "NORA",
        "sku": sku,
        "quantity": Decimal(quantity),
        "requested_date": SOON,
        **more,
    }


def po(number: str = "PO-1", sku: str = "WIDGET", quantity: str = "50", **more: Any) -> dict[str, Any]:
    return {"po_number": number, "sku": sku, "quantity": Decimal(quantity), "requested_date": SOON, **more}


#: One file of each kind for the builders' company, in the order in which they need each other.
FILES: dict[str, Rows] = {
    "suppliers": [
        {"code": "ACME", "name": "Acme", "days_late_tolerance": 3, "under_tolerance_percent": Decimal("2.5")},
        {"code": "NEW", "name": "New & Sons", "email": "post@new.example", "time_zone": "Europe/Paris"},
    ],
    "customers": [{"code": "C-9", "name": "Ninth", "tier": "B", "country": "FR", "language": "fr"}],
    "warehouses": [{"code": "NORTH", "name": "North", "handling_days": 3, "is_default": True}],
    "products": [
        {"sku": "00420", "name": "Bearing", "alternatives": ["00421", "WIDGET"], "cost": Decimal("3.1")},
        {"sku": "00421", "name": "Better bearing", "preferred_supplier": "NEW", "lead_time_days": 7},
        {"sku": "WIDGET", "name": "Widget", "price": Decimal("9.5")},
    ],
    "stock": [
        {"sku": "WIDGET", "on_hand": Decimal(8)},
        {"sku": "GADGET", "warehouse_code": "MAIN", "on_hand": Decimal("2.5")},
    ],
    "purchase_orders": [
        po(promised_date=SOON + timedelta(days=2)),
        po(supplier_code="ACME", sku="00420", quantity="7"),
    ],
    "sales_orders": [
        so(quantity="20", ordered_at=NOW - timedelta(days=3)),
        so(sku="GADGET", quantity="3.25", requested_date=TODAY - timedelta(days=9)),
        so("SO-2", line_number=7, customer_code="OTTO"),
    ],
    "receipts": [
        {"po_number": "PO-1", "sku": "WIDGET", "quantity": Decimal(10), "received_at": NOW},
        {"po_number": "PO-1", "line_number": 2, "quantity": Decimal(1)},
        {"po_number": "PO-1", "line_number": 2, "quantity": Decimal(1)},
    ],
}


def load_all(session: Session, who: Context) -> None:
    for kind, rows in FILES.items():
        report = load(session, who, kind, rows, options=keep())
        assert (report["rejected"], report["problems"]) == (0, []), kind


def keep() -> Options:
    return Options(duplicates="keep")


def snapshot(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """All that the tables say about the business; the batches and the record of who did what aside."""
    aside = {"import_batch", "audit_event"}
    return {
        table.name: sorted(tuple(map(str, row)) for row in session.execute(select(table)))
        for table in Base.metadata.sorted_tables
        if table.name not in aside
    }


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def codes(report: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(each["row"], each["column"], each["code"]) for each in report["problems"]]


def test_each_kind_comes_in_and_the_same_file_again_changes_nothing(session: Session, who: Who) -> None:
    make_company(session)
    for kind, rows in FILES.items():
        report = load(session, who(), kind, rows, options=keep())
        assert (report["created"] + report["updated"], report["problems"]) == (len(rows), []), kind
        before = snapshot(session)
        report = load(session, who(), kind, rows, options=keep())
        assert (report["created"], report["updated"], report["rejected"]) == (0, 0, 0), kind
        assert report["unchanged"] == len(rows)
        assert snapshot(session) == before, kind
    assert session.scalar(select(func.count()).select_from(Backorder)) == 3


@pytest.mark.parametrize("write", [export, export_csv])
def test_what_is_exported_and_imported_again_changes_nothing(
    session: Session, who: Who, write: Callable[..., bytes]
) -> None:
    make_company(session, widgets_on_hand=3)
    load_all(session, who())
    before = snapshot(session)
    for kind in IMPORT_KINDS.values():
        rows = list(kind.existing(session))
        assert rows, kind.name
        report, _ = imports.load(
            session, who(), None, kind.name, write(kind.name, rows), "export", keep(), accept_valid=False
        )
        assert report["problems"] == []
        assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, len(rows)), kind.name
    assert snapshot(session) == before


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["SO-1", "SO-2", "SO-3"]),
            st.sampled_from(["WIDGET", "GADGET"]),
            st.integers(1, 9),
            st.integers(-9, 30),
            st.sampled_from([None, 1, 2, 3]),
        ),
        min_size=1,
        max_size=9,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_orders_twice_are_taken_once(session: Session, who: Who, rows: list[tuple[Any, ...]]) -> None:
    if session.scalar(select(Supplier.id).limit(1)) is None:
        make_company(session)
    file = [
        so(f"{number}-{session.scalar(select(func.count(SalesOrder.id)))}", sku, str(quantity))
        | {"requested_date": TODAY + timedelta(days=days), "line_number": line}
        for number, sku, quantity, days, line in rows
    ]
    first = load(session, who(), "sales_orders", file, options=keep(), accept_valid=True)
    lines = session.scalar(select(func.count(SalesOrderLine.id)))
    again = load(session, who(), "sales_orders", file, options=keep(), accept_valid=True)
    assert session.scalar(select(func.count(SalesOrderLine.id))) == lines
    assert (again["created"], again["unchanged"]) == (0, first["created"])


def test_every_problem_is_said_at_once_with_row_column_value_and_way_out(session: Session, who: Who) -> None:
    make_company(session)
    rows = [
        so(),
        so("SO-2", sku="NOPE"),
        so("SO-3", quantity="1.5"),
        so("SO-4", customer_code="WHO"),
        so("SO-5", quantity="-1"),
        so("SO-6", requested_date=TODAY + timedelta(days=4000)),
        so("SO-7", sku="NOPE", customer_code="WHO"),
    ]
    before = snapshot(session)
    report = load(session, who(), "sales_orders", rows)
    assert codes(report) == [
        (3, "sku", "unknown_sku"),
        (4, "quantity", "fractional"),
        (5, "customer_code", "unknown_customer"),
        (6, "quantity", report["problems"][3]["code"]),
        (7, "requested_date", "too_far_ahead"),
        (8, "sku", "unknown_sku"),
        (8, "customer_code", "unknown_customer"),
    ]
    assert report["problems"][0] == {
        "sheet": "Sales orders",
        "row": 3,
        "column": "sku",
        "value": "NOPE",
        "code": "unknown_sku",
        "severity": "error",
        "message": "There is no product NOPE. Correct the code, or import products first.",
    }
    assert (report["rows"], report["accepted"], report["rejected"], report["created"]) == (7, 1, 6, 1)
    assert set(report) == {
        "type", "file", "rows", "accepted", "rejected", "created", "updated", "unchanged", "problems", "elapsed_s",
    }  # fmt: skip
    assert snapshot(session) == before


def test_the_valid_rows_alone_are_taken_when_somebody_says_so(session: Session, who: Who) -> None:
    make_company(session)
    rows = [so(), so(sku="NOPE"), so("SO-2")]
    report = load(session, who(), "sales_orders", rows, accept_valid=True)
    assert (report["created"], report["rejected"]) == (2, 1)
    mended = load(session, who(), "sales_orders", [so(), so(sku="GADGET"), so("SO-2")])
    assert (mended["created"], mended["unchanged"]) == (1, 2)
    numbers = session.scalars(
        select(SalesOrderLine.line_number).join(SalesOrderLine.order).where(SalesOrder.number == "SO-1")
    )
    assert sorted(numbers) == [1, 2]


def test_a_line_that_is_kept_is_not_changed_by_a_file(session: Session, who: Who) -> None:
    make_company(session)
    load(session, who(), "sales_orders", [so(), so(sku="GADGET")])
    changed = [so(quantity="6"), so(sku="GADGET", requested_date=SOON + timedelta(days=1))]
    before = snapshot(session)
    report = load(session, who(), "sales_orders", changed)
    assert codes(report) == [(2, "quantity", "line_changed"), (3, "requested_date", "line_changed")]
    assert "SO-1 line 1 is kept with quantity 5, not 6" in report["problems"][0]["message"]
    assert snapshot(session) == before
    assert codes(load(session, who(), "sales_orders", [so(customer_code="OTTO")])) == [
        (2, "customer_code", "other_customer")
    ]


def test_first_ordered_is_first_served(session: Session, who: Who) -> None:
    make_company(session, widgets_on_hand=5)
    late, early = NOW - timedelta(days=1), NOW - timedelta(days=9)
    load(session, who(), "sales_orders", [so("SO-1", ordered_at=late), so("SO-2", ordered_at=early)])
    backorder = session.scalars(select(Backorder)).one()
    assert (backorder.order_line.order.number, backorder.ordered_at) == ("SO-1", late)


def test_purchase_orders_cover_those_who_wait(session: Session, who: Who) -> None:
    company = make_company(session)
    load(session, who(), "sales_orders", [so(sku="GADGET", quantity="2.5")])
    backorder = session.scalars(select(Backorder)).one()
    backorders.plan_supply(session, backorder.number, NOW)
    assert backorder.uncovered_quantity == Decimal("2.5")
    missing = load(session, who(), "purchase_orders", [po(sku="GADGET", quantity="10")])
    assert codes(missing) == [(2, "supplier_code", "missing_value")]
    promised = SOON + timedelta(days=1)
    load(session, who(), "purchase_orders", [po(sku="GADGET", supplier_code="RIVAL", promised_date=promised)])
    line = session.scalars(select(PurchaseOrderLine)).one()
    assert (line.supplier_id, line.status, line.warehouse_id) == (company.rival.id, "confirmed", company.main.id)
    assert session.scalars(select(SoftPeg.quantity)).all() == [Decimal("2.5")]
    session.refresh(backorder)
    assert (backorder.uncovered_quantity, backorder.promised_date) == (0, promised + timedelta(days=2))
    assert backorder.owner_id is None


def test_one_purchase_order_is_one_suppliers(session: Session, who: Who) -> None:
    make_company(session)
    rows = [po(), po(sku="GADGET", supplier_code="RIVAL"), po("PO-2", supplier_code="NOBODY")]
    report = load(session, who(), "purchase_orders", rows)
    assert codes(report) == [(3, "supplier_code", "other_supplier"), (4, "supplier_code", "unknown_supplier")]


def test_a_file_does_not_move_what_a_supplier_has_promised(session: Session, who: Who) -> None:
    make_company(session)
    load(session, who(), "purchase_orders", [po()])
    report = load(session, who(), "purchase_orders", [po(promised_date=SOON)])
    assert [(each["code"], each["severity"]) for each in report["problems"]] == [("not_taken", "warning")]
    assert report["unchanged"] == 1
    assert session.scalars(select(PurchaseOrderLine.promised_date)).one() is None


def test_receipts_beyond_what_is_open_and_for_unknown_lines_are_refused(session: Session, who: Who) -> None:
    make_company(session)
    load(session, who(), "purchase_orders", [po(), po(line_number=5, requested_date=SOON + timedelta(days=5))])
    rows: Rows = [
        {"po_number": "PO-1", "line_number": 5, "quantity": Decimal(30)},
        {"po_number": "PO-1", "line_number": 5, "quantity": Decimal(21), "received_at": NOW},
        {"po_number": "PO-9", "line_number": 1, "quantity": Decimal(1)},
        {"po_number": "PO-1", "line_number": 9, "quantity": Decimal(1)},
        {"po_number": "PO-1", "sku": "WIDGET", "quantity": Decimal(1)},
        {"po_number": "PO-1", "line_number": 1, "sku": "GADGET", "quantity": Decimal(1)},
        {"po_number": "PO-1", "line_number": 1, "warehouse_code": "MOON", "quantity": Decimal(1)},
    ]
    report = load(session, who(), "receipts", rows)
    assert codes(report) == [
        (3, "quantity", "more_than_open"),
        (4, "po_number", "unknown_purchase_order"),
        (5, "line_number", "unknown_line"),
        (6, "line_number", "ambiguous_line"),
        (7, "sku", "other_sku"),
        (8, "warehouse_code", "unknown_warehouse"),
    ]
    assert session.scalar(select(func.count(Receipt.id))) == 0


def test_an_undated_receipt_that_was_booked_is_not_booked_from_another_file(session: Session, who: Who) -> None:
    make_company(session)
    load(session, who(), "purchase_orders", [po()])
    row = {"po_number": "PO-1", "line_number": 1, "quantity": Decimal(10)}
    load(session, who(), "receipts", [row])
    more = load(session, who(), "receipts", [row, {**row, "quantity": Decimal(4)}], options=keep())
    assert (more["created"], more["unchanged"], codes(more)) == (1, 1, [(2, "received_at", "booked_before")])
    dated = load(session, who(), "receipts", [{**row, "received_at": NOW + timedelta(hours=-1)}])
    assert dated["created"] == 1
    assert session.scalars(select(Stock.on_hand)).one() == 24


def test_stock_is_counted_in_the_default_warehouse_and_never_below_what_is_reserved(
    session: Session, who: Who
) -> None:
    make_company(session, widgets_on_hand=10)
    load(session, who(), "sales_orders", [so(quantity="6")])
    report = load(session, who(), "stock", [{"sku": "WIDGET", "on_hand": Decimal(5)}])
    assert codes(report) == [(2, "on_hand", "less_than_allocated")]
    both = [
        {"sku": "WIDGET", "on_hand": Decimal(7)},
        {"sku": "WIDGET", "warehouse_code": "MAIN", "on_hand": Decimal(8)},
    ]
    assert codes(load(session, who(), "stock", both)) == [(3, "sku", "duplicate_row")]
    assert load(session, who(), "stock", both[:1])["updated"] == 1
    assert session.scalars(select(Stock.on_hand)).one() == 7


def test_empty_cells_and_missing_columns_leave_what_is_kept(session: Session, who: Who) -> None:
    make_company(session)
    report = load(session, who(), "products", [{"sku": "WIDGET", "name": "Wider widget"}])
    widget = session.scalars(select(Product).where(Product.sku == "WIDGET")).one()
    assert report["updated"] == 1
    assert (widget.name, widget.price, widget.lead_time_days) == ("Wider widget", 9, 14)


def test_products_know_their_suppliers_and_alternatives(session: Session, who: Who) -> None:
    make_company(session)
    rows: Rows = [
        {"sku": "A", "name": "A", "alternatives": ["B"]},
        {"sku": "B", "name": "B", "preferred_supplier": "NOBODY"},
        {"sku": "C", "name": "C", "alternatives": ["C"]},
        {"sku": "D", "name": "D", "alternatives": ["GADGET"]},
    ]
    report = load(session, who(), "products", rows)
    assert codes(report) == [
        (2, "alternatives", "unknown_sku"),
        (3, "preferred_supplier", "unknown_supplier"),
        (4, "alternatives", "own_alternative"),
    ]
    load(session, who(), "sales_orders", [so()])
    refused = load(session, who(), "products", [{"sku": "WIDGET", "name": "Widget", "unit": "kg"}])
    assert codes(refused) == [(2, "unit", "unit_in_use")]


def test_there_is_one_default_warehouse(session: Session, who: Who) -> None:
    make_company(session)
    rows: Rows = [{"code": code, "name": code, "is_default": True} for code in ("EAST", "WEST")]
    assert codes(load(session, who(), "warehouses", rows)) == [(3, "is_default", "second_default")]
    load(session, who(), "warehouses", rows[:1])
    assert session.scalars(select(Warehouse.code).where(Warehouse.is_default)).all() == ["EAST"]


@pytest.mark.parametrize("kind", list(IMPORT_KINDS))
def test_checking_takes_as_many_queries_for_many_rows_as_for_few(session: Session, who: Who, kind: str) -> None:
    make_company(session)
    load_all(session, who())
    rows = FILES[kind]
    numbered = {"sku", "code", "order_number", "po_number"}
    many = rows + [
        {name: f"{value}-{copy}" if name in numbered else value for name, value in row.items()}
        for copy in range(200)
        for row in rows
    ]
    counts = []
    for file in (rows, many):
        data = export(kind, file)
        with counted(session) as statements:
            imports.examine(session, who(), kind, data, options=keep())
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8


def test_a_checked_file_waits_for_a_decision(session: Session, who: Who) -> None:
    make_company(session)
    data = export("sales_orders", [so(), so("SO-2", sku="NOPE")])
    batch = imports.check_file(session, who(), None, "sales_orders", data, "orders.xlsx")
    assert (batch.status, batch.report["rejected"]) == ("checked", 1)
    with pytest.raises(RuleViolation, match="1 of 2 rows"):
        imports.apply(session, who(), batch, accept_valid=False)
    assert session.scalar(select(func.count(SalesOrder.id))) == 0
    applied = imports.apply(session, who(), batch, accept_valid=True)
    opened = session.scalars(select(Backorder.number)).one()
    assert applied.details["results"] == [["order", "SO-1"], ["backorder", opened]]
    assert imports.apply(session, who(), batch, accept_valid=True).status == "applied"
    with pytest.raises(Conflict):
        imports.discard(session, who(), batch)
    again = imports.check_file(session, who(), None, "sales_orders", data, "orders.xlsx")
    assert imports.seen_before(session, again) is batch
    assert imports.discard(session, who(), again).status == "discarded"
    with pytest.raises(Conflict):
        imports.apply(session, who(), again, accept_valid=True)


def test_what_has_changed_since_the_check_is_seen_when_it_is_applied(session: Session, who: Who) -> None:
    make_company(session)
    data = export("sales_orders", [so()])
    batch = imports.check_file(session, who(), None, "sales_orders", data, "orders.xlsx")
    load(session, who(), "sales_orders", [so(quantity="6")])
    with pytest.raises(RuleViolation, match="1 of 1 rows"):
        imports.apply(session, who(), batch, accept_valid=False)


def test_bytes_that_are_no_spreadsheet_are_kept_as_refused(session: Session, who: Who) -> None:
    batch = imports.check_file(session, who(), None, "products", b"\x00\x01\x02", "photo.xlsx")
    assert batch.status == "refused"
    assert [each["code"] for each in batch.report["problems"]] == ["unreadable_file"]
    with pytest.raises(Conflict):
        imports.apply(session, who(), batch, accept_valid=True)


def test_people_bring_in_what_is_theirs(session: Session, who: Who) -> None:
    add_user(session, "sam@promiseline.example", "sales")
    session.commit()
    sam = session.scalars(select(User)).one()
    assert imports.kinds_for(sam) == ["sales_orders"]
    with pytest.raises(Forbidden):
        imports.check_file(session, who(), sam, "products", b"sku,name\r\nA,B\r\n", "p.csv")
    with pytest.raises(Forbidden):
        imports.load(session, who(), sam, "stock", b"sku,on_hand\r\nA,1\r\n", "s.csv")


def test_a_local_time_is_read_where_it_was_written(session: Session, who: Who) -> None:
    make_company(session)
    row = so(ordered_at=datetime(2026, 11, 10, 9, 0, tzinfo=UTC))
    data = export_csv("sales_orders", [row])
    imports.load(session, who(), None, "sales_orders", data, "o.csv", Options(time_zone="Europe/Berlin"))
    assert session.scalars(select(SalesOrder.ordered_at)).one() == datetime(2026, 11, 10, 8, 0, tzinfo=UTC)
    assert session.scalars(select(SalesOrderLine.requested_date)).one() == date(2026, 12, 8)
