"""Programs that call the API: a client for each user, with a token that was made for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from domain.roles import Role
from portal.models import (
    Allocation,
    AuditEvent,
    Backorder,
    IdempotencyKey,
    Notice,
    OutboxMessage,
    PickListLine,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    Receipt,
    SalesOrder,
    SalesOrderLine,
    Shipment,
    StockMovement,
    SupplierAnswer,
    SupplyPromise,
    User,
)
from portal.services.accounts import create_token
from portal.services.transaction import Context
from tests.builders import Company, add_user, make_company

COUNTED = (
    Allocation,
    AuditEvent,
    Backorder,
    IdempotencyKey,
    Notice,
    OutboxMessage,
    PickListLine,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    Receipt,
    SalesOrder,
    SalesOrderLine,
    Shipment,
    StockMovement,
    SupplierAnswer,
    SupplyPromise,
)


def today() -> datetime:
    return datetime.now(UTC)


def in_days(days: int) -> str:
    return (today().date() + timedelta(days=days)).isoformat()


@dataclass(frozen=True)
class Caller:
    """Calls the API as one user. Paths are below /api/v1."""

    client: FlaskClient
    token: str

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self._headers(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.client.post(f"/api/v1{path}", json=body, headers=self._headers(headers))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.token}"} | named


@pytest.fixture
def company(session: Session) -> Company:
    made = make_company(session)
    for role in Role:
        party = {Role.SUPPLIER: {"supplier_id": made.acme.id}, Role.CUSTOMER: {"customer_id": made.nora.id}}
        add_user(session, f"{role}@people.example", role, **party.get(role, {}))
    add_user(session, "rival_supplier@people.example", Role.SUPPLIER, supplier_id=made.rival.id)
    add_user(session, "rival_customer@people.example", Role.CUSTOMER, customer_id=made.otto.id)
    session.commit()
    return made


@pytest.fixture
def as_user(app: Flask, session: Session, company: Company) -> Callable[[str], Caller]:
    """`as_user("buyer")`: any role's name, or rival_supplier, rival_customer."""

    def enter(name: str) -> Caller:
        user = session.scalars(select(User).where(User.email == f"{name}@people.example")).one()
        who = Context(actor="test", channel="test", now=today())
        return Caller(app.test_client(), create_token(session, who, user, "test"))

    return enter


def row_counts(session: Session) -> dict[str, int]:
    """How many rows each table holds that a call could write to."""
    session.rollback()
    return {model.__tablename__: session.scalar(select(func.count()).select_from(model)) or 0 for model in COUNTED}


def fields_of(answer: TestResponse) -> set[str]:
    """The fields that a problem names; fails on an answer that is no problem."""
    assert answer.mimetype == "application/problem+json", answer.get_data(as_text=True)
    problem = answer.get_json()
    assert set(problem) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}
    assert problem["status"] == answer.status_code
    assert problem["instance"] == answer.request.path
    assert problem["request_id"]
    assert all(each["code"] and each["message"] for each in problem["errors"])
    return {each["field"] for each in problem["errors"]}
