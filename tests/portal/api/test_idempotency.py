"""A call that comes twice is done once, whatever happens in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.models import IdempotencyKey, Receipt, SalesOrder, SupplierAnswer
from portal.services import idempotency
from tests.builders import Company
from tests.conftest import Database
from tests.portal.api.conftest import Caller, fields_of, in_days, row_counts
from tests.portal.api.world import make_world


def an_order(quantity: int = 5) -> dict[str, Any]:
    return {
        "customer_code": "NORA",
        "lines": [{"sku": "WIDGET", "quantity": quantity, "requested_date": in_days(20)}],
    }


def count(session: Session, model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_same_call_gets_the_same_answer(session: Session, as_user: Callable[[str], Caller]) -> None:
    sales = as_user("sales")
    first = sales.post("/orders", an_order(), Idempotency_Key="k1")
    rows = row_counts(session)
    again = sales.post("/orders", an_order(), Idempotency_Key="k1")
    assert (again.status_code, again.data, again.mimetype) == (201, first.data, "application/json")
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert row_counts(session) == rows


def test_another_request_under_a_used_key_is_refused(session: Session, as_user: Callable[[str], Caller]) -> None:
    sales = as_user("sales")
    sales.post("/orders", an_order(), Idempotency_Key="k1")
    rows = row_counts(session)
    for path, body in (("/orders", an_order(6)), ("/backorders/BO-100001/cancel", {"reason_code": "too_late"})):
        refused = sales.post(path, body, Idempotency_Key="k1")
        assert refused.status_code == 422
        assert fields_of(refused) == {"Idempotency-Key"}
    assert row_counts(session) == rows


def test_a_second_answer_of_a_supplier_under_its_key_changes_nothing(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)
    supplier, path = as_user("supplier"), f"/purchase-order-lines/{world.line.id}/responses"
    before = count(session, SupplierAnswer)
    assert supplier.post(path, {"action": "accept"}, Idempotency_Key="a").status_code == 200
    second = supplier.post(path, {"action": "reject", "reason_code": "capacity"}, Idempotency_Key="a")
    assert second.status_code == 422
    assert fields_of(second) == {"Idempotency-Key"}
    assert supplier.post(path, {"action": "accept"}, Idempotency_Key="a").headers["Idempotency-Replayed"]
    assert count(session, SupplierAnswer) == before + 1


def test_keys_of_different_users_have_nothing_to_do_with_each_other(
    session: Session, as_user: Callable[[str], Caller]
) -> None:
    for name in ("sales", "buyer"):
        assert as_user(name).post("/orders", an_order(), Idempotency_Key="k1").status_code == 201
    assert count(session, SalesOrder) == 2


def test_a_refused_call_is_not_remembered(session: Session, as_user: Callable[[str], Caller]) -> None:
    sales = as_user("sales")
    bad = an_order() | {"customer_code": "NONE"}
    assert sales.post("/orders", bad, Idempotency_Key="k1").status_code == 422
    assert count(session, IdempotencyKey) == 0
    mended = sales.post("/orders", an_order(), Idempotency_Key="k1")
    assert mended.status_code == 201
    assert "Idempotency-Replayed" not in mended.headers


def test_a_key_that_can_not_be_kept_is_refused(as_user: Callable[[str], Caller]) -> None:
    sales = as_user("sales")
    for key in ["", "x" * 201, "ü", "a\tb"]:
        refused = sales.post("/orders", an_order(), Idempotency_Key=key)
        assert refused.status_code == 422
        assert fields_of(refused) == {"Idempotency-Key"}


def test_of_calls_at_the_same_time_one_acts(
    app: Flask, session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)
    token = as_user("fulfilment").token
    receipt = {"po_number": world.line.po_number, "line_number": 1, "quantity": 1}
    before = count(session, Receipt)
    together = threading.Barrier(6)

    def call(number: int) -> tuple[int, bytes, str | None]:
        caller = Caller(app.test_client(), token)
        together.wait(timeout=30)
        answer = caller.post("/receipts", receipt, Idempotency_Key=f"together-{number % 2}")
        return answer.status_code, answer.data, answer.headers.get("Idempotency-Replayed")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(call, range(6)))
    assert {status for status, _, _ in answers} == {201}
    assert count(session, Receipt) == before + 2
    for key in (0, 1):
        of_key = answers[key::2]
        assert len({body for _, body, _ in of_key}) == 1
        assert sorted(str(replayed) for _, _, replayed in of_key) == ["None", "true", "true"]


def test_a_call_that_waits_too_long_is_told_so(
    database: Database, session: Session, as_user: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "LONGEST_WAIT", "50ms")
    sales = as_user("sales")
    user_id = session.scalar(text("SELECT id FROM app_user WHERE email = 'sales@people.example'"))
    session.rollback()
    with database.session() as other:
        other.add(IdempotencyKey(user_id=user_id, key="k1", request_hash="0" * 64))
        other.flush()
        waited = sales.post("/orders", an_order(), Idempotency_Key="k1")
        assert waited.status_code == 409
        assert fields_of(waited) == {"Idempotency-Key"}
        other.rollback()
    assert sales.post("/orders", an_order(), Idempotency_Key="k1").status_code == 201
    assert count(session, SalesOrder) == 1


def test_a_crash_before_the_end_leaves_nothing_and_the_next_try_acts_once(
    session: Session, as_user: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's process dies between the effect and the commit, as the web's could."""
    sales = as_user("sales")
    before = row_counts(session)

    def die(session: Session, *given: Any) -> None:
        assert session.scalar(select(func.count()).select_from(SalesOrder)) == 1
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "keep", die)
        cut = sales.post("/orders", an_order(), Idempotency_Key="k1")
    assert cut.status_code == 503
    assert cut.headers["Retry-After"]
    fields_of(cut)
    assert row_counts(session) == before
    again = sales.post("/orders", an_order(), Idempotency_Key="k1")
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers
    assert count(session, SalesOrder) == 1


def test_an_answer_that_was_lost_on_the_way_is_given_again(
    session: Session, as_user: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after the commit, before anything is sent."""
    sales = as_user("sales")

    class Killed(BaseException):
        pass

    real = Session.commit

    def commit_and_die(self: Session) -> None:
        real(self)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", commit_and_die)
        with pytest.raises(Killed):
            sales.post("/orders", an_order(), Idempotency_Key="k1")
    again = sales.post("/orders", an_order(), Idempotency_Key="k1")
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_json()["lines"][0]["backorder_number"] == "BO-100001"
    assert count(session, SalesOrder) == 1


def test_without_a_key_every_call_acts(session: Session, as_user: Callable[[str], Caller]) -> None:
    sales = as_user("sales")
    for _ in range(2):
        assert sales.post("/orders", an_order()).status_code == 201
    assert count(session, SalesOrder) == 2
    assert count(session, IdempotencyKey) == 0
