from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from domain.backorder import Status
from domain.replenishment import LineStatus
from portal.help.views import BACKORDER_STATUSES, LINE_STATUSES
from tests.builders import add_user, make_company


def test_every_status_is_explained() -> None:
    assert set(BACKORDER_STATUSES) == set(Status)
    assert set(LINE_STATUSES) == set(LineStatus)


def test_a_stranger_may_read_it(app: Flask) -> None:
    assert app.test_client().get("/help").status_code == 200


@pytest.mark.parametrize("kind", ["supplier", "customer"])
def test_parties_read_only_what_concerns_them(
    session: Session, sign_in: Callable[[str], FlaskClient], kind: str
) -> None:
    company = make_company(session)
    party = {"supplier_id": company.acme.id} if kind == "supplier" else {"customer_id": company.nora.id}
    add_user(session, "p@party.example", kind, **party)
    session.commit()
    page = sign_in("p@party.example").get("/help").text
    assert ("Where an order is" in page) == (kind == "customer")
    assert ("Where a purchase order line is" in page) == (kind == "supplier")
