"""A backorder of each kind, made by the services that the workers use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.models import Backorder, PurchaseOrderLine, Shipment
from portal.services import shipping
from portal.services.transaction import Context
from tests.builders import Company, order, receive, send_all, the_line
from tests.portal.api.conftest import today


def worker() -> Context:
    return Context(actor="Bea Buyer", channel="test", now=today())


@dataclass(frozen=True)
class World:
    """`waiting` is NORA's and waits for `line` of ACME; its first 4 units came, and 1 of them was shipped."""

    company: Company
    waiting: Backorder
    line: PurchaseOrderLine
    shipment: Shipment


def make_world(session: Session, company: Company) -> World:
    backorder = order(session, worker(), "NORA", 10)
    assert backorder is not None
    line = the_line(session)
    receive(session, worker(), line, 4)
    shipment = shipping.ship_backorder(
        session, worker(), backorder.number, shipping.Parcel(Decimal(1), "DHL", "00340")
    )
    send_all(session, worker().now)
    return World(company, backorder, line, shipment)


def days_after(day_of: PurchaseOrderLine, days: int) -> str:
    return (day_of.requested_date + timedelta(days=days)).isoformat()
