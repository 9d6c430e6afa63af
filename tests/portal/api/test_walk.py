"""One backorder from the order to the door, through the API; the workers' steps are the services they call."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.replenishment import LineStatus
from portal.models import PurchaseOrderLine, Receipt, Stock
from portal.services import allocation, asking, backorders
from tests.builders import Company, ref, send_all
from tests.portal.api.conftest import Caller, fields_of, in_days, today
from tests.portal.api.world import days_after, make_world
from workflows.contract import AllocationJob


def test_from_order_to_delivery(session: Session, company: Company, as_user: Callable[[str], Caller]) -> None:
    sales, supplier, buyer = as_user("sales"), as_user("supplier"), as_user("buyer")
    warehouse, customer = as_user("warehouse_manager"), as_user("customer")

    booked = sales.post(
        "/orders",
        {
            "number": "WEB/2026/1",
            "customer_code": "NORA",
            "lines": [{"sku": "WIDGET", "quantity": "10.0", "requested_date": in_days(20)}],
        },
    )
    assert booked.status_code == 201
    [line] = booked.get_json()["lines"]
    assert line == {
        "line_number": 1,
        "sku": "WIDGET",
        "quantity": 10,
        "requested_date": in_days(20),
        "backorder_number": "BO-100001",
        "backordered_quantity": 10,
    }
    assert customer.get("/orders/WEB/2026/1").get_json() == booked.get_json()
    number = line["backorder_number"]

    backorders.plan_supply(session, number, today())
    po_line = session.scalars(select(PurchaseOrderLine)).one()
    asking.ask(session, ref(po_line), today())
    send_all(session, today())

    [asked] = supplier.get("/purchase-order-lines?awaiting=supplier&sku=WIDGET&supplier=").get_json()["items"]
    assert asked["status"] == LineStatus.AWAITING_SUPPLIER
    assert asked["version"] == po_line.version
    later = days_after(po_line, 7)
    verdict = supplier.post(
        f"/purchase-order-lines/{asked['id']}/responses",
        {
            "action": "propose",
            "schedule": [{"quantity": 10, "promised_date": later}],
            "reason_code": "material_shortage",
            "note": "The mill\nis closed",
        },
    )
    assert verdict.status_code == 200
    assert verdict.get_json() == {"outcome": "awaiting_buyer", "rule": "outside tolerance: late 7 > 0 days"}
    assert buyer.get("/purchase-order-lines?awaiting=supplier").get_json()["items"] == []
    [waiting] = buyer.get("/purchase-order-lines?awaiting=buyer").get_json()["items"]
    decided = buyer.post(f"/purchase-order-lines/{waiting['id']}/decisions", {"decision": "approve", "reason": ""})
    assert decided.status_code == 200
    detail = decided.get_json()
    assert (detail["status"], detail["promised_date"]) == ("confirmed", later)
    assert detail["schedule"] == [{"quantity": 10, "received_quantity": 0, "date": later, "confirmed": True}]
    assert detail["answers"][0]["schedule"] == [{"quantity": 10, "promised_date": later}]

    received = warehouse.post(
        "/receipts", {"po_number": detail["po_number"], "line_number": 1, "quantity": 10, "warehouse_code": "MAIN"}
    )
    assert received.status_code == 201
    receipt = session.scalars(select(Receipt)).one()
    assert received.get_json()["number"] == receipt.number
    allocation.allocate_goods(
        session,
        AllocationJob(f"receipt-{receipt.number}", "WIDGET", "MAIN", detail["po_number"], 1),
        today(),
    )
    shown = sales.get(f"/backorders/{number}").get_json()
    assert (shown["status"], shown["allocated_quantity"], shown["waiting_on"]) == ("allocated", 10, "warehouse")
    assert [(peg["po_number"], peg["quantity"], peg["hard"]) for peg in shown["pegs"]] == [
        (detail["po_number"], 10, True)
    ]
    [pick_list] = warehouse.get("/pick-lists?warehouse=MAIN").get_json()["items"]
    assert [(each["backorder_number"], each["quantity"]) for each in pick_list["lines"]] == [(number, 10)]
    assert warehouse.get("/pick-lists?warehouse=ELSEWHERE").get_json()["items"] == []

    shipped = warehouse.post(
        "/shipments",
        {"backorder_number": number, "quantity": 10, "carrier": "DHL", "tracking_number": "00340"},
    )
    assert shipped.status_code == 201
    shipment = shipped.get_json()
    assert (shipment["backorder_number"], shipment["delivered_at"]) == (number, None)
    path = f"/shipments/{shipment['id']}"
    for _ in range(2):
        delivered = warehouse.post(f"{path}/delivered")
        assert delivered.status_code == 200
        assert delivered.get_json()["delivered_at"] is not None
    assert customer.get(path).get_json() == delivered.get_json()
    assert sales.get(f"/backorders/{number}").get_json()["status"] == "delivered"
    session.expire_all()
    assert session.get_one(Stock, (company.widget.id, company.main.id)).on_hand == 0


def test_filters_find_backorders(session: Session, company: Company, as_user: Callable[[str], Caller]) -> None:
    world = make_world(session, company)
    buyer = as_user("buyer")

    def found(query: str) -> list[str]:
        return [each["number"] for each in buyer.get(f"/backorders?{query}").get_json()["items"]]

    mine = [world.waiting.number]
    session.refresh(world.waiting)
    for query in (
        "status=partially_shipped",
        "sku=WIDGET",
        "customer=NORA",
        "supplier=ACME",
        "status=&sku=&customer=&supplier=",
    ):
        assert found(query) == mine, query
    for query in ("status=delivered", "sku=GADGET", "customer=OTTO", "supplier=RIVAL", "sku=NONE"):
        assert found(query) == [], query
    assert fields_of(buyer.get("/backorders?status=lost")) == {"status"}
    assert buyer.get(f"/shipments?backorder={mine[0]}").get_json()["items"][0]["quantity"] == 1


def test_a_wish_to_cancel_is_noted_and_answered_with_what_is(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)
    path = f"/backorders/{world.waiting.number}"
    customer = as_user("customer")
    answer = customer.post(f"{path}/cancel", {"reason_code": "customer_request"})
    assert answer.status_code == 202
    assert answer.get_json()["status"] == "partially_shipped"
    session.refresh(world.waiting)
    assert world.waiting.cancel_reason_code == "customer_request"
    backorders.cancel(session, world.waiting.number, "customer_request", today())
    again = customer.post(f"{path}/cancel", {"reason_code": "customer_request"})
    assert again.status_code == 409


def test_edits_are_held_to_the_version_that_was_read(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)
    supplier = as_user("supplier")
    path = f"/purchase-order-lines/{world.line.id}"
    read = supplier.get(path)
    tag = read.headers["ETag"]
    assert tag.startswith(f'"{read.get_json()["version"]}.')
    assert supplier.get(path, If_None_Match=tag).status_code == 304

    reject = {"action": "reject", "reason_code": "discontinued"}
    accept = {"action": "accept"}
    for stale in ('"0.x"', f"W/{tag}", "nonsense"):
        refused = supplier.post(f"{path}/responses", accept, If_Match=stale)
        assert refused.status_code == 412
        assert fields_of(refused) == {"If-Match"}
    late = supplier.post(f"{path}/responses", accept | {"version": 1})
    assert late.status_code == 409
    assert fields_of(late) == {"version"}
    assert supplier.post(f"{path}/responses", accept, If_Match=tag).status_code == 200
    assert supplier.post(f"{path}/responses", reject, If_Match=tag).status_code == 412
    assert supplier.get(path, If_None_Match=tag).status_code == 200

    customer, number = as_user("customer"), f"/backorders/{world.waiting.number}"
    seen = customer.get(number).headers["ETag"]
    wish = {"reason_code": "too_late"}
    assert customer.post(f"{number}/cancel", wish, If_Match='"0"').status_code == 412
    session.refresh(world.waiting)
    assert world.waiting.cancel_requested_at is None
    assert customer.post(f"{number}/cancel", wish, If_Match=seen).status_code == 202

    warehouse, parcel = as_user("fulfilment"), f"/shipments/{world.shipment.id}"
    tag = warehouse.get(parcel).headers["ETag"]
    assert warehouse.post(f"{parcel}/delivered", If_Match=tag).status_code == 200
    assert warehouse.post(f"{parcel}/delivered", If_Match=tag).status_code == 412


def test_measured_goods_keep_their_thousandths(
    session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    for quantity, shown in ((0.1, 0.1), ("2.125", 2.125), (3, 3)):
        line = {"sku": "GADGET", "quantity": quantity, "requested_date": in_days(9)}
        answer = as_user("sales").post("/orders", {"customer_code": "OTTO", "lines": [line]})
        assert answer.get_json()["lines"][0]["quantity"] == shown
