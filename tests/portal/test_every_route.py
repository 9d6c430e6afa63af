"""Every route, walked as a stranger, as every staff role, as the owner and as the owner's rivals.

A new route fails here until it asks for a permission or stands among the public ones; one that shows a
supplier's or customer's things fails until its sample below names what is owned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from domain.roles import PARTY_ROLES, PERMISSIONS, Permission, Role
from portal.models import (
    ApiToken,
    Backorder,
    Notice,
    OutboxMessage,
    PickList,
    PurchaseOrderLine,
    SalesOrder,
    Shipment,
    User,
)
from portal.services import accounts, shipping
from portal.services.transaction import Context
from tests.builders import add_user, make_company, order, receive, the_line
from tests.conftest import NOW, Database

#: What anybody may open without signing in.
PUBLIC = {
    "static",
    "security.static",
    "security.login",
    "security.logout",
    "security.forgot_password",
    "security.reset_password",
    "healthz",
    "readyz",
    "metrics",
    "help.show",
    "api_docs",
    "api-docs.openapi_json",
    "dev.mails",
    "dev.mail",
    "dev.mail_html",
    "dev.components",
    "track.track",
    "track.cancel_tracked",
}
#: Ends the session that walks.
ENDS_THE_SESSION = {"account.sign_out_everywhere"}
#: Guarded by the library itself, for everybody who is signed in.
BY_THE_LIBRARY = {"security.change_password"}

API = "/api/v1"
READERS = frozenset({Permission.SEE_BACKORDERS, Permission.SEE_OWN_ORDERS})
SUPPLY = frozenset({Permission.SEE_SUPPLY, Permission.ANSWER_LINES})
WAREHOUSE = frozenset({Permission.RECEIVE_GOODS, Permission.SHIP_GOODS})
IMPORTERS = frozenset(
    {
        Permission.IMPORT_MASTER_DATA,
        Permission.IMPORT_ORDERS,
        Permission.IMPORT_SUPPLY,
        Permission.RECEIVE_GOODS,
    }
)
#: What each endpoint of the API asks for; one that is missing here fails.
API_ASKS: dict[str, frozenset[Permission]] = {
    "Orders.create_order": frozenset({Permission.CREATE_ORDERS}),
    "Orders.list_orders": READERS,
    "Orders.get_order": READERS,
    "Backorders.list_backorders": READERS,
    "Backorders.get_backorder": READERS,
    "Backorders.cancel_backorder": frozenset({Permission.CANCEL_BACKORDERS, Permission.SEE_OWN_ORDERS}),
    "Purchase order lines.list_purchase_order_lines": SUPPLY,
    "Purchase order lines.get_purchase_order_line": SUPPLY,
    "Purchase order lines.answer_purchase_order_line": frozenset({Permission.ANSWER_LINES}),
    "Purchase order lines.decide_on_proposal": frozenset({Permission.DECIDE_ANSWERS}),
    "Fulfilment.create_receipt": frozenset({Permission.RECEIVE_GOODS}),
    "Fulfilment.list_pick_lists": WAREHOUSE | {Permission.SEE_SUPPLY},
    "Fulfilment.create_shipment": frozenset({Permission.SHIP_GOODS}),
    "Fulfilment.list_shipments": READERS,
    "Fulfilment.get_shipment": READERS,
    "Fulfilment.deliver_shipment": frozenset({Permission.SHIP_GOODS}),
    "Catalogue.list_products": frozenset(),
    "Catalogue.get_product": frozenset(),
    "Catalogue.list_suppliers": frozenset({Permission.SEE_SUPPLY}),
    "Catalogue.list_customers": frozenset({Permission.SEE_BACKORDERS}),
    "Catalogue.list_warehouses": frozenset(),
    "Catalogue.list_stock": frozenset({Permission.SEE_SUPPLY}),
    "Imports.get_import_template": IMPORTERS,
    "Imports.get_import": IMPORTERS,
    "Imports.create_import": IMPORTERS,
}


@dataclass
class World:
    """A company in which every kind of thing exists once, with a rival for each party."""

    tokens: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def address(self, rule: Rule) -> str:
        """The rule's address with its arguments filled from what belongs to Acme and Nora."""
        arguments = {}
        for name in rule.arguments:
            for key in (f"{rule.endpoint}.{name}", f"{rule.endpoint.split('.')[0]}.{name}", name):
                if key in self.values:
                    arguments[name] = self.values[key]
                    break
            else:
                raise AssertionError(f"no sample for <{name}> of {rule.rule}: add one to `world`")
        built = rule.build(arguments)
        assert built is not None
        return built[1]


