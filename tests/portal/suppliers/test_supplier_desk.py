"""The supplier's queue and record: who may see them, every answer good and bad, the same cost for many rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.replenishment import Action, Answer, Decision, LineStatus, ScheduleLine
from domain.roles import PARTY_ROLES, Role
from portal.models import PurchaseOrderLine, SupplierAnswer
from portal.services import answers
from portal.services.transaction import Context
from tests.builders import Company, add_user, make_company, order, settle
from tests.portal.planning.counting import statements_of

SUE, RITA, NORA = "sue@acme.example", "rita@rival.example", "nora@shop.example"
STAFF = [role for role in Role if role not in PARTY_ROLES]

SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def company(session: Session) -> Company:
    made = make_company(session)
    add_user(session, SUE, "supplier", supplier_id=made.acme.id)
    add_user(session, RITA, "supplier", supplier_id=made.rival.id)
    add_user(session, NORA, "customer", customer_id=made.nora.id)
    session.commit()
    return made


@pytest.fixture
def asked(session: Session, company: Company, now: datetime) -> list[PurchaseOrderLine]:
    """Three lines that wait for Acme's answer."""
    for quantity in (10, 4, 6):
        order(session, Context("Bea", "web", now), quantity=quantity)
    return list(session.scalars(select(PurchaseOrderLine).order_by(PurchaseOrderLine.id)))


@pytest.fixture
def sue(sign_in: SignIn, asked: list[PurchaseOrderLine]) -> FlaskClient:
    return sign_in(SUE)


def ticket(line: PurchaseOrderLine) -> str:
    return f"{line.id}:{line.version}"


def state(session: Session, lines: list[PurchaseOrderLine]) -> list[tuple[str, date | None]]:
    session.expire_all()
    return [(str(line.status), line.promised_date) for line in lines]


def hidden(page: str, name: str) -> str:
    """The value of the hidden field of this name."""
    tag = next(tag for tag in re.findall(r"<input[^>]*>", page) if f'name="{name}"' in tag)
    found = re.search(r'value="([^"]*)"', tag)
    return found[1].replace("&#34;", '"') if found else ""


# ---- who may see it ----


def test_only_its_own_people_open_a_suppliers_line(
    session: Session, asked: list[PurchaseOrderLine], sign_in: SignIn, app: Flask
) -> None:
    for role in STAFF:
        add_user(session, f"{role}@desk.example", role)
    session.commit()
    line = f"/supplier/lines/{asked[0].id}"
    form = {"action": "accept", "accept-version": "1"}
    assert sign_in(SUE).get(line).status_code == 200
    assert sign_in(RITA).get(line).status_code == 404
    assert sign_in(RITA).post(line, data=form).status_code == 404
    assert (
        sign_in(RITA).post("/supplier", data={"selected": ticket(asked[0]), "action": "accept"}).status_code == 404
    )
    for address in (line, "/supplier"):
        for user in (NORA, *(f"{role}@desk.example" for role in STAFF)):
            assert sign_in(user).get(address).status_code == 403, user
            assert sign_in(user).post(address, data=form).status_code == 403, user
        assert app.test_client().get(address).location.startswith("/sign-in")
    assert {status for status, _ in state(session, asked)} == {LineStatus.AWAITING_SUPPLIER}


def test_a_supplier_reads_how_many_wait_but_never_who_nor_for_what_money(
    sue: FlaskClient, asked: list[PurchaseOrderLine]
) -> None:
    for address in ("/supplier", f"/supplier/lines/{asked[0].id}"):
        page = sue.get(address).text
        assert "WIDGET" in page
        for secret in ("Nora", "nora@", "BO-1", "€9", "9.00"):
            assert secret not in page, secret
    assert sign_of_customers(sue.get("/supplier").text) == ["1", "1", "1"]


def sign_of_customers(page: str) -> list[str]:
    return re.findall(r'data-label="Customers waiting" class="num">([^<]*)<', page)


def test_a_rivals_queue_is_empty(sue: FlaskClient, sign_in: SignIn) -> None:
    page = sign_in(RITA).get("/supplier").text
    assert "Nothing waits for your answer" in page
    assert "WIDGET" not in page


# ---- the queue ----


