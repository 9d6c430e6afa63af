"""The service desk: whom to call, what to say, and finding it by whatever the caller has at hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from domain.roles import PERMISSIONS, Permission
from portal.database import STAFF as AS_STAFF
from portal.database import db, utcnow
from portal.models import Backorder, Customer, Product
from portal.service import search
from portal.service.advice import Concern, advise
from portal.services import backorders
from tests.builders import order
from tests.conftest import Database
from tests.portal.orders.scene import STAFF, Scene, context, set_up, supplier_moves, today, watch

SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def scene(session: Session) -> Scene:
    return set_up(session)


@pytest.fixture
def desk(scene: Scene, sign_in: SignIn) -> FlaskClient:
    return sign_in("customer_service@staff.example")


def change(session: Session, backorder: Backorder, **columns: object) -> None:
    session.execute(update(Backorder).where(Backorder.id == backorder.id).values(**columns))
    session.commit()


def listed(page: str, scene: Scene) -> set[str]:
    rows = page.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in page else ""
    return {number for number in (scene.number, scene.rival.number) if f"/backorders/{number}" in rows}


def test_who_may_sit_at_the_desk(scene: Scene, app: Flask, sign_in: SignIn) -> None:
    cancel = f"/service/backorders/{scene.number}/cancel"
    for role in STAFF:
        client = sign_in(f"{role}@staff.example")
        serves, sees, cancels = (
            permission in PERMISSIONS[role]
            for permission in (
                Permission.SEE_SERVICE_DESK,
                Permission.SEE_BACKORDERS,
                Permission.CANCEL_BACKORDERS,
            )
        )
        for page in ("/service", "/service?q=NORA", "/service/customers/NORA"):
            assert client.get(page).status_code == (200 if serves else 403), (role, page)
        assert client.get("/search?q=wid").status_code == (200 if sees else 403), role
        assert client.get(cancel).status_code == (200 if cancels else 403), role
        if not cancels:
            assert client.post(cancel, data={"reason_code": "too_late"}).status_code == 403, role
    pages = ("/service", "/service?q=NORA", "/service/customers/NORA", "/search?q=NORA", cancel)
    for email in ("sue@acme.example", "nora@shop.example", "otto@trade.example"):
        for page in pages:
            assert sign_in(email).get(page).status_code == 403, (email, page)
    for page in pages:
        assert app.test_client().get(page).location.startswith("/sign-in")


def test_a_promise_that_stands_needs_no_word(scene: Scene, session: Session, desk: FlaskClient) -> None:
    supplier_moves(session, scene, 10)
    page = desk.get("/service").text
    assert "Nobody needs a call" in page
    assert 'name="q"' in page


@pytest.mark.parametrize(
    ("columns", "concern", "words"),
    [
        ({"promised_date": -3, "told_date": -3}, "late", "Say sorry and why"),
        ({"notice_risk": "Mail was refused"}, "bounced", "mail does not arrive"),
        ({"promised_date": None, "told_date": None}, "undated", "there is no date yet"),
        ({"told_date": 9}, "moved", "new date is on its way"),
    ],
)
def test_each_concern_is_listed_with_what_to_do(
    scene: Scene, session: Session, desk: FlaskClient, columns: dict[str, object], concern: str, words: str
) -> None:
    supplier_moves(session, scene, 10)
    days = {
        name: today() + timedelta(value) if isinstance(value, int) else value for name, value in columns.items()
    }
    change(session, scene.backorder, **days)
    page = desk.get("/service").text
    assert listed(page, scene) == {scene.number}
    assert words in page
    for each in Concern:
        found = desk.get(f"/service?concern={each}").text
        assert listed(found, scene) == ({scene.number} if each == concern else set()), each
    session.expire_all()
    assert advise(scene.backorder, today()).concerns == (Concern(concern),)


def test_what_is_on_its_way_or_over_is_nobody_s_concern(scene: Scene, session: Session, desk: FlaskClient) -> None:
    past = today() - timedelta(5)
    for backorder in (scene.backorder, scene.rival):
        change(session, backorder, promised_date=past, told_date=past)
    assert listed(desk.get("/service").text, scene) == {scene.number, scene.rival.number}
    change(session, scene.backorder, shipped_quantity=scene.backorder.quantity, status="shipped")
    backorders.cancel(session, scene.rival.number, "customer_request", utcnow())
    assert listed(desk.get("/service").text, scene) == set()


def test_an_answer_says_all_that_a_caller_asks(scene: Scene, session: Session, desk: FlaskClient) -> None:
    supplier_moves(session, scene, 12)
    day = supplier_moves(session, scene, 30) + timedelta(scene.company.main.handling_days)
    page = desk.get(f"/service?q={scene.number}").text
    assert scene.rival.number not in page
    for words in (
        "Waiting for supply",
        f'datetime="{day.isoformat()}"',
        "first promised",
        "Not enough stock",
        "The supplier moved the date (material shortage)",
        "goods of PO-",
        "now expected",
        "Spare widget (SPARE-1): 10\N{NO-BREAK SPACE}ea free",
        "Nothing: the promise stands.",
        f'href="/backorders/{scene.number}"',
        f'href="/service/backorders/{scene.number}/cancel"',
    ):
        assert words in page, words


@pytest.mark.parametrize("asked", ["nora", "NORA", "Nora Sh", "widget", "WIDG", "  wid  "])
def test_it_is_found_by_customer_and_by_product(scene: Scene, desk: FlaskClient, asked: str) -> None:
    page = desk.get("/service", query_string={"q": asked}).text
    assert f'id="answer-{scene.number}"' in page
    assert (f'id="answer-{scene.rival.number}"' in page) == asked.strip().lower().startswith("wid")


def test_it_is_found_by_the_order_s_number(scene: Scene, desk: FlaskClient) -> None:
    page = desk.get(f"/service?q={scene.order_number.lower()}").text
    assert f'id="answer-{scene.number}"' in page
    assert f'id="answer-{scene.rival.number}"' not in page


def test_an_exact_number_leads_straight_to_its_record(scene: Scene, desk: FlaskClient, sign_in: SignIn) -> None:
    planner = sign_in("buyer@staff.example")
    for client, asked, address in (
        (desk, scene.number.lower(), f"/backorders/{scene.number}"),
        (desk, f" {scene.order_number} ", f"/orders/{scene.order_number}"),
        (desk, "nora", "/service/customers/NORA"),
        (planner, "po-100001/1", "/purchase-orders/PO-100001/1"),
    ):
        assert client.get("/search", query_string={"q": asked}).location == address
    assert desk.get("/search?q=po-100001/1").status_code == 200  # who sees no supply is not led to it
    assert planner.get("/search?q=NORA").status_code == 200  # nor to a customer who serves none
    assert "Nora Shop" not in planner.get("/search?q=NORA").text


def test_a_search_groups_what_it_finds(scene: Scene, desk: FlaskClient, sign_in: SignIn) -> None:
    page = desk.get("/search?q=wid").text
    assert "Widget" in page
    assert "2 backorders wait" in page
    assert "Spare widget" in page  # by the second word of its name
    numbers = desk.get("/search?q=bo-1").text
    assert scene.number in numbers
    assert scene.rival.number in numbers
    assert "line 1" in sign_in("buyer@staff.example").get("/search?q=PO-100001").text


@pytest.mark.parametrize(
    "asked", ["%", "_", "'", "\\", "a:*", "& | !", "\N{CJK UNIFIED IDEOGRAPH-4E00}", "x" * 500, "\x00"]
)
def test_a_search_takes_whatever_is_typed(scene: Scene, desk: FlaskClient, asked: str) -> None:
    for page in ("/search", "/service"):
        answer = desk.get(page, query_string={"q": asked})
        assert answer.status_code == 200
        assert scene.number not in answer.text


def test_an_empty_search_says_what_can_be_typed(scene: Scene, desk: FlaskClient) -> None:
    assert "Type what you have at hand" in desk.get("/search").text
    assert "Nothing begins with “zzz”" in desk.get("/search?q=zzz").text


def test_one_customer_with_all_that_is_open(scene: Scene, session: Session, desk: FlaskClient) -> None:
    page = desk.get("/service/customers/NORA").text
    assert scene.number in page
    assert scene.rival.number not in page
    assert "nora@shop.example" in page
    assert f"/orders/{scene.order_number}" in page
    assert "/orders/new?customer=NORA" in page
    assert desk.get("/service/customers/NOPE").status_code == 404


def test_cancelling_for_a_customer(scene: Scene, session: Session, desk: FlaskClient) -> None:
    address = f"/service/backorders/{scene.number}/cancel"
    asked = desk.get(address).text
    assert "6\N{NO-BREAK SPACE}ea will not be delivered to Nora Shop" in asked
    assert "nora@shop.example" in asked
    assert desk.post(address, data={}).status_code == 422
    done = desk.post(address, data={"reason_code": "customer_request"})
    assert done.location == f"/backorders/{scene.number}"
    session.refresh(scene.backorder)
    assert scene.backorder.cancel_reason_code == "customer_request"
    backorders.cancel(session, scene.number, "customer_request", utcnow())
    again = desk.post(address, data={"reason_code": "customer_request"})
    assert again.status_code == 409
    assert "cancelled already" in again.text
    assert desk.get("/service/backorders/NOPE/cancel").status_code == 404


def test_pages_cost_the_same_however_much_is_open(
    scene: Scene, session: Session, app: Flask, desk: FlaskClient
) -> None:
    with app.app_context():
        seen = watch(db.engine)
    pages = ("/service", "/service?q=widget", "/service/customers/NORA", "/search?q=wid")

    def costs() -> list[int]:
        found = []
        for page in pages:
            seen.statements.clear()
            assert desk.get(page).status_code == 200
            found.append(len(seen.statements))
        return found

    session.execute(update(Backorder).values(notice_risk="refused"))
    session.commit()
    costs()
    few = costs()
    for number in range(8):
        order(session, context(), ("NORA", "OTTO")[number % 2], 1)
    session.execute(update(Backorder).values(notice_risk="refused"))
    session.commit()
    assert costs() == few


def test_beginnings_are_found_by_an_index_under_row_level_security(
    scene: Scene, session: Session, database: Database
) -> None:
    """LIKE would not be: it is not leakproof, so the policy would have to be asked about every row first."""
    conditions = {
        "ix_backorder_number_prefix": search.begins(Backorder.number, "BO-1"),
        "ix_customer_search_name_prefix": search.begins(Customer.search_name, "nora"),
        "ix_customer_code_prefix": search.begins(Customer.code, "NORA"),
        "ix_product_sku_prefix": search.begins(Product.sku, "WIDGET"),
    }
    with database.web_session(AS_STAFF) as web:
        web.execute(text("SET LOCAL enable_seqscan = off"))
        for index, condition in conditions.items():
            sql = str(condition.compile(web.get_bind(), compile_kwargs={"literal_binds": True}))
            table = sql.split(".")[0].split("(")[-1]
            plan = "\n".join(web.scalars(text(f"EXPLAIN SELECT id FROM {table} WHERE {sql}".replace(":", r"\:"))))
            assert f"{index}" in plan, plan
            assert "Index Cond" in plan, plan
        words = "\n".join(
            web.scalars(
                text(
                    "EXPLAIN SELECT id FROM product"
                    " WHERE to_tsvector('simple', product.name) @@ to_tsquery('simple', '''wid''\\:*')"
                )
            )
        )
        assert "ix_product_name_words" in words, words