@pytest.fixture
def world(session: Session) -> World:
    company = make_company(session)
    who = Context(actor="Test", channel="test", now=NOW)
    for role in Role:
        if role not in PARTY_ROLES and role not in (Role.BUYER, Role.SUPPLY_CHAIN_MANAGER):
            add_user(session, f"{role}@promiseline.example", role)
    add_user(session, "supplier@acme.example", "supplier", supplier_id=company.acme.id)
    add_user(session, "supplier@rival.example", "supplier", supplier_id=company.rival.id)
    add_user(session, "customer@nora.example", "customer", customer_id=company.nora.id)
    add_user(session, "customer@otto.example", "customer", customer_id=company.otto.id)
    session.commit()
    backorder = order(session, who, "NORA", 10)
    assert backorder is not None
    line = the_line(session)
    receive(session, who, line, 4)
    parcel = shipping.Parcel(backorder.allocated_quantity, "DHL", "T1")
    shipment = shipping.ship_backorder(session, who, backorder.number, parcel)
    world = World()
    for user in session.scalars(select(User)).all():
        world.tokens[user.email] = accounts.create_token(session, who, user, "test")
    first_token = session.scalars(select(ApiToken).join(User).where(User.email == company.buyer.email)).one()
    world.values = {
        "filename": "promiseline.css",
        "token": "forged",
        "line_id": line.id,
        "po_number": line.po_number,
        "line_number": line.line_number,
        "shipment_id": shipment.id,
        "sku": "WIDGET",
        "code": "NORA",
        "planning.code": "ACME",
        "user_id": company.buyer.id,
        "token_id": first_token.id,
        "message_id": session.scalars(select(OutboxMessage.id)).first(),
        "notice_id": session.scalars(select(Notice.id)).first(),
        "name": "x",
        "kind": "products",
        "number": backorder.number,
        "imports.number": "IM-1",
        "orders.number": session.scalars(select(SalesOrder.number)).one(),
        "Orders.number": session.scalars(select(SalesOrder.number)).one(),
        "my.my_order.number": session.scalars(select(SalesOrder.number)).one(),
        "warehouse.number": shipment.number,
        "pick_list.number": session.scalars(select(PickList.number)).first(),
        "pick_list.line_id": 1,
        "status": "picked",
        "Imports.name": "products",
    }
    session.commit()
    return world


def people(world: World) -> Iterator[tuple[str, Role]]:
    for email in world.tokens:
        local = email.split("@")[0]
        role = {"bea": Role.BUYER, "max": Role.SUPPLY_CHAIN_MANAGER}.get(local)
        yield email, role or Role(local)


def pages(app: Flask) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith(API) and rule.endpoint not in ENDS_THE_SESSION
    ]


def asks(app: Flask, rule: Rule) -> frozenset[Permission] | None:
    """The permissions a page asks for (any of them); None for a public one."""
    if rule.endpoint in PUBLIC:
        return None
    if rule.endpoint in BY_THE_LIBRARY:
        return frozenset()
    required: frozenset[Permission] | None = getattr(app.view_functions[rule.endpoint], "required", None)
    assert required is not None, f"{rule.rule} asks for no permission: use access.require, or name it public"
    return required


def is_allowed(role: Role, needed: frozenset[Permission]) -> bool:
    return not needed or bool(PERMISSIONS[role] & needed)


def test_a_stranger_is_sent_to_sign_in_from_every_page(app: Flask, world: World) -> None:
    client = app.test_client()
    for rule in pages(app):
        if asks(app, rule) is None:
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            answer = client.open(world.address(rule), method=method)
            assert answer.status_code == 302, (method, rule.rule, answer.status_code)
            assert "/sign-in" in answer.location, (method, rule.rule)


def test_every_page_lets_in_exactly_those_it_asks_for(
    app: Flask, world: World, sign_in: Callable[[str], FlaskClient]
) -> None:
    """Whoever lacks the permission gets 403; whoever has it never does. (What they may see of it is next.)"""
    for email, role in people(world):
        client = sign_in(email)
        for rule in pages(app):
            needed = asks(app, rule)
            if needed is None or rule.endpoint == "events":
                continue
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                answer = client.open(world.address(rule), method=method)
                case = (email, method, rule.rule, answer.status_code)
                if not is_allowed(role, needed):
                    assert answer.status_code in (403, 404), case
                elif role not in PARTY_ROLES:
                    assert answer.status_code < 500, case
                    # who may import at all may still lack the permission for this kind
                    assert answer.status_code != 403 or method == "POST" or "kind" in rule.arguments, case
                else:
                    assert answer.status_code < 500, case


def owned(app: Flask, world: World, words: tuple[str, ...]) -> list[Rule]:
    """Pages that name a thing of Acme's or Nora's in their address."""
    return [rule for rule in pages(app) if asks(app, rule) is not None and rule.arguments & set(words)]


