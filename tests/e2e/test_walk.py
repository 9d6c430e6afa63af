"""One backorder through the API, from the supplier's answer to the door, and the mails that people got."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from portal.config import WORKER_ROLE
from portal.models import User
from portal.services import accounts
from portal.services.transaction import Context
from tests.builders import add_user, make_company
from tests.embedded import RunningPortal, running_portal, temporary_home

ROLES = ("sales", "warehouse_manager", "it_admin")


@dataclass(frozen=True)
class Caller:
    """A program that acts for one user."""

    url: str
    token: str

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        request = Request(  # noqa: S310 - the address of our own installation
            f"{self.url}/api/v1{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urlopen(request) as answer:  # noqa: S310 - as above
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    def get(self, path: str) -> Any:
        status, body = self.call("GET", path)
        assert status == 200, body
        return body

    def post(self, path: str, body: dict[str, Any]) -> Any:
        status, answer = self.call("POST", path, body)
        assert status in (200, 201, 202), answer
        return answer


@dataclass
class Installation:
    portal: RunningPortal
    callers: dict[str, Caller]

    def mails(self, recipient: str) -> list[EmailMessage]:
        found = []
        for file in sorted((self.portal.settings.mail_folder / "new").iterdir()):
            mail = message_from_bytes(file.read_bytes(), policy=default)
            if mail["Delivered-To"] == recipient:
                found.append(mail)
        return found

    def until(self, come: Callable[[], Any], within_s: float = 60) -> Any:
        """What `come` gives once it is something, or what it gives at the end."""
        deadline = time.monotonic() + within_s
        while not (given := come()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return given

    def mailed(self, recipient: str, count: int) -> list[EmailMessage]:
        self.until(lambda: len(self.mails(recipient)) >= count)
        return self.mails(recipient)

    def backorder(self, number: str) -> Any:
        return self.callers["sales"].get(f"/backorders/{number}")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with temporary_home() as home, running_portal(home) as portal:
        engine = create_engine(portal.settings.database(WORKER_ROLE))
        callers = {}
        with Session(engine) as session:
            company = make_company(session)
            add_user(session, "sue@acme.example", "supplier", supplier_id=company.acme.id)
            add_user(session, "rita@rival.example", "supplier", supplier_id=company.rival.id)
            add_user(session, "nora@shop.example", "customer", customer_id=company.nora.id)
            add_user(session, "otto@trade.example", "customer", customer_id=company.otto.id)
            for role in ROLES:
                add_user(session, f"{role}@promiseline.example", role)
            session.commit()
            who = Context(actor="test", channel="test", now=datetime.now(UTC))
            for user in session.scalars(select(User)).all():
                name = (
                    user.roles[0].name if user.email.endswith("promiseline.example") else user.email.split("@")[0]
                )
                callers[name] = Caller(portal.url, accounts.create_token(session, who, user, "test"))
        engine.dispose()
        yield Installation(portal, callers)


def subjects(mails: list[EmailMessage]) -> list[str]:
    return [str(mail["Subject"]) for mail in mails]


def test_one_backorder_from_answer_to_delivery(installation: Installation) -> None:
    sales, sue = installation.callers["sales"], installation.callers["sue"]
    buyer, warehouse = installation.callers["buyer"], installation.callers["warehouse_manager"]
    wanted = date.today() + timedelta(days=30)  # noqa: DTZ011 - the day that the installation thinks it is
    order = {
        "customer_code": "NORA",
        "lines": [{"sku": "WIDGET", "quantity": 12, "requested_date": wanted.isoformat()}],
    }
    booked = sales.post("/orders", order)
    number = booked["lines"][0]["backorder_number"]
    rival_order = sales.post(
        "/orders",
        {
            "customer_code": "OTTO",
            "lines": [{"sku": "GADGET", "quantity": 1.5, "requested_date": wanted.isoformat()}],
        },
    )
    rival_number = rival_order["lines"][0]["backorder_number"]
    assert len(installation.mailed("nora@shop.example", 1)) == 1
    assert len(installation.mailed("otto@trade.example", 1)) == 1

    [line] = sue.get("/purchase-order-lines?awaiting=supplier")["items"]
    assert (line["sku"], line["quantity"], line["status"]) == ("WIDGET", 12, "awaiting_supplier")
    assert installation.mailed("dates@acme.example", 1) != []
    before = installation.backorder(number)
    assert [peg["hard"] for peg in before["pegs"]] == [False]
    assert before["waiting_on"] == "supplier"

    later = date.fromisoformat(line["requested_date"]) + timedelta(days=6)
    verdict = sue.post(
        f"/purchase-order-lines/{line['id']}/responses",
        {
            "action": "propose",
            "schedule": [{"quantity": 12, "promised_date": later.isoformat()}],
            "reason_code": "capacity",
            "note": "the press is down",
        },
    )
    assert verdict["outcome"] == "awaiting_buyer"
    buyer.post(f"/purchase-order-lines/{line['id']}/decisions", {"decision": "approve", "reason": ""})
    mails = installation.mailed("nora@shop.example", 2)
    assert len(mails) == 2
    moved = installation.backorder(number)
    assert moved["promised_date"] == (later + timedelta(days=2)).isoformat()
    assert moved["original_promised_date"] == before["promised_date"]
    words = mails[1].get_body(("plain",)).get_content()
    assert "no capacity" in words
    assert moved["promises"][-1]["reason_code"] == "supplier_moved"

    warehouse.post(
        "/receipts",
        {"po_number": line["po_number"], "line_number": 1, "quantity": 12, "warehouse_code": "MAIN"},
    )
    assert installation.until(lambda: installation.backorder(number)["status"] == "allocated")
    listed = [
        each["backorder_number"]
        for pick_list in warehouse.get("/pick-lists?warehouse=MAIN")["items"]
        for each in pick_list["lines"]
    ]
    assert number in listed
    shipment = warehouse.post(
        "/shipments",
        {"backorder_number": number, "quantity": 12, "carrier": "DHL", "tracking_number": "JD0001"},
    )
    warehouse.post(f"/shipments/{shipment['id']}/delivered", {})
    assert installation.until(lambda: installation.backorder(number)["status"] == "delivered")

    mails = installation.mailed("nora@shop.example", 5)
    heads = [subject.split(": ", 1)[1] for subject in subjects(mails)]
    assert [head.split(" expected")[0] for head in heads[:1]] == ["12 ea of Widget"]
    assert heads[1].startswith("Widget now expected")
    assert heads[2:] == [
        "12 ea of Widget reserved for you",
        "12 ea of Widget on the way",
        "12 ea of Widget delivered",
    ]
    assert all(notice["status"] == "sent" for notice in installation.backorder(number)["notices"])
    assert "JD0001" in mails[3].get_body(("html",)).get_content()
    assert subjects(installation.mails("otto@trade.example")) == [
        f"{rival_order['number']}: 1.5 kg of Gadget on backorder"
    ]
    assert installation.mails("dates@rival.example") == []
    waiting = installation.backorder(rival_number)
    assert (waiting["waiting_on"], waiting["promised_date"]) == ("buyer", None)


def test_cancelling_tells_the_customer_and_ends_the_workflow(installation: Installation) -> None:
    sales = installation.callers["sales"]
    wanted = date.today() + timedelta(days=30)  # noqa: DTZ011 - as above
    booked = sales.post(
        "/orders",
        {
            "customer_code": "OTTO",
            "lines": [{"sku": "GADGET", "quantity": 3, "requested_date": wanted.isoformat()}],
        },
    )
    number = booked["lines"][0]["backorder_number"]
    sales.post(f"/backorders/{number}/cancel", {"reason_code": "customer_request"})
    assert installation.until(lambda: installation.backorder(number)["status"] == "cancelled")
    end = f"{booked['number']}: backorder of Gadget cancelled"
    assert installation.until(lambda: end in subjects(installation.mails("otto@trade.example")))
