"""What can't be done is a clear 4xx that names the field, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from domain.replenishment import Action, Answer
from portal.api import calls
from portal.api.calls import LARGEST_BODY
from portal.services import answers
from tests.builders import Company
from tests.portal.api.conftest import Caller, fields_of, in_days, row_counts
from tests.portal.api.world import make_world, worker

GOOD_LINE = {"sku": "WIDGET", "quantity": 5, "requested_date": in_days(20)}


def an_order(**line: Any) -> dict[str, Any]:
    return {"customer_code": "NORA", "lines": [GOOD_LINE | line]}


def a_proposal(quantity: Any = 6, promised_date: str | None = None, **more: Any) -> dict[str, Any]:
    schedule = [{"quantity": quantity, "promised_date": promised_date or in_days(30)}]
    return {"action": "propose", "schedule": schedule, "reason_code": "capacity"} | more


def a_receipt(**more: Any) -> dict[str, Any]:
    return {"po_number": "{po}", "line_number": 1, "quantity": 1, "warehouse_code": "MAIN"} | more


def a_parcel(**more: Any) -> dict[str, Any]:
    return {"backorder_number": "{backorder}", "quantity": 1, "carrier": "DHL", "tracking_number": "1"} | more


RESPONSES = "/purchase-order-lines/{line}/responses"
DECISIONS = "/purchase-order-lines/{line}/decisions"
CANCEL = "/backorders/{backorder}/cancel"

#: Name: (who, path, body, status, the fields named).
BAD: dict[str, tuple[str, str, Any, int, set[str]]] = {
    "unknown SKU": ("sales", "/orders", an_order(sku="NONE"), 422, {"lines.0.sku"}),
    "unknown customer": ("sales", "/orders", an_order() | {"customer_code": "NONE"}, 422, {"customer_code"}),
    "both unknown": (
        "sales",
        "/orders",
        an_order(sku="NONE") | {"customer_code": "NONE"},
        422,
        {"lines.0.sku", "customer_code"},
    ),
    "negative": ("sales", "/orders", an_order(quantity=-1), 422, {"lines.0.quantity"}),
    "nothing": ("sales", "/orders", an_order(quantity=0), 422, {"lines.0.quantity"}),
    "half a piece": ("sales", "/orders", an_order(quantity=2.5), 422, {"lines.0.quantity"}),
    "half a piece as text": ("sales", "/orders", an_order(quantity="2.5"), 422, {"lines.0.quantity"}),
    "too precise": ("sales", "/orders", an_order(sku="GADGET", quantity=0.0001), 422, {"lines.0.quantity"}),
    "too many": ("sales", "/orders", an_order(quantity=10**9), 422, {"lines.0.quantity"}),
    "absurdly many": ("sales", "/orders", an_order(quantity=10**300), 422, {"lines.0.quantity"}),
    "no number": ("sales", "/orders", an_order(quantity="many"), 422, {"lines.0.quantity"}),
    "truth for a number": ("sales", "/orders", an_order(quantity=True), 422, {"lines.0.quantity"}),
    "infinite": ("sales", "/orders", an_order(quantity="Infinity"), 422, {"lines.0.quantity"}),
    "past": ("sales", "/orders", an_order(requested_date=in_days(-1)), 422, {"lines.0.requested_date"}),
    "year 20261": ("sales", "/orders", an_order(requested_date="20261-01-05"), 422, {"lines.0.requested_date"}),
    "year 2061": ("sales", "/orders", an_order(requested_date="2061-01-05"), 422, {"lines.0.requested_date"}),
    "no such day": ("sales", "/orders", an_order(requested_date="2027-02-30"), 422, {"lines.0.requested_date"}),
    "no lines": ("sales", "/orders", {"customer_code": "NORA", "lines": []}, 422, {"lines"}),
    "nothing given": ("sales", "/orders", {}, 422, {"lines", "customer_code"}),
    "unknown field": ("sales", "/orders", an_order(colour="red"), 422, {"lines.0.colour"}),
    "a list for an object": ("sales", "/orders", [], 422, {"body"}),
    "a number for text": ("sales", "/orders", an_order(sku=7), 422, {"lines.0.sku"}),
    "unstorable text": ("sales", "/orders", an_order(sku="A\x00B"), 422, {"lines.0.sku"}),
    "half a character": ("sales", "/orders", an_order(sku="\ud800"), 422, {"lines.0.sku"}),
    "long number": ("sales", "/orders", an_order() | {"number": "X" * 65}, 422, {"number"}),
    "number taken": ("sales", "/orders", an_order() | {"number": "{order}"}, 409, {"number"}),
    "more than ordered": ("supplier", RESPONSES, a_proposal(7), 422, {"schedule"}),
    "promise in the past": (
        "supplier",
        RESPONSES,
        a_proposal(promised_date=in_days(-1)),
        422,
        {"schedule.0.promised_date"},
    ),
    "half a piece promised": ("supplier", RESPONSES, a_proposal("1.5"), 422, {"schedule.0.quantity"}),
    "no reason": ("supplier", RESPONSES, a_proposal(reason_code=None), 422, {"reason_code"}),
    "unknown reason": ("supplier", RESPONSES, a_proposal(reason_code="mood"), 422, {"reason_code"}),
    "no dates": ("supplier", RESPONSES, {"action": "propose", "reason_code": "capacity"}, 422, {"schedule"}),
    "unknown action": ("supplier", RESPONSES, {"action": "hope"}, 422, {"action"}),
    "stale version": ("supplier", RESPONSES, {"action": "accept", "version": 999}, 409, {"version"}),
    "nothing to decide": ("buyer", DECISIONS, {"decision": "approve"}, 409, {"status"}),
    "unknown decision": ("buyer", DECISIONS, {"decision": "maybe"}, 422, {"decision"}),
    "receipt of more than is open": ("fulfilment", "/receipts", a_receipt(quantity=7), 422, {"quantity"}),
    "half a piece received": ("fulfilment", "/receipts", a_receipt(quantity=0.5), 422, {"quantity"}),
    "unknown purchase order": ("fulfilment", "/receipts", a_receipt(po_number="NONE"), 422, {"po_number"}),
    "unknown warehouse": ("fulfilment", "/receipts", a_receipt(warehouse_code="NONE"), 422, {"warehouse_code"}),
    "line number too large": ("fulfilment", "/receipts", a_receipt(line_number=99999), 422, {"line_number"}),
    "shipment of more than is allocated": ("fulfilment", "/shipments", a_parcel(quantity=4), 422, {"quantity"}),
    "unknown backorder": (
        "fulfilment",
        "/shipments",
        a_parcel(backorder_number="NONE"),
        422,
        {"backorder_number"},
    ),
    "no carrier": ("fulfilment", "/shipments", a_parcel(carrier=" "), 422, {"carrier"}),
    "long carrier": ("fulfilment", "/shipments", a_parcel(carrier="x" * 81), 422, {"carrier"}),
    "unknown cancel reason": ("sales", CANCEL, {"reason_code": "mood"}, 422, {"reason_code"}),
}


def filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value.strip("{}"), value) if value.startswith("{") else value
    if isinstance(value, dict):
        return {key: filled(each, names) for key, each in value.items()}
    return [filled(each, names) for each in value] if isinstance(value, list) else value


def test_every_bad_input_names_its_field_and_changes_nothing(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)  # 6 are open on the line, 3 allocated and not shipped
    names = {
        "order": world.waiting.order_line.order.number,
        "backorder": world.waiting.number,
        "line": str(world.line.id),
        "po": world.line.po_number,
    }
    callers = {who: as_user(who) for who in {case[0] for case in BAD.values()}}
    before = row_counts(session)
    wrong = []
    for name, (who, path, body, status, fields) in BAD.items():
        answer = callers[who].post(path.format(**names), filled(body, names), Idempotency_Key=name)
        named = fields_of(answer)
        if (answer.status_code, named) != (status, fields):
            wrong.append(f"{name}: {answer.status_code} naming {named}: {answer.get_json()['detail']}")
    assert not wrong, "\n".join(wrong)
    assert row_counts(session) == before


def test_a_closed_line_takes_neither_answer_nor_goods(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)
    rejected = Answer(Action.REJECT, reason_code="discontinued")
    answers.answer_line(session, worker(), world.line.id, rejected)
    supplier, warehouse = as_user("supplier"), as_user("fulfilment")
    before = row_counts(session)
    late = supplier.post(f"/purchase-order-lines/{world.line.id}/responses", {"action": "accept"})
    goods = warehouse.post("/receipts", {"po_number": world.line.po_number, "line_number": 1, "quantity": 1})
    for answer in (late, goods):
        assert answer.status_code == 409
        assert fields_of(answer) == {"status"}
    assert row_counts(session) == before


RAW: list[tuple[bytes, str, int]] = [
    (b"{", "application/json", 400),
    (b"", "application/json", 400),
    (b'{"customer_code": NaN}', "application/json", 400),
    (b'{"customer_code": 1e99999999999999999999}', "application/json", 400),
    (b"\xff\xfe", "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"a":' + b"9" * 5000 + b"}", "application/json", 400),
    (b"customer_code=NORA", "application/x-www-form-urlencoded", 415),
    (b"x" * (LARGEST_BODY + 1), "application/json", 413),
]


def test_what_is_no_json_is_a_problem(session: Session, as_user: Callable[[str], Caller]) -> None:
    sales = as_user("sales")
    before = row_counts(session)
    for body, kind, status in RAW:
        answer = sales.client.post("/api/v1/orders", data=body, content_type=kind, headers=sales._headers({}))
        assert answer.status_code == status, body[:40]
        fields_of(answer)
    assert row_counts(session) == before


def test_numbers_are_read_exactly(as_user: Callable[[str], Caller]) -> None:
    """0.1 is not 0.1000000000000000055, which would be too precise."""
    sales = as_user("sales")
    body = (
        b'{"customer_code": "NORA", "lines": [{"sku": "GADGET", "quantity": 1.100, "requested_date": "%s"}]}'
        % in_days(5).encode()
    )
    answer = sales.client.post(
        "/api/v1/orders", data=body, content_type="application/json", headers=sales._headers({})
    )
    assert answer.status_code == 201
    assert answer.get_json()["lines"][0]["quantity"] == 1.1


def test_a_wrong_method_is_said(app: Flask) -> None:
    answer = app.test_client().delete("/api/v1/orders")
    assert answer.status_code == 405
    assert fields_of(answer) == set()
    assert "POST" in answer.headers["Allow"]


def test_pages_keep_their_own_errors(app: Flask) -> None:
    answer = app.test_client().get("/nothing")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"


def test_a_fault_of_ours_is_a_problem_without_its_secrets(
    monkeypatch: pytest.MonkeyPatch, as_user: Callable[[str], Caller]
) -> None:
    buyer = as_user("buyer")

    def broken(*given: object) -> None:
        raise RuntimeError("password of the database")

    monkeypatch.setattr("portal.api.queries.take_page", broken)
    answer = buyer.get("/backorders")
    assert answer.status_code == 500
    assert fields_of(answer) == set()
    assert "password" not in answer.text


def test_too_many_calls_are_slowed_down(
    app: Flask, monkeypatch: pytest.MonkeyPatch, as_user: Callable[[str], Caller]
) -> None:
    buyer, other = as_user("buyer"), as_user("sales")
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    monkeypatch.setattr(calls, "RATE", calls.parse("3 per hour"))
    monkeypatch.setattr(calls, "TRIES", calls.parse("2 per hour"))
    assert [buyer.get("/backorders").status_code for _ in range(4)] == [200, 200, 200, 429]
    slowed = buyer.get("/backorders")
    assert fields_of(slowed) == set()
    assert int(slowed.headers["Retry-After"]) > 0
    assert other.get("/backorders").status_code == 200
    stranger = app.test_client()
    assert [stranger.get("/api/v1/stock").status_code for _ in range(3)] == [401, 401, 429]