def test_one_click_accepts_a_line_as_requested(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine]
) -> None:
    answer = sue.post("/supplier?tab=answer", data={"selected": ticket(asked[0]), "action": "accept"})
    assert (answer.status_code, answer.location) == (302, "/supplier?tab=answer")
    assert state(session, asked)[0] == (LineStatus.CONFIRMED, asked[0].requested_date)
    assert "1 line agreed." in sue.get(answer.location).text


def test_many_lines_are_moved_by_days_with_one_reason(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine]
) -> None:
    answer = sue.post(
        "/supplier",
        data={
            "selected": [ticket(line) for line in asked],
            "action": "propose",
            "days": "4",
            "reason_code": "capacity",
            "note": "One press is down",
        },
    )
    assert answer.status_code == 302
    assert {status for status, _ in state(session, asked)} == {LineStatus.AWAITING_BUYER}
    for line in asked:
        said = line.answers[0]
        day = (line.requested_date + timedelta(days=4)).isoformat()
        assert said.schedule == [{"quantity": f"{line.quantity.normalize():f}", "promised_date": day}]
        assert (said.reason_code, said.note) == ("capacity", "One press is down")


def test_many_lines_are_rejected_with_one_reason(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine]
) -> None:
    data = {"selected": [ticket(line) for line in asked], "action": "reject", "reason_code": "discontinued"}
    assert sue.post("/supplier", data=data).status_code == 302
    assert {status for status, _ in state(session, asked)} == {LineStatus.REJECTED}


def test_when_one_of_many_cannot_be_answered_none_is(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine]
) -> None:
    first, second, third = asked
    stale = ticket(second)
    answers.answer_line(session, Context("Sam", "web", datetime.now(UTC)), second.id, Answer(Action.ACCEPT))
    before = state(session, asked)
    answer = sue.post("/supplier", data={"selected": [ticket(first), stale, ticket(third)], "action": "accept"})
    assert answer.status_code == 422
    assert state(session, asked) == before
    assert "1 of 3 lines can&#39;t be answered like this" in answer.text
    assert f'id="line-{second.id}-fault-1"' in answer.text
    assert "was changed since you opened it" in answer.text
    assert f'value="{ticket(first)}" aria-label="Select {first.po_number}/1" checked' in answer.text


BAD_FOR_MANY = [
    ({"action": "propose", "reason_code": "capacity"}, "Give a date, or by how many days to move."),
    ({"action": "propose", "days": "3"}, "Choose a reason."),
    ({"action": "propose", "days": "3", "day": "2099-01-01", "reason_code": "capacity"}, "not both"),
    ({"action": "propose", "days": "soon", "reason_code": "capacity"}, "Not a valid integer value"),
    ({"action": "propose", "day": "20261-01-01", "reason_code": "capacity"}, "Not a valid date value"),
    (
        {"action": "propose", "day": "2020-01-01", "reason_code": "capacity"},
        "date 2020-01-01 is in the past",
    ),
    ({"action": "reject"}, "Choose a reason."),
    ({"action": "reject", "reason_code": "boredom"}, "Not a valid choice"),
]


def test_a_bad_answer_to_many_says_what_is_wrong_and_keeps_what_was_typed(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine]
) -> None:
    before = state(session, asked)
    for data, says in BAD_FOR_MANY:
        answer = sue.post("/supplier", data={"selected": ticket(asked[0]), "note": "Keep me", **data})
        assert answer.status_code == 422, data
        assert says in answer.text, data
        assert "Keep me" in answer.text
        assert " checked" in answer.text
        assert state(session, asked) == before


def test_nothing_ticked_and_nothing_known_are_refused(sue: FlaskClient, asked: list[PurchaseOrderLine]) -> None:
    answer = sue.post("/supplier", data={"action": "accept"})
    assert answer.status_code == 422
    assert "Tick the lines" in answer.text
    assert sue.post("/supplier", data={"action": "dance", "selected": ticket(asked[0])}).status_code == 400
    assert sue.post("/supplier", data={"action": "accept", "selected": "999999:1"}).status_code == 404


