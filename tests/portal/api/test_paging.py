"""Lists by pages: every row once, whatever is added meanwhile, by a number of queries that doesn't grow."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.database import db
from portal.models import (
    Customer,
    Product,
    ProductAlternative,
    PurchaseOrderLine,
    Stock,
    Supplier,
    Warehouse,
)
from portal.services import shipping
from tests.builders import Company, order, receive
from tests.portal.api.conftest import Caller, fields_of
from tests.portal.api.world import worker

LISTS = [
    "/orders",
    "/backorders",
    "/purchase-order-lines",
    "/pick-lists",
    "/shipments",
    "/products",
    "/suppliers",
    "/customers",
    "/warehouses",
    "/stock",
]


@contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    said: list[str] = []

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        said.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def add_products(session: Session, number: int) -> None:
    known = session.query(Product).count()
    session.add_all([Product(sku=f"P{known + each:04}", name="Part") for each in range(number)])
    session.commit()


def test_every_row_comes_exactly_once_while_rows_are_added(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    add_products(session, 23)
    there = {sku for (sku,) in session.query(Product.sku)}
    buyer, seen, cursor, pages = as_user("buyer"), [], "", 0
    while cursor is not None:
        page = buyer.get(f"/products?limit=5&cursor={cursor}").get_json()
        assert len(page["items"]) <= 5
        seen += [each["sku"] for each in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
        if pages < 4:
            add_products(session, 3)
    assert len(seen) == len(set(seen))
    assert there <= set(seen)
    assert pages == 7  # 25 there at first and 9 added


def test_a_page_of_two_keys_goes_on_in_the_middle_of_the_first(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    session.add_all([Warehouse(code=f"W{each}", name="More") for each in range(3)])
    session.flush()
    places = session.query(Warehouse).all()
    for product in (company.widget, company.gadget):
        session.add_all(
            [Stock(product_id=product.id, warehouse_id=place.id, on_hand=place.id) for place in places]
        )
    session.commit()
    buyer, seen, cursor = as_user("buyer"), [], ""
    while cursor is not None:
        page = buyer.get(f"/stock?limit=3&cursor={cursor}").get_json()
        seen += [(each["sku"], each["warehouse_code"]) for each in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 8
    assert len(buyer.get("/stock?sku=WIDGET").get_json()["items"]) == 4
    assert len(buyer.get("/stock?warehouse=MAIN").get_json()["items"]) == 2


def forged(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


BAD_CURSORS = [
    "nonsense",
    "ü",
    "A",
    "x" * 2000,
    forged("orders", 1),
    forged("backorders"),
    forged("backorders", "1"),
    forged("backorders", True),
    forged("backorders", 2**70),
    forged("backorders", 1, 2),
    base64.urlsafe_b64encode(b"[" * 700).decode(),
]


def test_a_bad_cursor_limit_or_filter_is_said(as_user: Callable[[str], Caller]) -> None:
    buyer = as_user("buyer")
    bad = [("cursor", each) for each in BAD_CURSORS]
    bad += [("limit", each) for each in ("0", "201", "many", "1.5")]
    for field, value in [*bad, ("colour", "red")]:
        answer = buyer.get(f"/backorders?{field}={value}")
        assert answer.status_code == 422, (field, value)
        assert fields_of(answer) == {field}, value


def grow(session: Session, rows: int) -> None:
    """So many rows more for every list."""
    for _ in range(rows):
        number = session.query(Product).count()
        supplier, customer = Supplier(code=f"S{number}", name="More"), Customer(code=f"C{number}", name="More")
        place = Warehouse(code=f"W{number}", name="More")
        session.add_all([supplier, customer, place])
        session.flush()
        part = Product(sku=f"P{number}", name="Part", lead_time_days=5, preferred_supplier_id=supplier.id)
        session.add(part)
        session.flush()
        part.alternatives = [ProductAlternative(alternative_id=session.query(Product).first().id, rank=1)]
        session.commit()
        backorder = order(session, worker(), customer.code, 10, part.sku)
        line = session.query(PurchaseOrderLine).filter_by(product_id=part.id).one()
        receive(session, worker(), line, 4)
        shipping.ship_backorder(session, worker(), backorder.number, shipping.Parcel(Decimal(1), "DHL", "1"))


def test_the_number_of_queries_does_not_grow_with_the_rows(
    app: Flask, session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    reader = as_user("fulfilment")

    def look(path: str) -> tuple[int, int]:
        reader.get(path)  # so that connecting is not counted
        with counted_queries(app) as said:
            page = reader.get(path).get_json()
        return sum(1 + len(each.get("lines", ())) for each in page["items"]), len(said)

    grow(session, 2)
    before = {path: look(path) for path in LISTS}
    grow(session, 3)
    for path, (few, queries) in before.items():
        many, queries_then = look(path)
        assert many > few >= 2, path
        assert queries_then == queries <= 14, path
