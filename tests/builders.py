"""A small company for tests: two suppliers, two customers, one warehouse, two products."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.models import (
    Backorder,
    Customer,
    Notice,
    Product,
    PurchaseOrderLine,
    Role,
    Stock,
    StockMovement,
    Supplier,
    User,
    Warehouse,
)
from portal.services import allocation, asking, backorders, notices, orders, receiving, replenishment
from portal.services.transaction import Context
from workflows.contract import AllocationJob, LineRef


@dataclass(frozen=True)
class Company:
    acme: Supplier
    rival: Supplier
    nora: Customer
    otto: Customer
    main: Warehouse
    widget: Product
    gadget: Product
    buyer: User
    manager: User


def add_user(session: Session, email: str, role: str, **columns: Any) -> User:
    found = session.scalar(select(Role).where(Role.name == role))
    if found is None:
        found = Role(name=role)
        session.add(found)
    user = User(email=email, name=email.split("@")[0].title(), fs_uniquifier=email, roles=[found], **columns)
    session.add(user)
    return user


def make_company(session: Session, *, widgets_on_hand: int = 0) -> Company:
    acme = Supplier(code="ACME", name="Acme", email="dates@acme.example", country="DE", time_zone="Europe/Berlin")
    rival = Supplier(code="RIVAL", name="Rival", email="dates@rival.example")
    nora = Customer(code="NORA", name="Nora Shop", email="nora@shop.example", tier="A", time_zone="Europe/Paris")
    otto = Customer(code="OTTO", name="Otto Trade", email="otto@trade.example", tier="B")
    main = Warehouse(code="MAIN", name="Main", handling_days=2, is_default=True)
    session.add_all([acme, rival, nora, otto, main])
    session.flush()
    widget = Product(
        sku="WIDGET",
        name="Widget",
        cost=Decimal("4"),
        price=Decimal("9"),
        lead_time_days=14,
        preferred_supplier_id=acme.id,
    )
    gadget = Product(sku="GADGET", name="Gadget", unit="kg", price=Decimal("20"))
    session.add_all([widget, gadget])
    session.flush()
    if widgets_on_hand:
        session.add(Stock(product_id=widget.id, warehouse_id=main.id, on_hand=widgets_on_hand))
        session.add(
            StockMovement(
                product_id=widget.id,
                warehouse_id=main.id,
                kind="count",
                quantity=widgets_on_hand,
                reference="start",
            )
        )
    buyer = add_user(session, "bea@promiseline.example", "buyer")
    manager = add_user(session, "max@promiseline.example", "supply_chain_manager")
    session.commit()
    return Company(acme, rival, nora, otto, main, widget, gadget, buyer, manager)


def order(
    session: Session,
    who: Context,
    customer: str = "NORA",
    quantity: int | str = 10,
    sku: str = "WIDGET",
    in_days: int = 20,
    *,
    plan: bool = True,
) -> Backorder | None:
    """Order one line; its backorder, when it is short, as its workflow would leave it after its first step."""
    draft = orders.OrderDraft(
        customer, [orders.OrderLineDraft(sku, Decimal(quantity), who.now.date() + timedelta(days=in_days))]
    )
    booked = orders.create_order(session, who, draft)
    backorder = booked.lines[0].backorder
    if backorder is not None and plan:
        backorders.plan_supply(session, backorder.number, who.now)
        for line in session.scalars(select(PurchaseOrderLine).where(PurchaseOrderLine.asked_at.is_(None))).all():
            asking.ask(session, ref(line), who.now)
        send_all(session, who.now)
    return backorder


def send_all(session: Session, now: datetime) -> list[notices.Outgoing]:
    """Send every notice that waits, as the worker would; what went out."""
    settings = Settings.load({"PROMISELINE_HOME": tempfile.gettempdir(), "PROMISELINE_SECRET_KEY": "test"})
    waiting = session.scalars(
        select(Notice.id).where(Notice.status.in_(("pending", "sending"))).order_by(Notice.id)
    ).all()
    sent = []
    for notice_id in waiting:
        outgoing = notices.claim(session, notice_id, now, settings)
        if outgoing is not None:
            notices.mark_sent(session, notice_id, now)
            sent.append(outgoing)
    return sent


def ref(line: PurchaseOrderLine) -> LineRef:
    return LineRef(line.po_number, line.line_number)


def the_line(session: Session) -> PurchaseOrderLine:
    """The only purchase order line there is."""
    return session.scalars(select(PurchaseOrderLine)).one()


def settle(session: Session, line: PurchaseOrderLine, now: datetime) -> None:
    replenishment.settle_line(session, ref(line), now)


def receive(session: Session, who: Context, line: PurchaseOrderLine, quantity: int | str) -> None:
    """Receive and allocate, as the allocation workflow would."""
    receipt = receiving.receive(
        session, who, receiving.ReceiptDraft(line.po_number, line.line_number, Decimal(quantity))
    )
    job = AllocationJob(
        f"receipt-{receipt.number}",
        receipt.product.sku,
        receipt.warehouse.code,
        line.po_number,
        line.line_number,
    )
    allocation.allocate_goods(session, job, who.now)
    settle(session, line, who.now)


def day(text: str) -> date:
    return date.fromisoformat(text)
