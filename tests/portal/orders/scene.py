"""A company with people of every role, and backorders on their way through it, for tests of the desks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from domain.replenishment import Action, Answer, Decision, Outcome, ScheduleLine
from domain.roles import PARTY_ROLES, Role
from portal.database import utcnow
from portal.models import Backorder, PickList, PickListLine, Product, ProductAlternative, PurchaseOrderLine, Stock
from portal.services import answers
from portal.services.transaction import Context
from tests.builders import Company, add_user, make_company, order, send_all, settle

STAFF = [role for role in Role if role not in PARTY_ROLES]


@dataclass(frozen=True)
class Scene:
    company: Company
    #: Of Nora, waiting for 6 of the 10 that she ordered.
    backorder: Backorder
    #: Of Otto, the rival.
    rival: Backorder

    @property
    def number(self) -> str:
        return self.backorder.number

    @property
    def order_number(self) -> str:
        return self.backorder.order_line.order.number


def today() -> date:
    return utcnow().date()


def context() -> Context:
    """A buyer who acts now: pages read the real clock."""
    return Context(actor="Bea Buyer", channel="web", now=utcnow())


def set_up(session: Session) -> Scene:
    """Four widgets in stock: Nora orders ten, Otto seven. Each role has a person, `<role>@staff.example`."""
    company = make_company(session, widgets_on_hand=4)
    spare = Product(sku="SPARE-1", name="Spare widget", price=Decimal("11"))
    session.add(spare)
    session.flush()
    session.add(ProductAlternative(product_id=company.widget.id, alternative_id=spare.id, rank=1))
    session.add(Stock(product_id=spare.id, warehouse_id=company.main.id, on_hand=12, allocated=2))
    for role in STAFF:
        add_user(session, f"{role}@staff.example", role)
    add_user(session, "nora@shop.example", "customer", customer_id=company.nora.id)
    add_user(session, "otto@trade.example", "customer", customer_id=company.otto.id)
    add_user(session, "sue@acme.example", "supplier", supplier_id=company.acme.id)
    session.commit()
    mine = order(session, context(), "NORA", 10)
    rival = order(session, context(), "OTTO", 7)
    assert mine is not None
    assert rival is not None
    return Scene(company, mine, rival)


def supplier_moves(session: Session, scene: Scene, days: int, reason: str = "material_shortage") -> date:
    """The supplier answers every line with a date `days` from now, which a buyer's rule or person accepts."""
    day = today() + timedelta(days=days)
    for line in session.scalars(select(PurchaseOrderLine).where(PurchaseOrderLine.closed_at.is_(None))).all():
        answer = Answer(Action.PROPOSE, (ScheduleLine(line.open_quantity, day),), reason)
        answered = answers.answer_line(session, context(), line.id, answer)
        if answered.outcome is Outcome.AWAITING_BUYER:
            answers.decide(session, context(), line.id, Decision.APPROVE, "")
        settle(session, line, utcnow())
    send_all(session, utcnow())
    session.refresh(scene.backorder)
    return day


def first_line(session: Session) -> PurchaseOrderLine:
    """The line that was ordered for Nora."""
    return session.scalars(select(PurchaseOrderLine).order_by(PurchaseOrderLine.id).limit(1)).one()


def open_list(session: Session) -> PickList:
    return session.scalars(select(PickList).where(PickList.status == "open")).one()


def open_lines(session: Session) -> list[PickListLine]:
    """What is on pick lists and has not left."""
    lines = session.scalars(select(PickListLine).order_by(PickListLine.id))
    return [line for line in lines if line.status not in ("shipped", "dropped")]


class Queries:
    """Counts the statements that the web sends, the first of each connection not included."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __call__(self, connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith("SELECT set_config"):
            self.statements.append(statement)


def watch(engine: object) -> Queries:
    seen = Queries()
    event.listen(engine, "before_cursor_execute", seen)
    return seen
