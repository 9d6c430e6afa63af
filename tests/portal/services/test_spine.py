"""The chain from an order to its delivery, in the database alone, each step as its workflow would take it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.backorder import Status, WaitingOn
from domain.errors import Conflict, RuleViolation
from domain.replenishment import Action, Answer, Decision, LineStatus, Outcome, ScheduleLine
from portal.models import (
    Allocation,
    Backorder,
    BackorderPromise,
    Notice,
    OutboxMessage,
    PurchaseOrderLine,
    SoftPeg,
    Stock,
    StockMovement,
    SupplyPromise,
)
from portal.services import answers, backorders, shipping
from portal.services.transaction import Context
from tests.builders import make_company, order, receive, settle, the_line

Who = Callable[..., Context]


def kinds(session: Session, backorder: Backorder) -> list[str]:
    return list(
        session.scalars(select(Notice.kind).where(Notice.backorder_id == backorder.id).order_by(Notice.id))
    )


def written(session: Session) -> list[int | None]:
    tables = (Notice, OutboxMessage, BackorderPromise)
    return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def propose(days_later: int, line: PurchaseOrderLine, quantity: int | None = None) -> Answer:
    day = line.requested_date + timedelta(days=days_later)
    return Answer(
        Action.PROPOSE, (ScheduleLine(Decimal(quantity or line.quantity), day),), reason_code="material_shortage"
    )


def test_an_order_that_stock_covers_opens_no_backorder(session: Session, who: Who) -> None:
    make_company(session, widgets_on_hand=50)
    assert order(session, who(), quantity=50) is None
    stock = session.scalars(select(Stock)).one()
    assert (stock.on_hand, stock.allocated) == (50, 50)


def test_the_short_quantity_becomes_a_backorder_with_supply_ordered_and_a_date(session: Session, who: Who) -> None:
    company = make_company(session, widgets_on_hand=4)
    backorder = order(session, who(), quantity=10)
    assert backorder is not None
    assert (backorder.quantity, backorder.reason_code) == (6, "insufficient_stock")
    line = the_line(session)
    assert (line.supplier_id, line.quantity, line.status) == (company.acme.id, 6, LineStatus.AWAITING_SUPPLIER)
    due = who().now.date() + timedelta(days=14)
    assert line.requested_date == due
    assert (backorder.promised_date, backorder.promise_basis) == (due + timedelta(days=2), "planned")
    assert backorder.waiting_on == WaitingOn.SUPPLIER
    assert kinds(session, backorder) == ["opened"]
    assert (line.waiting_customers, line.waiting_quantity) == (1, 6)


def test_without_a_supplier_the_backorder_waits_on_a_named_person(session: Session, who: Who) -> None:
    company = make_company(session)
    backorder = order(session, who(), sku="GADGET", quantity="2.5")
    assert backorder is not None
    assert backorder.promised_date is None
    assert (backorder.waiting_on, backorder.owner_id) == (WaitingOn.BUYER, company.buyer.id)
    assert backorder.uncovered_quantity == Decimal("2.5")


def test_a_later_date_outside_tolerance_changes_nothing_until_a_buyer_approves(session: Session, who: Who) -> None:
    make_company(session)
    backorder = order(session, who())
    assert backorder is not None
    line = the_line(session)
    promised = backorder.promised_date
    verdict = answers.answer_line(session, who("Sue"), line.id, propose(10, line), line.version)
    settle(session, line, who().now)
    assert verdict.outcome is Outcome.AWAITING_BUYER
    assert (backorder.promised_date, backorder.waiting_on) == (promised, WaitingOn.BUYER)
    answers.decide(session, who(), line.id, Decision.APPROVE, "")
    settle(session, line, who().now)
    assert promised is not None
    assert backorder.promised_date == promised + timedelta(days=10)
    assert kinds(session, backorder) == ["opened", "promise_changed"]
    assert backorder.original_promised_date == promised


def test_a_change_within_tolerance_is_accepted_and_the_rule_is_recorded(session: Session, who: Who) -> None:
    company = make_company(session)
    company.acme.days_late_tolerance = 5
    session.commit()
    order(session, who())
    line = the_line(session)
    verdict = answers.answer_line(session, who("Sue"), line.id, propose(5, line))
    assert verdict.outcome is Outcome.ACCEPTED
    assert line.answers[0].rule.startswith("within tolerance: 5 days late")
    ledger = session.execute(select(SupplyPromise.kind, SupplyPromise.due_date).order_by(SupplyPromise.id)).all()
    assert [kind for kind, _ in ledger] == ["requested", "original"]


def test_accepting_the_planned_date_confirms_it_without_a_mail(session: Session, who: Who) -> None:
    make_company(session)
    backorder = order(session, who())
    assert backorder is not None
    line = the_line(session)
    answers.answer_line(session, who("Sue"), line.id, Answer(Action.ACCEPT))
    settle(session, line, who().now)
    assert backorder.promise_basis == "confirmed"
    assert kinds(session, backorder) == ["opened"]
    rows = session.scalars(select(BackorderPromise.reason_code).order_by(BackorderPromise.id)).all()
    assert rows == ["planned", "supplier_confirmed"]


def test_settling_a_line_again_changes_nothing(session: Session, who: Who) -> None:
    make_company(session)
    order(session, who())
    line = the_line(session)
    answers.answer_line(session, who("Sue"), line.id, propose(9, line))
    answers.decide(session, who(), line.id, Decision.APPROVE, "")
    settle(session, line, who().now)
    before = [
        session.scalar(select(func.count()).select_from(table))
        for table in (Notice, OutboxMessage, BackorderPromise)
    ]
    line.settled_version = 0
    session.commit()
    settle(session, line, who().now)
    assert written(session) == before


def test_a_rejected_line_leaves_its_customers_uncovered_and_tells_them(session: Session, who: Who) -> None:
    company = make_company(session)
    backorder = order(session, who())
    assert backorder is not None
    line = the_line(session)
    verdict = answers.answer_line(session, who("Sue"), line.id, Answer(Action.REJECT, reason_code="discontinued"))
    settle(session, line, who().now)
    assert verdict.outcome is Outcome.REJECTED
    assert (backorder.promised_date, backorder.uncovered_quantity) == (None, 10)
    assert backorder.owner_id == company.buyer.id
    assert kinds(session, backorder) == ["opened", "promise_changed"]
    assert session.scalars(select(SoftPeg)).all() == []


def test_from_receipt_to_delivery_every_step_is_told_once(session: Session, who: Who) -> None:
    make_company(session)
    backorder = order(session, who())
    assert backorder is not None
    line = the_line(session)
    answers.answer_line(session, who("Sue"), line.id, Answer(Action.ACCEPT))
    settle(session, line, who().now)
    receive(session, who("Will"), line, 10)
    assert backorder.status == Status.ALLOCATED
    assert line.status == LineStatus.RECEIVED
    shipment = shipping.ship_backorder(session, who(), backorder.number, shipping.Parcel(Decimal(10), "DHL", "T1"))
    assert backorder.status == Status.SHIPPED
    shipping.deliver(session, who(), shipment.id)
    shipping.deliver(session, who(), shipment.id)
    assert backorder.status == Status.DELIVERED
    assert backorder.closed_at is not None
    assert kinds(session, backorder) == ["opened", "allocated", "shipped", "delivered"]
    stock = session.scalars(select(Stock)).one()
    assert (stock.on_hand, stock.allocated) == (0, 0)
    assert session.scalar(select(func.sum(StockMovement.quantity))) == 0


def test_scarce_goods_go_by_priority_then_first_come_first_served(session: Session, who: Who) -> None:
    make_company(session)
    late_tier_b = order(session, who(), "OTTO", 5)
    first_a = order(session, who(now=who().now + timedelta(minutes=1)), "NORA", 5)
    second_a = order(session, who(now=who().now + timedelta(minutes=2)), "NORA", 5)
    assert late_tier_b
    assert first_a
    assert second_a
    lines = session.scalars(select(PurchaseOrderLine).order_by(PurchaseOrderLine.id)).all()
    assert [line.quantity for line in lines] == [5, 5, 5]
    receive(session, who(), lines[0], 5)
    receive(session, who(), lines[1], 2)
    assert [each.allocated_quantity for each in (first_a, second_a, late_tier_b)] == [5, 2, 0]
    assert second_a.status == Status.PARTIALLY_ALLOCATED


def test_cancelling_releases_goods_to_the_next_in_turn(session: Session, who: Who) -> None:
    make_company(session)
    first = order(session, who(), "NORA", 10)
    second = order(session, who(now=who().now + timedelta(minutes=1)), "NORA", 10)
    assert first
    assert second
    lines = session.scalars(select(PurchaseOrderLine).order_by(PurchaseOrderLine.id)).all()
    receive(session, who(), lines[0], 10)
    backorders.request_cancel(session, who(), first.number, "customer_request")
    backorders.cancel(session, first.number, "customer_request", who().now)
    backorders.cancel(session, first.number, "customer_request", who().now)
    assert (first.status, first.cancelled_quantity, first.allocated_quantity) == (Status.CANCELLED, 10, 0)
    assert kinds(session, first) == ["opened", "allocated", "cancelled"]
    stock = session.scalars(select(Stock)).one()
    assert (stock.on_hand, stock.allocated) == (10, 0)
    starts = session.scalars(select(OutboxMessage.workflow_id).where(OutboxMessage.op == "start")).all()
    assert f"allocate-release-{first.number}-MAIN" in starts
    # its supply is planned for the other at once, earlier than before
    assert second.uncovered_quantity == 0
    assert second.waiting_on == WaitingOn.SUPPLIER


def test_more_than_ordered_is_refused_and_nothing_changes(session: Session, who: Who) -> None:
    make_company(session)
    order(session, who())
    line = the_line(session)
    with pytest.raises(RuleViolation) as refused:
        answers.answer_line(session, who("Sue"), line.id, propose(1, line, 11))
    assert refused.value.faults[0].code == "more_than_ordered"
    session.expire_all()
    assert the_line(session).status == LineStatus.AWAITING_SUPPLIER


def test_a_stale_version_is_refused(session: Session, who: Who) -> None:
    make_company(session)
    order(session, who())
    line = the_line(session)
    seen = line.version
    answers.answer_line(session, who("Sue"), line.id, Answer(Action.ACCEPT), seen)
    with pytest.raises(Conflict):
        answers.answer_line(session, who("Sue"), line.id, Answer(Action.ACCEPT), seen)


def test_a_shipment_of_more_than_is_allocated_is_refused(session: Session, who: Who) -> None:
    make_company(session)
    backorder = order(session, who())
    assert backorder is not None
    receive(session, who(), the_line(session), 4)
    with pytest.raises(RuleViolation, match="5 can't be shipped: 4 is allocated"):
        shipping.ship_backorder(session, who(), backorder.number, shipping.Parcel(Decimal(5), "DHL", "T1"))
    assert session.scalars(select(Allocation)).one().shipped_quantity == 0
