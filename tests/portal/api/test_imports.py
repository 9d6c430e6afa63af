"""Files brought in by programs."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.models import Backorder, ImportBatch, Product, SalesOrder
from tests.portal.api.conftest import Caller, fields_of, in_days

REPORT = {
    "type",
    "file",
    "rows",
    "accepted",
    "rejected",
    "created",
    "updated",
    "unchanged",
    "problems",
    "elapsed_s",
}
PRODUCTS = "sku,name,unit\nBOLT,Bolt,ea\nNUT,Nut,ea\n"
SPOILED = "sku,name,unit\nBOLT,Bolt,ea\nNUT,,ea\n"


def send(caller: Caller, path: str, text: str | None, name: str = "file.csv", **headers: str) -> TestResponse:
    data: dict[str, Any] = {} if text is None else {"file": (io.BytesIO(text.encode()), name)}
    return caller.client.post(
        f"/api/v1{path}", data=data, content_type="multipart/form-data", headers=caller._headers(headers)
    )


def count(session: Session, model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_file_is_tried_brought_in_and_found_again(session: Session, as_user: Callable[[str], Caller]) -> None:
    buyer = as_user("buyer")
    tried = send(buyer, "/imports/products?dry_run=true", PRODUCTS)
    assert tried.status_code == 200
    assert tried.get_json()["created"] == 2
    assert tried.get_json()["number"] is None
    assert count(session, Product) == 2
    assert count(session, ImportBatch) == 0

    done = send(buyer, "/imports/products", PRODUCTS)
    assert done.status_code == 201
    report = done.get_json()
    assert set(report) == REPORT | {"number", "status"}
    assert (report["type"], report["status"], report["rows"], report["created"]) == ("products", "applied", 2, 2)
    assert count(session, Product) == 4
    assert buyer.get(f"/imports/{report['number']}").get_json() == report

    again = send(buyer, "/imports/products", PRODUCTS).get_json()
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)


def test_a_refused_row_refuses_the_file_unless_the_valid_ones_are_wanted(
    session: Session, as_user: Callable[[str], Caller]
) -> None:
    buyer = as_user("buyer")
    refused = send(buyer, "/imports/products", SPOILED)
    assert refused.status_code == 422
    assert refused.mimetype == "application/problem+json"
    problem = refused.get_json()
    assert (problem["rows"], problem["accepted"], problem["rejected"]) == (2, 1, 1)
    assert problem["problems"][0]["row"] == 3
    assert count(session, Product) == 2
    assert count(session, ImportBatch) == 0

    taken = send(buyer, "/imports/products?accept_valid=true", SPOILED)
    assert taken.status_code == 201
    assert taken.get_json()["created"] == 1
    assert count(session, Product) == 3


def test_the_same_upload_under_one_key_is_done_once(session: Session, as_user: Callable[[str], Caller]) -> None:
    sales = as_user("sales")
    text = f"order_number,customer_code,sku,quantity,requested_date\nSO-7,NORA,WIDGET,3,{in_days(30)}\n"
    first, second = (send(sales, "/imports/sales_orders", text, Idempotency_Key="one") for _ in range(2))
    assert first.status_code == 201, first.text
    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count(session, SalesOrder) == 1
    assert count(session, Backorder) == 1
    assert count(session, ImportBatch) == 1
    other = send(sales, "/imports/sales_orders", text.replace("SO-7", "SO-8"), Idempotency_Key="one")
    assert other.status_code == 422
    assert fields_of(other) == {"Idempotency-Key"}


def test_what_is_no_file_or_no_kind_is_said(as_user: Callable[[str], Caller]) -> None:
    buyer = as_user("buyer")
    assert fields_of(send(buyer, "/imports/products", None)) == {"file"}
    assert send(buyer, "/imports/products", "\x00\x01\x02", "file.xlsx").status_code == 422
    assert send(buyer, "/imports/nonsense", PRODUCTS).status_code == 404
    assert fields_of(send(buyer, "/imports/products?date_format=nonsense", PRODUCTS)) == {"date_format"}
    assert buyer.get("/imports/IM-NONE").status_code == 404


def test_templates_are_workbooks(as_user: Callable[[str], Caller]) -> None:
    answer = as_user("buyer").get("/imports/templates/sales_orders")
    assert answer.status_code == 200
    assert answer.data.startswith(b"PK")
    assert "sales_orders.xlsx" in answer.headers["Content-Disposition"]
    assert as_user("executive").get("/imports/templates/sales_orders").status_code == 403


def test_who_may_bring_in_what(session: Session, as_user: Callable[[str], Caller]) -> None:
    number = send(as_user("buyer"), "/imports/products", PRODUCTS).get_json()["number"]
    for name in ("supplier", "customer", "sales", "executive", "it_admin"):
        caller = as_user(name)
        assert send(caller, "/imports/products", PRODUCTS).status_code == 403
        assert caller.get(f"/imports/{number}").status_code in (403, 404)
    assert count(session, ImportBatch) == 1
