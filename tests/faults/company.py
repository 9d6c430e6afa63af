"""Drives backorders to their end against a running installation, as people and programs would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import create_engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from domain.backorder import Status
from domain.errors import RuleViolation
from domain.replenishment import Action, Answer, LineStatus, ScheduleLine
from portal.config import WORKER_ROLE
from portal.models import (
    Backorder,
    Customer,
    Product,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SalesOrder,
    Shipment,
    SoftPeg,
    Supplier,
    Warehouse,
)
from portal.services import answers, orders, receiving, shipping
from portal.services.transaction import Context
from tests.builders import add_user
from tests.embedded import RunningPortal

PRODUCTS = 20


class Company:
    """Drives backorders from what the database says, as people and programs would, however often it fails."""

    def __init__(self, portal: RunningPortal) -> None:
        self.engine = create_engine(portal.settings.database(WORKER_ROLE), pool_pre_ping=True, pool_size=8)

    def session(self) -> Session:
        return Session(self.engine)

    def who(self, name: str) -> Context:
        return Context(actor=name, channel="test", now=datetime.now(UTC))

    def insistently(self, act: Callable[[Session], object]) -> None:
        """Do it in a session of its own, again until the database lets us; rules may say it was done."""
        while True:
            try:
                with self.session() as session:
                    act(session)
            except RuleViolation:
                return
            except DBAPIError:
                time.sleep(0.1)
            else:
                return

    def found(self) -> None:
        with self.session() as session:
            warehouse = Warehouse(code="MAIN", name="Main", is_default=True)
            suppliers = [Supplier(code=f"S{n}", name=f"Supplier {n}", email=f"s{n}@s.example") for n in range(4)]
            customers = [
                Customer(code=f"C{n}", name=f"Customer {n}", email=f"c{n}@c.example", tier="ABC"[n % 3])
                for n in range(10)
            ]
            session.add_all([warehouse, *suppliers, *customers])
            session.flush()
            session.add_all(
                Product(
                    sku=f"P{n:02}",
                    name=f"Product {n}",
                    lead_time_days=20,
                    preferred_supplier_id=suppliers[n % 4].id,
                )
                for n in range(PRODUCTS)
            )
            add_user(session, "bea@promiseline.example", "buyer")
            session.commit()

    def order(self, index: int) -> None:
        draft = orders.OrderDraft(
            customer_code=f"C{index % 10}",
            lines=[
                orders.OrderLineDraft(
                    f"P{index % PRODUCTS:02}", Decimal(3), datetime.now(UTC).date() + timedelta(days=40)
                )
            ],
            number=f"F-{index:03}",
        )
        self.insistently(lambda session: orders.create_order(session, self.who("Sam Sales"), draft))

    def advance(self, index: int) -> bool:
        """Take the next step of a backorder that is ours to take; True when it has come to its end."""
        with self.session() as session:
            backorder = session.scalar(
                select(Backorder)
                .join(Backorder.order_line)
                .join(SalesOrder)
                .where(SalesOrder.number == f"F-{index:03}")
            )
            assert backorder is not None
            if backorder.closed_at is not None:
                return True
            if backorder.planned_at is None:
                return False
            if backorder.status == Status.ALLOCATED:
                parcel = shipping.Parcel(backorder.allocated_quantity, "DHL", f"T{index}")
                shipping.ship_backorder(session, self.who("Will Warehouse"), backorder.number, parcel)
            elif backorder.status == Status.SHIPPED:
                shipment = session.scalars(select(Shipment).where(Shipment.backorder_id == backorder.id)).one()
                shipping.deliver(session, self.who("Carrier"), shipment.id)
            else:
                self._supply(session, backorder)
        return False

    def _supply(self, session: Session, backorder: Backorder) -> None:
        """Answer the line this backorder waits for, a few days late, then deliver its goods."""
        line = session.scalars(
            select(PurchaseOrderLine)
            .join(PurchaseOrderSchedule, PurchaseOrderSchedule.line_id == PurchaseOrderLine.id)
            .join(SoftPeg, SoftPeg.schedule_id == PurchaseOrderSchedule.id)
            .where(SoftPeg.backorder_id == backorder.id, PurchaseOrderLine.closed_at.is_(None))
            .limit(1)
        ).first()
        if line is None:
            return  # its goods are being allocated
        if line.status == LineStatus.AWAITING_SUPPLIER:
            later = line.requested_date + timedelta(days=4)
            proposal = Answer(Action.PROPOSE, (ScheduleLine(line.quantity, later),), "capacity")
            line.supplier.days_late_tolerance = 5
            answers.answer_line(session, self.who("Sue Supplier"), line.id, proposal, line.version)
        else:
            draft = receiving.ReceiptDraft(line.po_number, line.line_number, line.open_quantity)
            receiving.receive(session, self.who("Will Warehouse"), draft)

    def drive(self, indexes: list[int], over: threading.Event) -> list[int]:
        """Advance these until all are at their end, or the time is; those that are not."""
        left = list(indexes)
        while left and not over.is_set():
            for index in list(left):
                try:
                    if self.advance(index):
                        left.remove(index)
                except (DBAPIError, RuleViolation):
                    time.sleep(0.05)  # an outage, or somebody else took the step
            time.sleep(0.05)
        return left
