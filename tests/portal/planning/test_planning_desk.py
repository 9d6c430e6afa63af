"""The planning desk and the records of our own people: who may see them, every form good and bad."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.backorder import Status
from domain.replenishment import LineStatus
from domain.roles import Permission, permissions
from portal.models import Backorder, PurchaseOrderLine, SupplierAnswer
from portal.services import backorders
from tests.portal.planning.counting import statements_of
from tests.portal.planning.world import STAFF, World, add_asked_lines, address_of

SignIn = Callable[[str], FlaskClient]
BUYER = address_of("buyer")
PARTIES = ("sue@acme.example", "rita@rival.example", "nora@shop.example", "otto@trade.example")


def line_of(session: Session, line_id: int) -> PurchaseOrderLine:
    session.expire_all()
    return session.get_one(PurchaseOrderLine, line_id)


def record_of(line: PurchaseOrderLine) -> str:
    return f"/purchase-orders/{line.po_number}/{line.line_number}"


def routes(session: Session, world: World) -> dict[str, Permission]:
    """Every page of this area, by what it takes to open it."""
    return {
        "/planning": Permission.SEE_SUPPLY,
        "/planning?tab=bottlenecks": Permission.SEE_SUPPLY,
        "/planning/lines": Permission.SEE_SUPPLY,
        "/planning/suppliers/ACME": Permission.SEE_SUPPLY,
        record_of(line_of(session, world.proposed)): Permission.SEE_SUPPLY,
        f"/planning/order?backorder={world.uncovered}": Permission.RAISE_PURCHASE_ORDERS,
        "/backorders": Permission.SEE_BACKORDERS,
        f"/backorders/{world.waiting}": Permission.SEE_BACKORDERS,
        f"/backorders/{world.waiting}/cancel": Permission.CANCEL_BACKORDERS,
        "/products/WIDGET": Permission.SEE_BACKORDERS,
    }


def test_every_page_opens_for_those_who_may_and_for_nobody_else(
    session: Session, world: World, sign_in: SignIn, app: Flask
) -> None:
    pages = routes(session, world)
    for role in STAFF:
        client = sign_in(address_of(role))
        for address, permission in pages.items():
            expected = 200 if permission in permissions(frozenset({role})) else 403
            assert client.get(address).status_code == expected, (role, address)
    for party in PARTIES:
        client = sign_in(party)
        for address in pages:
            assert client.get(address).status_code == 403, (party, address)
    stranger = app.test_client()
    for address in pages:
        assert stranger.get(address).location.startswith("/sign-in")


def test_what_is_not_there_is_not_found(world: World, sign_in: SignIn) -> None:
    buyer = sign_in(BUYER)
    for address in (
        "/planning/suppliers/NOBODY",
        "/purchase-orders/PO-1/1",
        "/backorders/BO-1",
        "/backorders/BO-1/cancel",
        "/products/NOTHING",
        "/planning/order?backorder=BO-1",
    ):
        assert buyer.get(address).status_code == 404, address


def test_only_those_who_may_decide_are_offered_and_granted_a_decision(
    session: Session, world: World, sign_in: SignIn
) -> None:
    line = line_of(session, world.proposed)
    form = {"line": str(line.id), "version": str(line.version), "decision": "approve"}
    for role in STAFF:
        rights = permissions(frozenset({role}))
        if Permission.SEE_SUPPLY in rights and Permission.DECIDE_ANSWERS not in rights:
            client = sign_in(address_of(role))
            assert 'value="approve"' not in client.get("/planning?tab=proposed").text
            assert 'value="approve"' not in client.get(record_of(line)).text
            assert client.post("/planning", data=form).status_code == 403
            assert client.post(record_of(line), data=form).status_code == 403
    for party in PARTIES:
        assert sign_in(party).post(record_of(line), data=form).status_code == 403
    assert line_of(session, world.proposed).status == LineStatus.AWAITING_BUYER


def test_a_proposal_is_approved_from_the_queue(session: Session, world: World, sign_in: SignIn) -> None:
    line = line_of(session, world.proposed)
    buyer = sign_in(BUYER)
    assert "material shortage" in buyer.get(record_of(line)).text.lower()
    answer = buyer.post(
        "/planning?tab=proposed",
        data={"line": str(line.id), "version": str(line.version), "decision": "approve"},
    )
    assert (answer.status_code, answer.location) == (302, "/planning?tab=proposed")
    line = line_of(session, world.proposed)
    assert line.status == LineStatus.CONFIRMED
    assert line.promised_date == line.requested_date + timedelta(days=12)
    assert (
        session.scalars(select(SupplierAnswer).where(SupplierAnswer.line_id == line.id)).one().decided_by
        == "Buyer"
    )
    assert "was approved" in buyer.get(answer.location).text


def test_turning_a_proposal_down_needs_a_reason_and_asks_the_supplier_again(
    session: Session, world: World, sign_in: SignIn
) -> None:
    line = line_of(session, world.proposed)
    buyer = sign_in(BUYER)
    form = {"line": str(line.id), "version": str(line.version), "decision": "reject"}
    for address in ("/planning?tab=proposed", record_of(line)):
        refused = buyer.post(address, data=form)
        assert refused.status_code == 422
        assert "Say why, so that the supplier can answer again" in refused.text
        stale = buyer.post(address, data=form | {"version": "1", "reason": "Keep me"})
        assert stale.status_code == 409
        assert "was changed meanwhile" in stale.text
        assert "Keep me" in stale.text
        assert buyer.post(address, data=form | {"decision": "perhaps"}).status_code == 400
        assert line_of(session, world.proposed).status == LineStatus.AWAITING_BUYER
    assert buyer.post("/planning", data=form | {"line": "none"}).status_code == 404
    done = buyer.post(record_of(line), data=form | {"reason": "We need it in December"})
    assert done.status_code == 302
    assert line_of(session, world.proposed).status == LineStatus.AWAITING_SUPPLIER
    page = buyer.get(done.location).text
    assert "The proposal was turned down" in page
    assert "We need it in December" in page
    nothing = buyer.post(record_of(line), data=form | {"version": str(line.version + 1), "reason": "Again"})
    assert nothing.status_code == 409


def test_uncovered_supply_is_ordered_from_the_row(session: Session, world: World, sign_in: SignIn) -> None:
    buyer = sign_in(BUYER)
    assert f"/planning/order?backorder={world.uncovered}" in buyer.get("/planning?tab=uncovered").text
    offered = buyer.get(f"/planning/order?backorder={world.uncovered}").text
    assert 'value="GADGET"' in offered
    assert 'value="2.5"' in offered
    form = {
        "sku": "GADGET",
        "supplier_code": "ACME",
        "quantity": "2.5",
        "requested_date": (world.now.date() + timedelta(days=9)).isoformat(),
        "warehouse_code": "MAIN",
    }
    for wrong, says in (
        ({"sku": "NONE"}, "There is no product NONE"),
        ({"supplier_code": "NONE"}, "There is no supplier NONE"),
        ({"quantity": "0"}, "Quantity must be more than 0"),
        ({"quantity": ""}, "Say how much."),
        ({"requested_date": "2020-01-01"}, "Wanted on 2020-01-01 is in the past"),
        ({"requested_date": "20261-01-01"}, "Not a valid date value"),
        ({"warehouse_code": "MOON"}, "Not a valid choice"),
    ):
        refused = buyer.post("/planning/order", data=form | wrong)
        assert refused.status_code == 422, wrong
        assert says in refused.text, wrong
    lines = session.scalars(select(PurchaseOrderLine.id)).all()
    assert sign_in(address_of("finance")).post("/planning/order", data=form).status_code == 403
    done = buyer.post("/planning/order", data=form)
    assert done.status_code == 302
    added = set(session.scalars(select(PurchaseOrderLine.id))) - set(lines)
    assert len(added) == 1
    assert "covers 1 backorder." in buyer.get(done.location).text
    session.expire_all()
    backorder = session.scalars(select(Backorder).where(Backorder.number == world.uncovered)).one()
    assert backorder.uncovered_quantity == 0
    assert backorder.promised_date == world.now.date() + timedelta(days=11)


def test_a_backorders_record_tells_its_whole_story(session: Session, world: World, sign_in: SignIn) -> None:
    buyer = sign_in(BUYER)
    slipped = buyer.get(f"/backorders/{world.slipped}").text
    assert "The supplier moved the date: No capacity" in slipped
    assert "The proposal was approved for PO-" in slipped
    assert "nora@shop.example" in slipped
    assert "/namespaces/default/workflows/backorder-" in slipped
    assert "Moved to" in slipped
    only = buyer.get(f"/backorders/{world.slipped}?show=notices").text
    assert "nora@shop.example" in only
    assert "The proposal was approved" not in only
    shared = buyer.get(f"/backorders/{world.allocated}").text
    assert "priority, then first come first served" in shared
    assert "6\N{NO-BREAK SPACE}ea reserved in Main" in shared
    refused = buyer.get(f"/backorders/{world.refused}").text
    assert "The customer could not be told." in refused
    assert "550 no such mailbox" in refused
    assert "Delivered" in buyer.get(f"/backorders/{world.delivered}").text
    seller = sign_in(address_of("sales")).get(f"/backorders/{world.slipped}").text
    assert "/purchase-orders/" not in seller
    assert "Open in Temporal" not in seller


def test_cancelling_says_what_it_means_and_asks_why(session: Session, world: World, sign_in: SignIn) -> None:
    seller = sign_in(address_of("customer_service"))
    address = f"/backorders/{world.allocated}/cancel"
    page = seller.get(address).text
    assert "6\N{NO-BREAK SPACE}ea reserved goods are given back." in page
    assert "1 other backorder waits for 8\N{NO-BREAK SPACE}ea of it" in page
    for reason in ("", "boredom", "operator"):
        assert seller.post(address, data={"reason_code": reason}).status_code == 422
    session.expire_all()
    backorder = session.scalars(select(Backorder).where(Backorder.number == world.allocated)).one()
    assert backorder.cancel_requested_at is None
    assert sign_in(address_of("finance")).post(address, data={"reason_code": "too_late"}).status_code == 403
    done = seller.post(address, data={"reason_code": "too_late"})
    assert done.status_code == 302
    assert "is being cancelled" in seller.get(done.location).text
    backorders.cancel(session, world.allocated, "too_late", world.now)
    session.expire_all()
    assert backorder.status == Status.CANCELLED
    assert "There is nothing to cancel" in seller.get(address).text
    assert seller.post(address, data={"reason_code": "too_late"}).status_code == 409
    assert (
        seller.post(f"/backorders/{world.delivered}/cancel", data={"reason_code": "too_late"}).status_code == 409
    )


def numbers(page: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*>([A-Z]+-\d+(?:/\d+)?)', page)


def test_lists_are_filtered_by_their_address(session: Session, world: World, sign_in: SignIn) -> None:
    buyer = sign_in(BUYER)
    proposed = line_of(session, world.proposed)

    def listed(address: str) -> list[str]:
        return numbers(buyer.get(address).text)

    assert listed("/backorders?late=1") == [world.late]
    assert listed("/backorders?status=partially_allocated") == [world.allocated]
    assert listed("/backorders?status=delivered") == [world.delivered]
    assert listed("/backorders?sku=GADGET") == [world.uncovered]
    assert set(listed("/backorders?supplier=RIVAL")) == {world.late, world.refused}
    assert world.waiting not in listed("/backorders?customer=OTTO")
    assert world.uncovered in listed("/backorders?waiting_on=buyer")
    assert listed(f"/backorders?q={world.slipped[-4:]}") == [world.slipped]
    assert listed("/backorders?sku=%00") == listed("/backorders")
    assert world.delivered not in listed("/backorders")
    assert world.delivered in listed("/backorders?status=all")
    assert listed("/planning/lines?awaiting=buyer") == [f"{proposed.po_number}/1"]
    assert listed("/planning/lines?supplier=RIVAL&late=1") != []
    assert listed("/planning/lines?status=received") != []
    assert listed("/planning/lines?sku=NOTHING") == []
    assert "remove this filter" in buyer.get("/planning/lines?sku=VALVE").text


def test_lists_cost_the_same_for_one_row_and_for_many(
    session: Session, world: World, sign_in: SignIn, app: Flask
) -> None:
    buyer = sign_in(BUYER)
    addresses = (
        "/planning",
        "/planning?tab=slipped",
        "/planning?tab=bottlenecks",
        "/planning/lines",
        "/planning/suppliers/ACME",
        "/backorders",
        f"/backorders/{world.slipped}",
        record_of(line_of(session, world.unanswered)),
        "/products/WIDGET",
    )
    for address in addresses:
        assert buyer.get(address).status_code == 200  # what a first request does once
    few = {address: statements_of(app, lambda at=address: buyer.get(at)) for address in addresses}
    add_asked_lines(session, world, world.company.acme, 20)
    many = {address: statements_of(app, lambda at=address: buyer.get(at)) for address in addresses}
    assert many == few
    assert max(many.values()) <= 25, many