def test_lines_stand_under_what_is_asked_of_the_supplier(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine], now: datetime
) -> None:
    who = Context("Sue", "web", now)
    first, second, third = asked
    late = Answer(
        Action.PROPOSE, (ScheduleLine(first.quantity, first.requested_date + timedelta(days=30)),), "capacity"
    )
    answers.answer_line(session, who, first.id, late)
    answers.decide(session, Context("Bea", "web", now), first.id, Decision.REJECT, "Too late for us")
    settle(session, first, now)
    soon = Answer(
        Action.PROPOSE, (ScheduleLine(second.quantity, now.date() + timedelta(days=3)),), "earlier_possible"
    )
    answers.answer_line(session, who, second.id, soon)
    answers.decide(session, Context("Bea", "web", now), second.id, Decision.APPROVE, "")
    numbers = {
        tab: re.findall(r"PO-\d+/1(?=</a>)", sue.get(f"/supplier?tab={tab}").text)
        for tab in ("answer", "again", "due", "waiting", "done")
    }
    assert numbers == {
        "answer": [f"{third.po_number}/1"],
        "again": [f"{first.po_number}/1"],
        "due": [f"{second.po_number}/1"],
        "waiting": [],
        "done": [],
    }
    assert "Too late for us" in sue.get(f"/supplier/lines/{first.id}").text
    found = sue.get(f"/supplier?tab=answer&q={third.po_number[-3:]}").text
    assert f"{third.po_number}/1" in found
    assert "Nothing waits" in sue.get("/supplier?tab=answer&q=NOSUCH").text


def test_pages_follow_each_other_without_gap_and_cost_the_same(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine], app: Flask, now: datetime
) -> None:
    sue.get("/supplier")  # what the first request of a process does once
    few = statements_of(app, lambda: sue.get("/supplier?tab=answer"))
    for _ in range(30):
        order(session, Context("Bea", "web", now), customer="OTTO", quantity=1)
    assert statements_of(app, lambda: sue.get("/supplier?tab=answer")) == few
    seen: list[str] = []
    address: str | None = "/supplier?tab=answer"
    while address:
        page = sue.get(address).text
        seen += re.findall(r"PO-\d+/1(?=</a>)", page)
        more = re.search(r'rel="next" href="([^"]*)"', page)
        address = more[1].replace("&amp;", "&") if more else None
    assert len(seen) == len(set(seen)) == 33


# ---- one line ----


def proposal(line: PurchaseOrderLine, *rows: tuple[str, str], **more: str) -> dict[str, str]:
    data = {"action": "propose", "propose-version": str(line.version), "propose-reason_code": "capacity"}
    for number, (quantity, day) in enumerate(rows):
        data |= {f"propose-schedule-{number}-quantity": quantity, f"propose-schedule-{number}-promised_date": day}
    return data | {f"propose-{name}": value for name, value in more.items()}


def test_a_quantity_is_split_over_dates(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine], now: datetime
) -> None:
    line = asked[0]
    days = [(now.date() + timedelta(days=ahead)).isoformat() for ahead in (20, 40)]
    data = proposal(line, ("4", days[0]), ("", ""), ("6", days[1]), note="Two lorries")
    answer = sue.post(f"/supplier/lines/{line.id}", data=data)
    assert answer.status_code == 302
    assert state(session, asked)[0][0] == LineStatus.AWAITING_BUYER
    said = session.scalars(select(SupplierAnswer)).one()
    assert [(one["quantity"], one["promised_date"]) for one in said.schedule] == [("4", days[0]), ("6", days[1])]
    page = sue.get(answer.location).text
    assert "Sent to the buyer, who decides (outside tolerance" in page
    assert "Two lorries" in page


def test_more_dates_can_be_asked_for_without_scripts(sue: FlaskClient, asked: list[PurchaseOrderLine]) -> None:
    line = asked[0]
    data = proposal(line, ("4", "2099-01-01"), note="Not yet") | {"action": "more"}
    page = sue.post(f"/supplier/lines/{line.id}", data=data)
    assert page.status_code == 200
    assert page.text.count('-promised_date" name=') == 4 == page.text.count('inputmode="decimal"')
    assert 'value="2099-01-01"' in page.text
    assert "Not yet" in page.text