@pytest.mark.parametrize("rival", ["supplier@rival.example", "customer@otto.example"])
def test_a_rival_gets_404_for_what_is_not_theirs(
    app: Flask, world: World, sign_in: Callable[[str], FlaskClient], rival: str
) -> None:
    client = sign_in(rival)
    role = Role(rival.split("@")[0])
    for rule in owned(app, world, ("number", "line_id", "po_number", "shipment_id", "code")):
        needed = asks(app, rule) or frozenset()
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            answer = client.open(world.address(rule), method=method)
            expected = {404} if is_allowed(role, needed) else {403, 404}
            assert answer.status_code in expected, (method, rule.rule, answer.status_code)


@pytest.mark.parametrize(
    ("owner", "rule_start"), [("supplier@acme.example", "/supplier"), ("customer@nora.example", "/my/")]
)
def test_an_owner_sees_what_is_theirs(
    app: Flask, world: World, sign_in: Callable[[str], FlaskClient], owner: str, rule_start: str
) -> None:
    client = sign_in(owner)
    seen = 0
    for rule in pages(app):
        if rule.rule.startswith(rule_start) and "GET" in (rule.methods or set()):
            answer = client.get(world.address(rule))
            assert answer.status_code == 200, (rule.rule, answer.status_code)
            seen += 1
    assert seen >= 2


FORBIDDEN_WORDS = {
    "supplier@acme.example": ("Nora", "nora@", "Otto", "otto@", "Rival"),
    "customer@nora.example": ("Acme", "acme", "Otto", "otto@", "Rival"),
}


@pytest.mark.parametrize("reader", FORBIDDEN_WORDS)
def test_no_page_names_another_party(
    app: Flask, world: World, sign_in: Callable[[str], FlaskClient], reader: str
) -> None:
    client = sign_in(reader)
    own = reader.split("@")[1]
    for rule in pages(app):
        if asks(app, rule) is None or "GET" not in (rule.methods or set()) or rule.endpoint == "events":
            continue
        answer = client.get(world.address(rule))
        if answer.status_code == 200:
            words = answer.get_data(as_text=True).replace(reader, "").replace(own, "")
            named = [word for word in FORBIDDEN_WORDS[reader] if word in words]
            assert named == [], (rule.rule, named)


def test_every_endpoint_of_the_api_lets_in_exactly_those_it_asks_for(app: Flask, world: World) -> None:
    client = app.test_client()
    endpoints = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(API)]
    assert {rule.endpoint for rule in endpoints} == set(API_ASKS)
    for rule in endpoints:
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            address = world.address(rule)
            assert client.open(address, method=method).status_code == 401, (method, rule.rule)
            for email, role in people(world):
                answer = client.open(
                    address, method=method, headers={"Authorization": f"Bearer {world.tokens[email]}"}
                )
                case = (email, method, rule.rule, answer.status_code)
                assert answer.status_code < 500, case
                needed = API_ASKS[rule.endpoint]
                if not is_allowed(role, needed):
                    assert answer.status_code in (403, 404), case
                elif role not in PARTY_ROLES and method == "GET":
                    assert answer.status_code != 403, case


@pytest.mark.parametrize("rival", ["supplier@rival.example", "customer@otto.example"])
def test_a_rival_program_gets_404_and_sees_no_row(app: Flask, world: World, rival: str) -> None:
    client = app.test_client()
    head = {"Authorization": f"Bearer {world.tokens[rival]}"}
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(API):
            continue
        if rule.arguments & {"number", "line_id", "shipment_id"}:
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                answer = client.open(world.address(rule), method=method, headers=head, json={})
                assert answer.status_code in (403, 404), (method, rule.rule, answer.status_code)
        elif "GET" in (rule.methods or set()) and API_ASKS[rule.endpoint]:
            answer = client.get(world.address(rule), headers=head)
            if answer.status_code == 200 and "items" in (answer.get_json(silent=True) or {}):
                assert answer.get_json()["items"] == [], rule.rule


def test_the_database_is_left_as_it_was_by_rivals(
    app: Flask, world: World, database: Database, sign_in: Callable[[str], FlaskClient]
) -> None:
    def state() -> list[Any]:
        with database.session() as session:
            return [
                session.scalars(select(Backorder.version)).all(),
                session.scalars(select(PurchaseOrderLine.version)).all(),
                session.scalars(select(Shipment.delivered_at)).all(),
            ]

    before = state()
    for rival in ("supplier@rival.example", "customer@otto.example"):
        client = sign_in(rival)
        for rule in pages(app):
            if asks(app, rule) is not None and "POST" in (rule.methods or set()):
                client.post(world.address(rule), data={"reason_code": "too_late", "action": "accept"})
    assert state() == before
