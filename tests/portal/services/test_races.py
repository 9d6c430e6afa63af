"""Receive, allocate, cancel and ship from many connections at once: no unit is promised twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.errors import RuleViolation
from portal.models import (
    Allocation,
    Backorder,
    OutboxMessage,
    PickList,
    PurchaseOrderLine,
    Receipt,
    Shipment,
    Stock,
)
from portal.services import allocation, backorders, receiving, shipping
from portal.services.transaction import Context
from tests.builders import make_company, order
from tests.conftest import Database
from workflows.contract import AllocationJob

Who = Callable[..., Context]
ZERO = Decimal(0)
#: Connections at once.
CROWD = 6


def check_invariants(session: Session) -> None:
    """received = allocated + shipped + free, for the shelf and for every backorder on it."""
    session.expire_all()
    received = session.scalar(select(func.coalesce(func.sum(Receipt.quantity), 0)))
    shipped = session.scalar(select(func.coalesce(func.sum(Shipment.quantity), 0)))
    stock = session.scalars(select(Stock)).all()
    allocated = sum((each.allocated for each in stock), ZERO)
    free = sum((each.free for each in stock), ZERO)
    assert received == allocated + shipped + free
    assert all(each.free >= 0 for each in stock)
    open_allocations = session.scalars(select(Allocation)).all()
    assert allocated == sum((each.open_quantity for each in open_allocations), ZERO)
    for backorder in session.scalars(select(Backorder)):
        mine = [each for each in open_allocations if each.backorder_id == backorder.id]
        assert backorder.allocated_quantity == sum((each.open_quantity for each in mine), ZERO)
        assert backorder.shipped_quantity == sum((each.shipped_quantity for each in mine), ZERO)
        assert backorder.status == backorder.quantities.status


def test_no_unit_is_lost_or_promised_twice_in_a_crowd(database: Database, session: Session, who: Who) -> None:
    make_company(session)
    numbers = []
    for index in range(12):
        backorder = order(session, who(), ("NORA", "OTTO")[index % 2], 5 + index % 3)
        assert backorder is not None
        numbers.append(backorder.number)
    lines = [(each.po_number, each.line_number) for each in session.scalars(select(PurchaseOrderLine))]
    session.commit()
    jobs: list[Callable[[Session], object]] = []
    for po_number, line_number in lines:
        for quantity in (1, 2, 3):
            draft = receiving.ReceiptDraft(po_number, line_number, Decimal(quantity))
            jobs.append(lambda db, draft=draft: _receive(db, who(), draft))
    for number in numbers:
        parcel = shipping.Parcel(Decimal(2), "DHL", "T")
        jobs += [lambda db, number=number, parcel=parcel: shipping.ship_backorder(db, who(), number, parcel)] * 2
    for number in numbers[:4]:
        jobs.append(lambda db, number=number: backorders.cancel(db, number, "customer_request", who().now))
    random.Random(7).shuffle(jobs)
    start = threading.Barrier(CROWD)
    refused: list[str] = []

    def work(share: list[Callable[[Session], object]]) -> None:
        start.wait()
        for job in share:
            with database.session() as own:
                try:
                    job(own)
                except RuleViolation as violation:
                    refused.append(violation.faults[0].code)

    with ThreadPoolExecutor(CROWD) as pool:
        list(pool.map(work, [jobs[index::CROWD] for index in range(CROWD)]))
    check_invariants(session)
    for run in _posted_allocations(session):
        allocation.allocate_goods(session, run, who().now)
        allocation.allocate_goods(session, run, who().now)
    check_invariants(session)
    assert set(refused) <= {
        "already_cancelled",
        "line_closed",
        "more_than_allocated",
        "more_than_open",
        "not_in_one_warehouse",
    }
    assert session.scalars(select(Shipment)).first() is not None


def _receive(session: Session, who: Context, draft: receiving.ReceiptDraft) -> None:
    receipt = receiving.receive(session, who, draft)
    key = f"receipt-{receipt.number}"
    allocation.allocate_goods(session, AllocationJob(key, receipt.product.sku, receipt.warehouse.code), who.now)


def _posted_allocations(session: Session) -> list[AllocationJob]:
    """The runs that transactions asked for, as the relay would start them."""
    rows = session.scalars(select(OutboxMessage).where(OutboxMessage.name == "AllocationWorkflow"))
    return [AllocationJob(**row.payload["job"]) for row in rows]


def test_two_orders_at_once_never_take_the_same_last_units(database: Database, session: Session, who: Who) -> None:
    make_company(session, widgets_on_hand=7)
    start = threading.Barrier(CROWD)

    def buy(_: int) -> None:
        with database.session() as own:
            start.wait()
            order(own, who(), "NORA", 3, plan=False)

    with ThreadPoolExecutor(CROWD) as pool:
        list(pool.map(buy, range(CROWD)))
    stock = session.scalars(select(Stock)).one()
    short = session.scalar(select(func.sum(Backorder.quantity)))
    assert (stock.on_hand, stock.allocated) == (7, 7)
    assert short == CROWD * 3 - 7


def test_the_first_goods_of_two_products_at_once_share_one_pick_list(
    database: Database, session: Session, who: Who
) -> None:
    company = make_company(session, widgets_on_hand=5)
    session.add(Stock(product_id=company.gadget.id, warehouse_id=company.main.id, on_hand=5))
    session.commit()
    start = threading.Barrier(2)

    def buy(sku: str) -> None:
        with database.session() as own:
            start.wait()
            order(own, who(), "NORA", 3, sku, plan=False)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(buy, ("WIDGET", "GADGET")))
    pick_list = session.scalars(select(PickList)).one()
    assert len(pick_list.lines) == 2
