"""Every call as its owner, a rival, a stranger and each staff role."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from domain.roles import Role
from portal.models import ApiToken, User
from tests.builders import Company
from tests.portal.api.conftest import Caller, fields_of, row_counts, today
from tests.portal.api.world import make_world

STAFF = {str(role) for role in Role} - {"supplier", "customer"}
SEE_BACKORDERS = STAFF - {"it_admin"}
SEE_SUPPLY = {
    "buyer",
    "supply_chain_manager",
    "warehouse_manager",
    "fulfilment",
    "production_manager",
    "product_manager",
    "business_analyst",
    "finance",
    "executive",
}
WAREHOUSE = {"warehouse_manager", "fulfilment"}
SELLERS = {"sales", "sales_manager", "customer_service", "buyer"}
CUSTOMERS = {"customer", "rival_customer"}
SUPPLIERS = {"supplier", "rival_supplier"}
MASTER_DATA = {"buyer", "supply_chain_manager", "product_manager"}
IMPORTERS = MASTER_DATA | SELLERS | WAREHOUSE
EVERYBODY = STAFF | CUSTOMERS | SUPPLIERS

#: Method and path, who may (200; 422 for an empty body), and for whom there is nothing (404). 403 for the rest.
CALLS: dict[str, tuple[set[str], set[str]]] = {
    "GET /orders": (SEE_BACKORDERS | CUSTOMERS, set()),
    "GET /orders/{order}": (SEE_BACKORDERS | {"customer"}, SUPPLIERS | {"rival_customer"}),
    "POST /orders": (SELLERS, set()),
    "GET /backorders": (SEE_BACKORDERS | CUSTOMERS, set()),
    "GET /backorders/{backorder}": (SEE_BACKORDERS | {"customer"}, SUPPLIERS | {"rival_customer"}),
    "POST /backorders/{backorder}/cancel": (
        SELLERS | {"supply_chain_manager", "customer"},
        SUPPLIERS | {"rival_customer"},
    ),
    "GET /purchase-order-lines": (SEE_SUPPLY | SUPPLIERS, set()),
    "GET /purchase-order-lines/{line}": (SEE_SUPPLY | {"supplier"}, CUSTOMERS | {"rival_supplier"}),
    "POST /purchase-order-lines/{line}/responses": ({"supplier"}, CUSTOMERS | {"rival_supplier"}),
    "POST /purchase-order-lines/{line}/decisions": (
        {"buyer", "supply_chain_manager"},
        CUSTOMERS | {"rival_supplier"},
    ),
    "POST /receipts": (WAREHOUSE, set()),
    "GET /pick-lists": (SEE_SUPPLY, set()),
    "GET /shipments": (SEE_BACKORDERS | CUSTOMERS, set()),
    "GET /shipments/{shipment}": (SEE_BACKORDERS | {"customer"}, SUPPLIERS | {"rival_customer"}),
    "POST /shipments": (WAREHOUSE, set()),
    "POST /shipments/{shipment}/delivered": (WAREHOUSE, SUPPLIERS | {"rival_customer"}),
    "GET /products": (EVERYBODY, set()),
    "GET /products/WIDGET": (EVERYBODY, set()),
    "GET /suppliers": (SEE_SUPPLY, set()),
    "GET /customers": (SEE_BACKORDERS, set()),
    "GET /warehouses": (EVERYBODY, set()),
    "GET /stock": (SEE_SUPPLY, set()),
    "GET /imports/IM-NONE": (set(), IMPORTERS),
    "GET /imports/templates/products": (IMPORTERS, set()),
    "POST /imports/products": (MASTER_DATA, set()),
}

NOTHING_HERE = [
    "/orders/SO-NONE",
    "/backorders/BO-NONE",
    "/backorders/%00",
    "/purchase-order-lines/999999",
    "/purchase-order-lines/99999999999999999999999",
    "/purchase-order-lines/abc",
    "/shipments/999999",
    "/products/NONE",
    "/nothing",
]


def test_every_call_as_everybody(
    app: Flask, session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)
    names = {
        "order": world.waiting.order_line.order.number,
        "backorder": world.waiting.number,
        "line": world.line.id,
        "shipment": world.shipment.id,
    }
    callers = {name: as_user(name) for name in sorted(EVERYBODY)}
    before = row_counts(session)
    wrong = []
    for call, (may, hidden) in CALLS.items():
        method, path = call.format(**names).split()
        for name, caller in callers.items():
            answer = caller.get(path) if method == "GET" else caller.post(path, {})
            allowed = 200 if method == "GET" or path.endswith("/delivered") else 422
            expected = allowed if name in may else 404 if name in hidden else 403
            if answer.status_code != expected:
                wrong.append(f"{call} as {name}: {answer.status_code}, not {expected}")
            if answer.status_code >= 400:
                fields_of(answer)
        stranger = app.test_client().open(f"/api/v1{path}", method=method)
        assert stranger.status_code == 401, call
        assert fields_of(stranger) == set()
        assert stranger.headers["WWW-Authenticate"].startswith("Bearer")
    assert not wrong, "\n".join(wrong)
    assert _but_delivery(row_counts(session)) == _but_delivery(before)


def _but_delivery(counts: dict[str, int]) -> dict[str, int]:
    """The one call without a body did what it says."""
    return {name: count for name, count in counts.items() if name not in ("audit_event", "notice", "outbox")}


def test_every_route_of_the_api_is_walked(app: Flask) -> None:
    walked = {tuple(re.sub(r"\{\w+\}|WIDGET|IM-NONE|(?<=/)products$", "_", call).split()) for call in CALLS}
    walked |= {("GET", "/products"), ("GET", "/imports/templates/_")}
    walked -= {("GET", "/_")}
    routes = {
        (method, _bare(rule.rule.removeprefix("/api/v1")))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == walked


def _bare(rule: str) -> str:
    return "/".join("_" if part.startswith("<") else part for part in rule.split("/"))


def test_what_is_not_there_is_404(as_user: Callable[[str], Caller]) -> None:
    buyer = as_user("buyer")
    for path in NOTHING_HERE:
        answer = buyer.get(path)
        assert answer.status_code == 404, path
        fields_of(answer)


def test_lists_hold_only_what_is_ones_own(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    make_world(session, company)
    for path in ("/orders", "/backorders", "/shipments"):
        assert len(as_user("customer").get(path).get_json()["items"]) == 1
        assert as_user("rival_customer").get(path).get_json()["items"] == []
    assert len(as_user("supplier").get("/purchase-order-lines").get_json()["items"]) == 1
    assert as_user("rival_supplier").get("/purchase-order-lines").get_json()["items"] == []
    for found in ("/backorders?supplier=ACME", "/backorders?customer=OTTO"):
        assert as_user("customer").get(found).get_json()["items"] == []


def test_a_customer_learns_neither_supply_nor_who_acted(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)
    path = f"/backorders/{world.waiting.number}"
    staff, own = as_user("buyer").get(path).get_json(), as_user("customer").get(path).get_json()
    assert {each["po_number"] for each in staff["pegs"]} == {world.line.po_number}
    assert {each["po_number"] for each in own["pegs"]} == {None}
    assert [(each["quantity"], each["date"], each["hard"]) for each in own["pegs"]] == [
        (each["quantity"], each["date"], each["hard"]) for each in staff["pegs"]
    ]
    assert staff["promises"]
    assert {each["actor"] for each in own["promises"]} == {None}
    assert own["notices"]
    for secret in ("ACME", "Acme", world.line.po_number):
        assert secret not in str(own)


def test_a_supplier_learns_how_many_wait_and_never_who(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)
    line = as_user("supplier").get(f"/purchase-order-lines/{world.line.id}").get_json()
    assert line["waiting_customers"] == 1
    assert "NORA" not in str(line)
    product = as_user("supplier").get("/products/WIDGET").get_json()
    assert set(product) == {"sku", "name", "unit", "category"}
    assert set(as_user("customer").get("/products").get_json()["items"][0]) == {"sku", "name", "unit", "category"}


def test_only_a_token_counts(
    app: Flask, sign_in: Callable[[str], FlaskClient], as_user: Callable[[str], Caller]
) -> None:
    signed_in = sign_in("buyer@people.example")
    assert signed_in.get("/api/v1/backorders").status_code == 401
    as_supplier = as_user("supplier")
    mixed = signed_in.get("/api/v1/backorders", headers={"Authorization": f"Bearer {as_supplier.token}"})
    assert mixed.status_code == 403  # the token's user, not the cookie's
    for header in ("Bearer nonsense", "Basic YTpi", "Bearer", "Bearer \xe9"):
        refused = app.test_client().get("/api/v1/backorders", headers={"Authorization": header})
        assert refused.status_code == 401


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_a_token_that_ended_is_refused(column: str, session: Session, as_user: Callable[[str], Caller]) -> None:
    buyer = as_user("buyer")
    assert buyer.get("/backorders").status_code == 200
    session.execute(update(ApiToken).values({column: today()}))
    session.commit()
    assert buyer.get("/backorders").status_code == 401


def test_a_token_of_somebody_who_is_kept_out_is_refused(
    session: Session, as_user: Callable[[str], Caller]
) -> None:
    buyer = as_user("buyer")
    session.execute(update(User).where(User.email == "buyer@people.example").values(active=False))
    session.commit()
    assert buyer.get("/backorders").status_code == 401
