"""A company in which every backorder has a product and a customer of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Engine as Database
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.kit.installation import CROWD
from domain.reasons import SupplyReason
from domain.replenishment import Action, Answer, ScheduleLine
from portal.database import STAFF, Party, set_party, utcnow
from portal.models import Customer, Product, PurchaseOrderLine, Role, Shipment, Supplier, User, Warehouse
from portal.services import answers, orders, picking, receiving, shipping
from portal.services.transaction import Context

T = TypeVar("T")
R = TypeVar("R")

SUPPLIERS = 20
QUANTITY = Decimal(10)
#: The supplier moves the date by so many days, which its tolerance allows: no buyer has to decide.
MOVED_BY = timedelta(days=3)


@dataclass(frozen=True)
class Case:
    """One order line to be, with what belongs to nobody else."""

    sku: str
    customer_code: str
    address: str


@dataclass(frozen=True)
class OpenLine:
    """A purchase order line as its supplier sees it."""

    id: int
    supplier_id: int
    po_number: str
    line_number: int
    version: int
    requested_date: date
    address: str


@dataclass(frozen=True)
class Crowd:
    """Many people at once, each in a transaction of their own, on the web's connections."""

    database: Database
    size: int = CROWD

    def each(
        self, things: Sequence[T], do: Callable[[Session, T], R], party: Callable[[T], Party] | None = None
    ) -> list[R]:
        def one(thing: T) -> R:
            with Session(self.database, expire_on_commit=False) as session:
                set_party(session, party(thing) if party else STAFF)
                return do(session, thing)

        with ThreadPoolExecutor(self.size) as pool:
            return list(pool.map(one, things))


def found(database: Database) -> None:
    """The company itself: a warehouse, suppliers with tolerance, and a buyer."""
    with Session(database) as session:
        set_party(session, STAFF)
        session.add(Warehouse(code="MAIN", name="Main", handling_days=1, is_default=True))
        for number in range(SUPPLIERS):
            session.add(
                Supplier(
                    code=f"S{number:03}",
                    name=f"Supplier {number}",
                    email=f"supplier{number}@bench.example",
                    days_early_tolerance=7,
                    days_late_tolerance=7,
                )
            )
        buyer = session.scalar(select(Role).where(Role.name == "buyer")) or Role(name="buyer")
        session.add(User(email="buyer@bench.example", name="Buyer", fs_uniquifier="buyer", roles=[buyer]))
        session.commit()


def add_cases(database: Database, name: str, count: int) -> list[Case]:
    with Session(database) as session:
        set_party(session, STAFF)
        suppliers = session.scalars(select(Supplier.id).order_by(Supplier.id)).all()
        cases = []
        for number in range(count):
            case = Case(
                f"{name}-P{number:04}", f"{name}-C{number:04}", f"{name}.{number:04}@bench.example".lower()
            )
            cases.append(case)
            session.add(Customer(code=case.customer_code, name=f"Customer {number}", email=case.address, tier="B"))
            session.add(
                Product(
                    sku=case.sku,
                    name=f"Product {number}",
                    cost=Decimal(4),
                    price=Decimal(9),
                    lead_time_days=14,
                    preferred_supplier_id=suppliers[number % len(suppliers)],
                )
            )
        session.commit()
    return cases


def who() -> Context:
    return Context(actor="Bench", channel="web", now=utcnow())


def order(session: Session, case: Case) -> str:
    """Order more than there is; the backorder's number."""
    now = who()
    draft = orders.OrderDraft(
        case.customer_code,
        [orders.OrderLineDraft(case.sku, QUANTITY, now.now.date() + timedelta(days=20))],
    )
    booked = orders.create_order(session, now, draft)
    backorder = booked.lines[0].backorder
    assert backorder is not None
    return backorder.number


def lines_of(database: Database, cases: Sequence[Case]) -> list[OpenLine]:
    """The purchase order line that was raised for each case, in the cases' order."""
    with Session(database) as session:
        set_party(session, STAFF)
        rows = {
            line.product.sku: line
            for line in session.scalars(
                select(PurchaseOrderLine)
                .join(PurchaseOrderLine.product)
                .where(Product.sku.in_([case.sku for case in cases]))
            )
        }
        return [
            OpenLine(
                row.id,
                row.supplier_id,
                row.po_number,
                row.line_number,
                row.version,
                row.requested_date,
                case.address,
            )
            for case in cases
            for row in [rows[case.sku]]
        ]


def seen_by_supplier(line: OpenLine) -> Party:
    return Party(supplier_id=line.supplier_id)


def propose(session: Session, line: OpenLine) -> None:
    """The supplier moves the date within its tolerance, so that the answer counts at once."""
    answer = Answer(
        Action.PROPOSE,
        (ScheduleLine(QUANTITY, line.requested_date + MOVED_BY),),
        reason_code=next(iter(SupplyReason)).value,
    )
    answers.answer_line(session, who(), line.id, answer, line.version)


def receive(session: Session, line: OpenLine) -> None:
    receiving.receive(session, who(), receiving.ReceiptDraft(line.po_number, line.line_number, QUANTITY))


def start_picking(session: Session, number: str) -> None:
    picking.start_picking(session, who(), number)


def ship(session: Session, backorder: str) -> int:
    shipment: Shipment = shipping.ship_backorder(
        session, who(), backorder, shipping.Parcel(QUANTITY, "Carrier", f"T-{backorder}")
    )
    return shipment.id


def deliver(session: Session, shipment_id: int) -> None:
    shipping.deliver(session, who(), shipment_id)
