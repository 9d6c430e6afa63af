"""A company in which everything that planners and suppliers look at has happened once, around today.

Pages read the clock, so the facts are laid around the instant they are made at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.reasons import CancelReason
from domain.replenishment import Action, Answer, Decision, ScheduleLine
from domain.roles import PARTY_ROLES, Role
from portal.models import Backorder, Notice, Product, ProductAlternative, PurchaseOrderLine, Stock, Supplier
from portal.services import answers, asking, backorders, notices, shipping
from portal.services.transaction import Context
from tests.builders import Company, add_user, make_company, order, receive, ref, settle

STAFF = [role for role in Role if role not in PARTY_ROLES]


@dataclass(frozen=True)
class World:
    """Ids and numbers only, so that it outlives the session it was made in."""

    company: Company
    now: datetime
    #: A line that its supplier has not answered in spite of all reminders, and the backorder behind it.
    unanswered: int
    waiting: str
    #: A line whose proposal waits for a decision.
    proposed: int
    #: Another line of the same supplier that was just asked.
    asked: int
    #: A line that is promised within the week.
    soon: int
    uncovered: str
    slipped: str
    late: str
    #: Partly received and allocated.
    allocated: str
    delivered: str
    refused: str


def address_of(role: Role | str) -> str:
    return f"{role}@desk.example"


def make_world(session: Session, now: datetime | None = None) -> World:
    now = now or datetime.now(UTC)
    company = make_company(session)
    for role in STAFF:
        add_user(session, address_of(role), role)
    add_user(session, "sue@acme.example", "supplier", supplier_id=company.acme.id)
    add_user(session, "rita@rival.example", "supplier", supplier_id=company.rival.id)
    add_user(session, "nora@shop.example", "customer", customer_id=company.nora.id)
    add_user(session, "otto@trade.example", "customer", customer_id=company.otto.id)
    acme, rival = company.acme, company.rival
    for sku, name, supplier, lead in (
        ("VALVE", "Ball valve DN25", acme, 20),
        ("HOSE", "Hydraulic hose, 2 m, with fittings", acme, 15),
        ("PUMP", "Gear pump", acme, 3),
        ("SEAL", "Shaft seal kit", rival, 10),
        ("NUT", "Wheel nut", acme, 12),
        ("CLAMP", "Hose clamp", rival, 9),
    ):
        session.add(
            Product(
                sku=sku,
                name=name,
                price=Decimal(12),
                cost=5,
                lead_time_days=lead,
                preferred_supplier_id=supplier.id,
            )
        )
    session.flush()
    valve, hose = _product(session, "VALVE"), _product(session, "HOSE")
    session.add(ProductAlternative(product_id=hose.id, alternative_id=valve.id, rank=1))
    session.add(Stock(product_id=company.gadget.id, warehouse_id=company.main.id, on_hand=1, allocated=0))
    session.commit()
    return _happen(session, company, now)


def _happen(session: Session, company: Company, now: datetime) -> World:
    who = Context("Bea Buyer", "web", now)
    sue = Context("Sue", "web", now)

    waiting = _ordered(session, who, "NORA", 10, "WIDGET")
    order(session, who, "OTTO", 4, "WIDGET")
    unanswered = _line_of(session, waiting)
    for line in session.scalars(select(PurchaseOrderLine)).all():
        line.asked_at = now - timedelta(days=9)
        session.commit()
        asking.climb(session, ref(line), now)

    proposed = _line_of(session, _ordered(session, who, "OTTO", 7, "VALVE"))
    later = _propose(proposed, 12, "material_shortage", "The foundry lost a furnace.")
    answers.answer_line(session, sue, proposed.id, later)
    settle(session, proposed, now)

    slipped = _ordered(session, who, "NORA", 6, "HOSE")
    line = _line_of(session, slipped)
    answers.answer_line(session, sue, line.id, Answer(Action.ACCEPT))
    settle(session, line, now)
    answers.answer_line(session, sue, line.id, _propose(line, 10, "capacity", ""))
    answers.decide(session, who, line.id, Decision.APPROVE, "")
    settle(session, line, now)

    soon = _line_of(session, _ordered(session, who, "OTTO", 3, "PUMP"))
    answers.answer_line(session, sue, soon.id, Answer(Action.ACCEPT))
    settle(session, soon, now)

    before = Context("Bea Buyer", "web", now - timedelta(days=40))
    late = _ordered(session, before, "NORA", 5, "SEAL")
    answers.answer_line(session, before, _line_of(session, late).id, Answer(Action.ACCEPT))
    settle(session, _line_of(session, late), before.now)

    uncovered = _ordered(session, who, "NORA", "3.5", "GADGET")

    first = _ordered(session, who, "NORA", 8, "NUT")
    order(session, who, "OTTO", 8, "NUT")
    answers.answer_line(session, sue, _line_of(session, first).id, Answer(Action.ACCEPT))
    receive(session, who, _line_of(session, first), 6)

    delivered = _ordered(session, who, "OTTO", 2, "CLAMP")
    receive(session, who, _line_of(session, delivered), 2)
    shipment = shipping.ship_backorder(session, who, delivered.number, shipping.Parcel(Decimal(2), "DHL", "JD1"))
    shipping.deliver(session, who, shipment.id)
    gone = _ordered(session, who, "OTTO", 2, "CLAMP")
    backorders.request_cancel(session, who, gone.number, CancelReason.CUSTOMER_REQUEST)
    backorders.cancel(session, gone.number, CancelReason.CUSTOMER_REQUEST, now)

    refused = _ordered(session, who, "OTTO", 1, "SEAL")
    notice = session.scalars(
        select(Notice).where(Notice.backorder_id == refused.id).order_by(Notice.id).limit(1)
    ).one()
    notices.mark_refused(session, notice.id, "550 no such mailbox", now)

    asked = session.scalars(
        select(PurchaseOrderLine)
        .join(PurchaseOrderLine.product)
        .where(Product.sku == "NUT")
        .order_by(PurchaseOrderLine.id.desc())
        .limit(1)
    ).one()
    return World(
        company,
        now,
        unanswered.id,
        waiting.number,
        proposed.id,
        asked.id,
        soon.id,
        uncovered.number,
        slipped.number,
        late.number,
        first.number,
        delivered.number,
        refused.number,
    )


def _ordered(session: Session, who: Context, customer: str, quantity: int | str, sku: str) -> Backorder:
    backorder = order(session, who, customer, quantity, sku)
    assert backorder is not None
    return backorder


def _product(session: Session, sku: str) -> Product:
    return session.scalars(select(Product).where(Product.sku == sku)).one()


def _line_of(session: Session, backorder: Backorder) -> PurchaseOrderLine:
    """The newest purchase order line of a backorder's product, whatever was planned since."""
    return session.scalars(
        select(PurchaseOrderLine)
        .where(PurchaseOrderLine.product_id == backorder.product_id)
        .order_by(PurchaseOrderLine.id)
        .limit(1)
    ).one()


def _propose(line: PurchaseOrderLine, days: int, reason: str, note: str) -> Answer:
    day = line.requested_date + timedelta(days=days)
    return Answer(Action.PROPOSE, (ScheduleLine(line.open_quantity, day),), reason, note)


def add_asked_lines(session: Session, world: World, supplier: Supplier, count: int) -> None:
    """More lines that wait for a supplier's answer, each with its backorder."""
    who = Context("Bea Buyer", "web", world.now)
    for number in range(count):
        sku = f"MORE-{number}"
        session.add(
            Product(sku=sku, name=f"More {number}", price=3, lead_time_days=30, preferred_supplier_id=supplier.id)
        )
        session.commit()
        order(session, who, "OTTO", 2, sku)
