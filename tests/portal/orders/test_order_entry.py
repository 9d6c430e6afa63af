"""Taking an order at the desk, the list of orders, and the order as staff read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.roles import PERMISSIONS, Permission
from portal.database import db
from portal.models import SalesOrder
from tests.builders import order
from tests.portal.orders.scene import STAFF, Scene, context, set_up, supplier_moves, today, watch

SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def scene(session: Session) -> Scene:
    return set_up(session)


@pytest.fixture
def sales(scene: Scene, sign_in: SignIn) -> FlaskClient:
    return sign_in("sales@staff.example")


def typed(*lines: tuple[str, str, str], customer: str = "NORA", **more: str) -> dict[str, str]:
    form = {"customer_code": customer, "number": "", **more}
    for index, (sku, quantity, day) in enumerate(lines):
        form |= {
            f"lines-{index}-sku": sku,
            f"lines-{index}-quantity": quantity,
            f"lines-{index}-requested_date": day,
        }
    return form


def soon(days: int = 10) -> str:
    return (today() + timedelta(days)).isoformat()


def count(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(SalesOrder)) or 0


def test_who_may_take_and_see_orders(scene: Scene, session: Session, app: Flask, sign_in: SignIn) -> None:
    record = f"/orders/{scene.order_number}"
    for role in STAFF:
        client = sign_in(f"{role}@staff.example")
        sees = Permission.SEE_BACKORDERS in PERMISSIONS[role]
        takes = Permission.CREATE_ORDERS in PERMISSIONS[role]
        assert client.get("/orders").status_code == (200 if sees else 403), role
        assert client.get(record).status_code == (200 if sees else 403), role
        assert client.get("/orders/new").status_code == (200 if takes else 403), role
        answer = client.post("/orders/new", data=typed(("SPARE-1", "1", soon())))
        assert answer.status_code == (302 if takes else 403), role
    for email in ("sue@acme.example", "nora@shop.example", "otto@trade.example"):
        client = sign_in(email)
        assert client.get("/orders").status_code == 403
        assert client.post("/orders/new", data=typed(("SPARE-1", "1", soon()))).status_code == 403
    assert sign_in("nora@shop.example").get(record).location == f"/my/orders/{scene.order_number}"
    assert sign_in("otto@trade.example").get(record).status_code == 404
    assert sign_in("sue@acme.example").get(record).status_code == 403
    for page in ("/orders", "/orders/new", record):
        assert app.test_client().get(page).location.startswith("/sign-in")


def test_an_order_shows_what_is_reserved_and_what_is_short(sales: FlaskClient, session: Session) -> None:
    answer = sales.post(
        "/orders/new",
        data=typed(("SPARE-1", "12", soon()), ("", "", ""), ("WIDGET", "3", soon(30)), number="WEB-7"),
    )
    assert answer.location == "/orders/WEB-7"
    booked = session.scalars(select(SalesOrder).where(SalesOrder.number == "WEB-7")).one()
    assert [(line.product.sku, line.quantity) for line in booked.lines] == [("SPARE-1", 12), ("WIDGET", 3)]
    page = sales.get("/orders/WEB-7").text
    assert "Order WEB-7 is taken." in page
    assert "2 of 2 lines short" in page
    for line, reserved in zip(booked.lines, ("10", "0"), strict=True):
        assert line.backorder is not None
        assert f"/backorders/{line.backorder.number}" in page
        assert f'<td data-label="Reserved" class="num">{reserved}</td>' in page
    assert "being planned" in page


def test_a_promised_date_appears_once_supply_is_planned(
    scene: Scene, sales: FlaskClient, session: Session
) -> None:
    day = supplier_moves(session, scene, 20) + timedelta(scene.company.main.handling_days)
    assert f'<time datetime="{day.isoformat()}"' in sales.get(f"/orders/{scene.order_number}").text


def test_every_error_is_at_its_line_and_nothing_is_lost(sales: FlaskClient, session: Session) -> None:
    before = count(session)
    answer = sales.post(
        "/orders/new",
        data=typed(
            ("", "", ""),
            ("NOPE", "1.5", soon()),
            ("WIDGET", "1.5", soon()),
            ("GADGET", "-1", (today() - timedelta(1)).isoformat()),
            ("SPARE-1", "1", "2099-01-01"),
            customer="NOBODY",
        ),
    )
    assert answer.status_code == 422
    for words in (
        "There is no customer NOBODY",
        "There is no product NOPE",
        "Quantity must be whole: the product is counted in ea",
        "Quantity must be more than 0, not -1",
        "is in the past",
        "is too far ahead",
    ):
        assert words in answer.text
    for place in ("lines-1-sku", "lines-2-quantity", "lines-3-quantity", "lines-3-requested_date"):
        assert f'id="{place}-error"' in answer.text
        assert f'href="#{place}"' in answer.text
    assert 'value="NOPE"' in answer.text
    assert count(session) == before


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("WIDGET", "1,500", "d"), "Write it without a comma, as 1500 or 2.5"),
        (("WIDGET", "many", "d"), "Write it as a number"),
        (("WIDGET", "NaN", "d"), "Quantity must be a number"),
        (("WIDGET", "99999999999", "d"), "Quantity must be at most"),
        (("WIDGET", "1", "20261-01-01"), "Write the date as year-month-day"),
        (("WIDGET", "1", "31.12."), "Write the date as year-month-day"),
        (("WIDGET", "", "d"), "Say how many."),
        (("", "1", "d"), "Say which product."),
        (("WIDGET", "1", ""), "Say when the customer wants it."),
    ],
)
def test_what_can_t_be_read_is_asked_for_again(
    sales: FlaskClient, session: Session, line: tuple[str, str, str], words: str
) -> None:
    before = count(session)
    sku, quantity, day = line
    answer = sales.post("/orders/new", data=typed((sku, quantity, soon() if day == "d" else day)))
    assert answer.status_code == 422
    assert words in answer.text
    assert count(session) == before


def test_an_order_needs_a_line_and_a_number_of_its_own(scene: Scene, sales: FlaskClient, session: Session) -> None:
    empty = sales.post("/orders/new", data=typed(("", "", ""), ("", "", "")))
    assert empty.status_code == 422
    assert "An order needs at least one line." in empty.text
    taken = sales.post("/orders/new", data=typed(("WIDGET", "1", soon()), number=scene.order_number))
    assert taken.status_code == 409
    assert "There is an order" in taken.text
    assert 'id="number-error"' in taken.text


def test_lines_are_added_and_nothing_typed_is_lost(sales: FlaskClient, session: Session) -> None:
    before = count(session)
    form = typed(("WIDGET", "2", soon()), ("x", "-", ""), ("", "", ""))
    answer = sales.post("/orders/new", data=form | {"add_line": "1"})
    assert answer.status_code == 200
    assert 'name="lines-3-sku"' in answer.text
    assert 'name="lines-4-sku"' not in answer.text
    assert 'value="WIDGET"' in answer.text
    assert "There is something to mend" not in answer.text
    assert count(session) == before


def test_the_list_is_narrowed_by_its_filters(scene: Scene, session: Session, sales: FlaskClient) -> None:
    covered = order(session, context(), "OTTO", 1, sku="SPARE-1")
    assert covered is None
    newest = session.scalars(select(SalesOrder).order_by(SalesOrder.id.desc()).limit(1)).one().number
    theirs = scene.rival.order_line.order.number
    numbers = {scene.order_number, theirs, newest}

    def listed(query: str) -> set[str]:
        page = sales.get(f"/orders?{query}")
        assert page.status_code == 200
        return {number for number in numbers if f"/orders/{number}" in page.text}

    assert listed("") == numbers
    assert listed("customer=OTTO") == {theirs, newest}
    assert listed("sku=WIDGET") == {scene.order_number, theirs}
    assert listed("state=short") == {scene.order_number, theirs}
    assert listed("state=late") == set()
    assert listed("customer=OTTO&sku=SPARE-1") == {newest}
    assert listed(f"since={(today() + timedelta(1)).isoformat()}") == set()
    assert listed("since=rubbish&cursor=rubbish&state=rubbish") == numbers
    assert "No orders found" in sales.get("/orders?customer=NOBODY").text


def test_the_list_costs_the_same_however_long_it_is(
    scene: Scene, session: Session, app: Flask, sales: FlaskClient
) -> None:
    with app.app_context():
        seen = watch(db.engine)

    def cost() -> int:
        seen.statements.clear()
        assert sales.get("/orders").status_code == 200
        return len(seen.statements)

    cost()
    few = cost()
    for _ in range(10):
        order(session, context(), "OTTO", 1, plan=False)
    assert cost() == few
    seen.statements.clear()
    sales.get(f"/orders/{scene.order_number}")
    assert len(seen.statements) <= few + 4


def test_an_unknown_order_is_not_found(sales: FlaskClient) -> None:
    assert sales.get("/orders/NOPE").status_code == 404