BAD_PROPOSALS = [
    ([("", "")], "Propose at least one date and quantity"),
    ([("4", "")], "Row 1 has a quantity but no date."),
    ([("", "2099-01-01")], "Row 1 has a date but no quantity."),
    ([("some", "2099-01-01")], "Not a valid decimal value"),
    ([("-4", "TOMORROW")], "Quantity must be more than 0"),
    ([("2.5", "TOMORROW")], "Quantity must be whole"),
    ([("11", "TOMORROW")], "11 is promised, but 10 is open"),
    ([("4", "2020-01-01")], "Date 2020-01-01 is in the past"),
    ([("4", "20261-01-01")], "Not a valid date value"),
    ([("4", "2099-01-01")], "too far ahead"),
    ([("4", "TOMORROW"), ("4", "TOMORROW")], "Two of the dates are the same"),
]


def test_a_bad_proposal_changes_nothing_and_says_where(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine], now: datetime
) -> None:
    line = asked[0]
    tomorrow = (now.date() + timedelta(days=2)).isoformat()
    for rows, says in BAD_PROPOSALS:
        typed = [(quantity, day.replace("TOMORROW", tomorrow)) for quantity, day in rows]
        answer = sue.post(f"/supplier/lines/{line.id}", data=proposal(line, *typed, note="Keep me"))
        assert answer.status_code == 422, rows
        assert says in answer.text, rows
        assert "error-summary" in answer.text
        assert "Keep me" in answer.text
        assert state(session, asked)[0] == (LineStatus.AWAITING_SUPPLIER, None)


def test_a_reason_is_asked_for(session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine]) -> None:
    address = f"/supplier/lines/{asked[0].id}"
    for data in (
        proposal(asked[0], ("4", "2027-12-01")) | {"propose-reason_code": ""},
        {"action": "reject", "reject-version": "1"},
    ):
        answer = sue.post(address, data=data)
        assert answer.status_code == 422
        assert "Choose a reason." in answer.text
    assert sue.post(address, data={"action": "dance"}).status_code == 400
    assert state(session, asked)[0] == (LineStatus.AWAITING_SUPPLIER, None)


def test_a_line_that_changed_meanwhile_shows_both_versions_and_keeps_what_was_typed(
    session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine], now: datetime
) -> None:
    line = asked[0]
    address = f"/supplier/lines/{line.id}"
    opened = sue.get(address).text
    day = (now.date() + timedelta(days=25)).isoformat()
    data = proposal(line, ("10", day), note="Mine", seen=hidden(opened, "propose-seen"))
    answers.answer_line(session, Context("Sam", "web", now), line.id, Answer(Action.ACCEPT))
    refused = sue.post(address, data=data)
    assert refused.status_code == 409
    assert "This line was changed while you answered" in refused.text
    assert "Waiting for supplier</td><td><strong>Confirmed</strong>" in refused.text
    assert "Mine" in refused.text
    assert f'value="{day}"' in refused.text
    assert state(session, asked)[0][0] == LineStatus.CONFIRMED
    again = data | {
        "propose-version": hidden(refused.text, "propose-version"),
        "propose-seen": hidden(refused.text, "propose-seen"),
    }
    assert sue.post(address, data=again).status_code == 302
    assert state(session, asked)[0][0] == LineStatus.AWAITING_BUYER


def test_a_closed_line_takes_no_answer(session: Session, sue: FlaskClient, asked: list[PurchaseOrderLine]) -> None:
    line = asked[0]
    address = f"/supplier/lines/{line.id}"
    reject = {"action": "reject", "reject-reason_code": "discontinued", "reject-version": str(line.version)}
    assert sue.post(address, data=reject).status_code == 302
    session.expire_all()
    page = sue.get(address).text
    assert "Accept as requested" not in page
    late = sue.post(address, data={"action": "accept", "accept-version": str(line.version)})
    assert late.status_code == 409
    assert "be answered any more" in late.text


def test_the_quantity_of_a_measured_unit_is_shown_as_it_is(
    session: Session, company: Company, sign_in: SignIn, now: datetime
) -> None:
    company.gadget.preferred_supplier_id = company.acme.id
    company.gadget.lead_time_days = 9
    session.commit()
    order(session, Context("Bea", "web", now), sku="GADGET", quantity="2.125")
    line = session.scalars(select(PurchaseOrderLine)).one()
    assert line.quantity == Decimal("2.125")
    assert 'value="2.125"' in sign_in(SUE).get(f"/supplier/lines/{line.id}").text
