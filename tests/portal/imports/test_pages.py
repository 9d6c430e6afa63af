"""The imports desk as people use it."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from importers.check import check
from importers.templates import export
from portal.database import db
from portal.models import Backorder, DemoProgress, ImportBatch, SalesOrder, User
from portal.services import imports
from tests.browser import VIEWS, browser, check_everywhere, check_page, open_page
from tests.builders import add_user, make_company
from tests.conftest import NOW
from tests.portal.imports.test_service import so

__all__ = ["browser"]

SignIn = Callable[[str], FlaskClient]
BUYER = "bea@promiseline.example"


def post(client: FlaskClient, kind: str, data: bytes, name: str = "file.xlsx", **more: str) -> Any:
    form = {"kind": kind, "file": (io.BytesIO(data), name), "duplicates": "refuse", **more}
    return client.post("/imports", data=form, content_type="multipart/form-data")


def only_batch(session: Session) -> ImportBatch:
    session.expire_all()
    return session.scalars(select(ImportBatch)).one()


def test_a_buyer_brings_in_orders_and_finds_what_they_opened(session: Session, sign_in: SignIn) -> None:
    make_company(session)
    client = sign_in(BUYER)
    answer = post(client, "sales_orders", export("sales_orders", [so(), so("SO-2", quantity="2")]), "orders.xlsx")
    batch = only_batch(session)
    assert (answer.status_code, answer.location) == (302, f"/imports/{batch.number}")
    assert (batch.actor, batch.status, batch.file_name) == ("Bea", "checked", "orders.xlsx")
    assert session.scalar(select(func.count(SalesOrder.id))) == 0
    assert "Apply all" in client.get(answer.location).text
    applied = client.post(f"{answer.location}/apply", follow_redirects=True)
    assert applied.status_code == 200
    for number in session.scalars(select(Backorder.number)):
        assert number in applied.text
    assert "orders.xlsx" in client.get("/imports").text
    post(client, "sales_orders", export("sales_orders", [so()]))
    first = post(client, "sales_orders", batch.content, "orders.xlsx")
    assert f'applied as <a href="/imports/{batch.number}">' in client.get(first.location).text


def test_refused_rows_are_shown_by_cause_and_the_valid_ones_can_be_taken(
    session: Session, sign_in: SignIn
) -> None:
    make_company(session)
    client = sign_in(BUYER)
    rows = [so(), *(so(f"SO-{number}", sku="NOPE") for number in range(2, 9)), so("SO-9", quantity="1.5")]
    address = post(client, "sales_orders", export("sales_orders", rows)).location
    page = client.get(address).text
    assert "There is no product NOPE." in page
    assert "and 4 more" in page
    assert "Apply the valid 1 rows" in page
    refused = client.post(f"{address}/apply")
    assert (refused.status_code, session.scalar(select(func.count(SalesOrder.id)))) == (422, 0)
    assert "8 of 9 rows" in refused.text
    listed = client.get(f"{address}/problems.csv").data.decode("utf-8-sig").splitlines()
    assert listed[1].startswith("Sales orders,3,sku,NOPE,unknown_sku,error,")
    assert len(listed) == 9
    assert client.post(f"{address}/apply", data={"accept_valid": "y"}).status_code == 302
    assert session.scalar(select(func.count(SalesOrder.id))) == 1


def test_a_checked_file_can_be_discarded(session: Session, sign_in: SignIn) -> None:
    make_company(session)
    client = sign_in(BUYER)
    address = post(client, "sales_orders", export("sales_orders", [so()])).location
    assert client.post(f"{address}/discard").location == "/imports"
    assert only_batch(session).status == "discarded"
    assert client.post(f"{address}/apply").status_code == 422


def test_differences_are_shown_before_they_are_written(session: Session, sign_in: SignIn) -> None:
    make_company(session)
    client = sign_in(BUYER)
    row = {"sku": "WIDGET", "name": "Widget", "price": Decimal("9.75")}
    page = client.get(post(client, "products", export("products", [row])).location).text
    assert "price: <del>9</del> → <ins>9.75</ins>" in page


def test_what_is_missing_is_said_at_the_field(session: Session, sign_in: SignIn) -> None:
    make_company(session)
    client = sign_in(BUYER)
    answer = client.post("/imports", data={"kind": "products", "header_row": "0"})
    assert answer.status_code == 422
    assert "Choose a file." in answer.text
    assert "Rows are counted from 1." in answer.text
    unreadable = post(client, "products", b"\x00\x01", "photo.xlsx")
    assert "neither a workbook nor text" in client.get(unreadable.location).text


def test_templates_and_exports_are_files_that_can_be_imported(session: Session, sign_in: SignIn) -> None:
    make_company(session)
    client = sign_in(BUYER)
    for kind in imports.kinds_for(session.merge(_user(session, BUYER))):
        empty = client.get(f"/imports/templates/{kind}.xlsx")
        assert [each.code for each in check(kind, empty.data).problems] == ["no_rows"]
        assert client.get(f"/imports/current/{kind}.xlsx").status_code == 200
    now = check("products", client.get("/imports/current/products.xlsx").data)
    assert [row.values["sku"] for row in now.rows] == ["GADGET", "WIDGET"]
    assert client.get("/imports/templates/nothing.xlsx").status_code == 404


def _user(session: Session, email: str) -> Any:
    return session.scalars(select(User).where(User.email == email)).one()


def test_each_desk_brings_in_its_own_kinds_only(session: Session, sign_in: SignIn) -> None:
    company = make_company(session)
    add_user(session, "sam@promiseline.example", "sales")
    add_user(session, "wim@promiseline.example", "warehouse_manager")
    add_user(session, "fay@promiseline.example", "finance")
    add_user(session, "sue@acme.example", "supplier", supplier_id=company.acme.id)
    add_user(session, "nora@nora.example", "customer", customer_id=company.nora.id)
    session.commit()
    address = post(sign_in(BUYER), "products", export("products", [{"sku": "A", "name": "A"}])).location
    assert sign_in("wim@promiseline.example").get("/imports/templates/receipts.xlsx").status_code == 200
    sam = sign_in("sam@promiseline.example")
    assert sam.get("/imports").status_code == 200
    assert sam.get(address).status_code == 403
    assert sam.post(f"{address}/apply").status_code == 403
    assert sam.get("/imports/current/products.xlsx").status_code == 403
    assert post(sam, "products", b"sku,name\r\nA,B\r\n").status_code == 422
    for email in ("fay@promiseline.example", "sue@acme.example", "nora@nora.example"):
        client = sign_in(email)
        assert [client.get(path).status_code for path in ("/imports", address)] == [403, 403]
    assert sign_in(BUYER).get("/imports/IM-1").status_code == 404


def test_the_list_takes_as_many_queries_for_many_imports_as_for_few(
    session: Session, sign_in: SignIn, app: Any
) -> None:
    make_company(session)
    client = sign_in(BUYER)
    counts = []
    for copies in (1, 30):
        for copy in range(copies):
            post(client, "products", f"sku,name\r\nA{copy},B\r\n".encode(), "p.csv")
        statements: list[str] = []

        def note(*arguments: Any, seen: list[str] = statements) -> None:
            seen.append(arguments[2])

        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", note)
            page = client.get("/imports")
            event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert "Next" in page.text


@pytest.mark.browser
def test_the_pages_are_fit_for_people(session: Session, sign_in: SignIn, browser: Browser, address: str) -> None:
    make_company(session)
    client = sign_in(BUYER)
    mixed = [so(), so("SO-2", sku="NOPE"), so("SO-3", quantity="1.5"), so("SO-4", customer_code="WHO")]
    checked = post(client, "sales_orders", export("sales_orders", mixed), "orders of november.xlsx").location
    changed = [{"sku": "WIDGET", "name": "Wider widget"}, {"sku": "NEW", "name": "New"}]
    applied = post(client, "products", export("products", changed)).location
    client.post(f"{applied}/apply")
    refused = post(client, "products", b"\x00\x01", "photo.jpg").location
    state = _signed_in(client)
    for path in ("/imports", checked, applied, refused):
        check_everywhere(browser, f"{address}{path}", storage_state=state)
    with open_page(browser, VIEWS[0], javascript=False, storage_state=state) as page:
        page.goto(f"{address}/imports")
        page.get_by_label("What it holds").select_option("customers")
        page.get_by_label("File", exact=True).set_input_files(
            {"name": "c.csv", "mimeType": "text/csv", "buffer": b"code,name\r\nC-1,One\r\n"}
        )
        page.get_by_role("button", name="Check the file").click()
        page.get_by_role("button", name="Apply all").click()
        expect(page.get_by_text("1 new, 0 changed")).to_be_visible()
    with open_page(browser, VIEWS[1], storage_state=state) as page:
        page.goto(f"{address}{checked}")
        page.get_by_role("button", name="Apply the valid 1 rows").click()
        expect(page.get_by_text("What came of it")).to_be_visible()
        check_page(page)


def _signed_in(client: FlaskClient) -> Any:
    """What a browser keeps of somebody who is signed in."""
    cookie = client.get_cookie("session")
    assert cookie is not None
    kept = {"name": "session", "value": cookie.value, "domain": "127.0.0.1", "path": "/", "expires": -1}
    return {"cookies": [{**kept, "httpOnly": True, "secure": False, "sameSite": "Lax"}], "origins": []}


def test_while_the_demo_company_is_loaded_every_page_says_how_far(session: Session, sign_in: SignIn) -> None:
    company = make_company(session)
    add_user(session, "nora@nora.example", "customer", customer_id=company.nora.id)
    session.add(DemoProgress(id=1, seed=1, size="small", today=NOW.date(), percent=60, step="Orders"))
    session.commit()
    for email in (BUYER, "nora@nora.example"):
        assert "The demo company is being loaded: 60 %." in sign_in(email).get("/", follow_redirects=True).text
    session.get_one(DemoProgress, 1).finished_at = NOW
    session.commit()
    assert "being loaded" not in sign_in(BUYER).get("/imports").text
