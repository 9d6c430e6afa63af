"""The small company with a person for every role, and two rivals."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from domain.roles import Role
from tests.builders import Company, add_user, make_company

#: Who is who in these tests: every staff role, both parties and their rivals.
STAFF = [role for role in Role if role not in (Role.SUPPLIER, Role.CUSTOMER)]


@pytest.fixture
def company(app: Flask, session: Session) -> Company:
    company = make_company(session)
    for role in STAFF:
        add_user(session, f"{role}@promiseline.example", role)
    add_user(session, "dana@acme.example", "supplier", supplier_id=company.acme.id)
    add_user(session, "rita@rival.example", "supplier", supplier_id=company.rival.id)
    add_user(session, "nils@shop.example", "customer", customer_id=company.nora.id)
    add_user(session, "olga@trade.example", "customer", customer_id=company.otto.id)
    session.commit()
    return company


PARTIES = ["dana@acme.example", "rita@rival.example", "nils@shop.example", "olga@trade.example"]
