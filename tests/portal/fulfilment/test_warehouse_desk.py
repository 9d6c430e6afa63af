"""The warehouse desk: receive, pick with a scanner, pack, ship, hand over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from domain.roles import PERMISSIONS, Permission
from portal.database import db
from portal.models import PickListLine, PurchaseOrderSchedule, Receipt, Shipment, Stock, Warehouse
from portal.services import allocation, picking
from tests.builders import order, receive
from tests.portal.orders.scene import (
    STAFF,
    Scene,
    context,
    first_line,
    open_lines,
    open_list,
    set_up,
    supplier_moves,
    today,
    watch,
)
from workflows.contract import AllocationJob

SignIn = Callable[[str], FlaskClient]

TABS = (
    "/warehouse",
    "/warehouse/received",
    "/warehouse/pick-lists",
    "/warehouse/to-ship",
    "/warehouse/handed-over",
    "/warehouse/handed-over?show=delivered",
)


@pytest.fixture
def scene(session: Session) -> Scene:
    return set_up(session)


@pytest.fixture
def desk(scene: Scene, sign_in: SignIn) -> FlaskClient:
    return sign_in("fulfilment@staff.example")


def due(session: Session, days: int) -> None:
    """All open supply is due this many days from now."""
    session.execute(update(PurchaseOrderSchedule).values(due_date=today() + timedelta(days)))
    session.commit()


def booking(session: Session, quantity: str, changes: dict[str, str] | None = None) -> dict[str, str]:
    line = first_line(session)
    session.refresh(line)
    given = {"line_id": line.id, "version": line.version, "quantity": quantity, "warehouse_code": "MAIN"}
    return {name: str(value) for name, value in (given | (changes or {})).items()}


def test_who_may_work_here(scene: Scene, session: Session, app: Flask, sign_in: SignIn) -> None:
    number = open_list(session).number
    line = open_lines(session)[0].id
    shown = (*TABS, f"/warehouse/pick-lists/{number}")
    done = (
        "/warehouse/receipts",
        "/warehouse/shipments",
        "/warehouse/shipments/SH-1/delivered",
        f"/warehouse/pick-lists/{number}/start",
        f"/warehouse/pick-lists/{number}/scan",
        f"/warehouse/pick-lists/{number}/ship",
        f"/warehouse/pick-lists/{number}/lines/{line}/picked",
    )
    others = [f"{role}@staff.example" for role in STAFF if Permission.SHIP_GOODS not in PERMISSIONS[role]]
    for email in (*others, "sue@acme.example", "nora@shop.example", "otto@trade.example"):
        client = sign_in(email)
        for page in shown:
            assert client.get(page).status_code == 403, (email, page)
        for page in done:
            assert client.post(page).status_code == 403, (email, page)
    for role in ("warehouse_manager", "fulfilment"):
        for page in shown:
            assert sign_in(f"{role}@staff.example").get(page).status_code == 200, (role, page)
    for page in shown:
        assert app.test_client().get(page).location.startswith("/sign-in")
    for page in done:
        assert app.test_client().post(page).location.startswith("/sign-in")
    session.expire_all()
    assert open_list(session).status == "open"


# ---- to receive ----


def test_lines_are_listed_from_a_week_before_they_are_due(
    scene: Scene, session: Session, desk: FlaskClient
) -> None:
    line = first_line(session)
    for days, listed in ((-2, True), (0, True), (7, True), (8, False)):
        due(session, days)
        assert (f"/purchase-orders/{line.po_number}/1" in desk.get("/warehouse").text) is listed, days
    assert "Nothing is due at the door" in desk.get("/warehouse").text
    for asked in (line.po_number.lower(), "widget"):
        assert f"/purchase-orders/{line.po_number}/1" in desk.get("/warehouse", query_string={"po": asked}).text
    assert "No open line of" in desk.get("/warehouse?po=NOPE").text


def test_a_line_says_how_many_wait_and_since_when_it_is_late(
    scene: Scene, session: Session, desk: FlaskClient
) -> None:
    due(session, -2)
    page = desk.get("/warehouse").text
    assert "1 customer" in page
    assert "2 days ago" in page
    assert "late" in page
    assert "Nora" not in page.split("<tbody>")[1]


def test_receiving_all_with_one_click(scene: Scene, session: Session, desk: FlaskClient) -> None:
    due(session, 0)
    answer = desk.post("/warehouse/receipts", data=booking(session, "6"))
    assert answer.status_code == 302
    receipt = session.scalars(select(Receipt)).one()
    assert (receipt.quantity, receipt.actor) == (6, "Fulfilment")
    page = desk.get("/warehouse").text
    assert "6\N{NO-BREAK SPACE}ea of Widget received" in page
    assert f"/purchase-orders/{receipt.line.po_number}/1" not in page
    arrivals = desk.get("/warehouse/received").text
    assert "Being decided" in arrivals
    job = AllocationJob(f"receipt-{receipt.number}", "WIDGET", "MAIN", receipt.line.po_number, 1)
    allocation.allocate_goods(session, job, context().now)
    arrivals = desk.get("/warehouse/received").text
    assert f'<a href="/backorders/{scene.number}">{scene.number}</a>: 6' in arrivals


def test_receiving_a_part_into_another_warehouse(scene: Scene, session: Session, desk: FlaskClient) -> None:
    session.add(Warehouse(code="NORTH", name="North"))
    session.commit()
    due(session, 0)
    desk.post("/warehouse/receipts", data=booking(session, "2", {"warehouse_code": "NORTH"}))
    there = session.scalars(select(Stock).join(Stock.warehouse).where(Warehouse.code == "NORTH")).one()
    assert there.on_hand == 2
    page = desk.get("/warehouse").text
    assert "4\N{NO-BREAK SPACE}ea" in page
    assert "of 6" in page


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"quantity": "7"}, 422, "open"),
        ({"quantity": "0"}, 422, "more than 0"),
        ({"quantity": "1.5"}, 422, "whole"),
        ({"quantity": "1,000"}, 422, "without a comma"),
        ({"quantity": ""}, 422, "Say how many came."),
        ({"warehouse_code": "NOPE"}, 404, "There is no warehouse NOPE"),
        ({"version": "0"}, 409, "has changed since you saw it"),
        ({"line_id": "999999"}, 404, "There is nothing here"),
        ({"line_id": "x"}, 422, "Line"),
    ],
)
def test_what_can_t_be_received_is_said_and_nothing_is_booked(
    scene: Scene, session: Session, desk: FlaskClient, changes: dict[str, str], status: int, words: str
) -> None:
    due(session, 0)
    answer = desk.post("/warehouse/receipts", data=booking(session, "6", changes))
    assert answer.status_code == status
    assert words in answer.text
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Receipt)) == 0


def test_pressing_the_button_twice_books_once(scene: Scene, session: Session, desk: FlaskClient) -> None:
    due(session, 0)
    same = booking(session, "2")
    assert desk.post("/warehouse/receipts", data=same).status_code == 302
    again = desk.post("/warehouse/receipts", data=same)
    assert again.status_code == 409
    assert "4 is open now" in again.text
    session.rollback()
    assert session.scalar(select(func.sum(Receipt.quantity))) == 2


# ---- picking ----


def start(session: Session) -> str:
    number = open_list(session).number
    picking.start_picking(session, context(), number)
    return number


def test_backordered_lines_come_first_and_are_marked(scene: Scene, session: Session, desk: FlaskClient) -> None:
    receive(session, context(), first_line(session), 6)
    number = open_list(session).number
    listed = desk.get("/warehouse/pick-lists").text
    assert f"/warehouse/pick-lists/{number}" in listed
    page = desk.get(f"/warehouse/pick-lists/{number}").text
    assert page.count('<li class="pick-line') == 2
    first, second = page.split('<li class="pick-line')[1:]
    assert f"Backordered: {scene.number}" in first
    assert "Backordered" not in second
    assert "Start picking" in page
    assert "Scan or type a SKU" not in page


def test_a_list_is_started_once(scene: Scene, session: Session, desk: FlaskClient) -> None:
    number = open_list(session).number
    desk.post(f"/warehouse/pick-lists/{number}/start")
    page = desk.get(f"/warehouse/pick-lists/{number}").text
    assert "You are picking" in page
    assert "autofocus" in page
    desk.post(f"/warehouse/pick-lists/{number}/start")
    assert "is picking already" in desk.get(f"/warehouse/pick-lists/{number}").text
    assert desk.post("/warehouse/pick-lists/NOPE/start").status_code == 404


def test_a_scan_picks_the_first_line_of_that_product(scene: Scene, session: Session, desk: FlaskClient) -> None:
    receive(session, context(), first_line(session), 6)
    order(session, context(), "OTTO", 1, sku="SPARE-1")
    number = start(session)
    scan = f"/warehouse/pick-lists/{number}/scan"
    assert desk.post(scan, data={"code": "widget\r\n"}).status_code == 302
    picked = [line for line in open_lines(session) if line.status == "picked"]
    assert [line.allocation.backorder_id for line in picked] == [scene.backorder.id]
    assert "Picked: 6\N{NO-BREAK SPACE}ea of Widget" in desk.get(f"/warehouse/pick-lists/{number}").text
    assert desk.post(scan, data={"code": "WIDGET"}).status_code == 302
    refused = desk.post(scan, data={"code": "WIDGET"})
    assert refused.status_code == 422
    assert "All of WIDGET on this list is picked already" in refused.text
    wrong = desk.post(scan, data={"code": "GADGET"})
    assert wrong.status_code == 422
    assert "GADGET is not on this list. Put it back" in wrong.text
    assert 'name="code" value=""' in wrong.text
    assert desk.post(scan, data={"code": " "}).status_code == 422
    session.expire_all()
    assert [line.status for line in open_lines(session)].count("picked") == 2


def test_a_scan_before_the_list_is_started_is_refused(scene: Scene, session: Session, desk: FlaskClient) -> None:
    number = open_list(session).number
    answer = desk.post(f"/warehouse/pick-lists/{number}/scan", data={"code": "WIDGET"})
    assert answer.status_code == 409
    session.expire_all()
    assert {line.status for line in open_lines(session)} == {"to_pick"}


def test_lines_are_picked_packed_and_shipped_by_hand(scene: Scene, session: Session, desk: FlaskClient) -> None:
    number = start(session)
    line = open_lines(session)[0]
    base = f"/warehouse/pick-lists/{number}"
    for status in ("picked", "packed"):
        assert desk.post(f"{base}/lines/{line.id}/{status}").location.endswith(f"#line-{line.id}")
        session.refresh(line)
        assert line.status == status
    desk.post(f"{base}/lines/{line.id}/picked")
    assert "This line is packed" in desk.get(base).text
    assert desk.post(f"{base}/lines/{line.id}/shipped").status_code == 404
    bare = desk.post(f"{base}/ship", data={"line_id": line.id, "carrier": "", "tracking_number": "T-9"})
    assert bare.status_code == 422
    assert "Name the carrier." in bare.text
    assert 'value="T-9"' in bare.text
    done = desk.post(f"{base}/ship", data={"line_id": line.id, "carrier": "DHL", "tracking_number": "T-9"})
    assert done.status_code == 302
    shipment = session.scalars(select(Shipment)).one()
    assert (shipment.quantity, shipment.tracking_number) == (4, "T-9")
    assert "All of this list has left" in desk.get(base).text
    again = desk.post(f"{base}/ship", data={"line_id": line.id, "carrier": "DHL", "tracking_number": "T-9"})
    assert again.status_code == 409


def test_a_line_of_another_list_is_not_shipped_from_this_one(
    scene: Scene, session: Session, desk: FlaskClient
) -> None:
    number = start(session)
    order(session, context(), "OTTO", 2, sku="SPARE-1")
    other = open_list(session).lines[0]
    data = {"line_id": other.id, "carrier": "DHL", "tracking_number": "T-9"}
    assert desk.post(f"/warehouse/pick-lists/{number}/ship", data=data).status_code == 404
    assert session.scalars(select(Shipment)).all() == []


# ---- packing, shipping, delivering ----


def test_what_is_picked_waits_to_be_shipped_and_then_to_arrive(
    scene: Scene, session: Session, desk: FlaskClient
) -> None:
    number = start(session)
    line = open_lines(session)[0]
    assert "Nothing waits for packing" in desk.get("/warehouse/to-ship").text
    picking.mark_line(session, context(), number, line.id, "picked")
    page = desk.get("/warehouse/to-ship").text
    assert scene.order_number in page
    assert "Packed" in page
    assert (
        desk.post(
            "/warehouse/shipments", data={"line_id": "x", "carrier": "a", "tracking_number": "b"}
        ).status_code
        == 404
    )
    data = {"line_id": str(line.id), "carrier": "DHL", "tracking_number": ""}
    refused = desk.post("/warehouse/shipments", data=data)
    assert refused.status_code == 422
    assert "Give the tracking number." in refused.text
    assert desk.post("/warehouse/shipments", data=data | {"tracking_number": "T-5"}).status_code == 302
    parcel = session.scalars(select(Shipment)).one()
    way = desk.get("/warehouse/handed-over").text
    assert "T-5" in way
    assert parcel.number in way
    assert "T-5" not in desk.get("/warehouse/handed-over?show=delivered").text
    for _ in range(2):  # the second press changes nothing
        assert desk.post(f"/warehouse/shipments/{parcel.number}/delivered").status_code == 302
    assert "T-5" in desk.get("/warehouse/handed-over?show=delivered").text
    assert "Nothing is on its way" in desk.get("/warehouse/handed-over").text
    assert desk.post("/warehouse/shipments/SH-0/delivered").status_code == 404


def test_one_warehouse_is_chosen_once(scene: Scene, session: Session, desk: FlaskClient) -> None:
    session.add(Warehouse(code="NORTH", name="North"))
    session.commit()
    due(session, 0)
    number = open_list(session).number
    assert first_line(session).po_number not in desk.get("/warehouse?warehouse=NORTH").text
    assert number not in desk.get("/warehouse/pick-lists").text
    assert number in desk.get("/warehouse/pick-lists?warehouse=").text


def test_tabs_count_what_waits_behind_them(scene: Scene, session: Session, desk: FlaskClient) -> None:
    due(session, 0)
    number = start(session)
    picking.mark_line(session, context(), number, open_lines(session)[0].id, "picked")
    page = desk.get("/warehouse").text
    counts = [
        part.split("</span>")[0] for part in page.split('class="tabs"')[1].split('<span class="count">')[1:5]
    ]
    assert counts == ["2", "1", "1", "0"]


def test_pages_cost_the_same_however_much_there_is_to_do(
    scene: Scene, session: Session, app: Flask, desk: FlaskClient
) -> None:
    supplier_moves(session, scene, 3)
    receive(session, context(), first_line(session), 6)
    number = start(session)
    picking.mark_line(session, context(), number, open_lines(session)[0].id, "picked")
    with app.app_context():
        seen = watch(db.engine)
    pages = (*TABS, f"/warehouse/pick-lists/{number}")

    def costs() -> list[int]:
        found = []
        for page in pages:
            seen.statements.clear()
            assert desk.get(page).status_code == 200
            found.append(len(seen.statements))
        return found

    costs()
    few = costs()
    session.execute(update(Stock).values(on_hand=Stock.on_hand + Decimal(40)))
    session.commit()
    for quantity in range(1, 6):
        order(session, context(), "OTTO", quantity, sku="SPARE-1")
        order(session, context(), "NORA", quantity, sku="WIDGET")
    later = start(session)
    for line in session.scalars(select(PickListLine).where(PickListLine.pick_list.has(number=later))).all():
        picking.mark_line(session, context(), later, line.id, "picked")
    assert costs() == few
