"""The demo company's people: one for each role, and the rivals."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from flask_security import hash_password
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.roles import Role
from portal.application import create_app
from portal.config import Settings
from portal.models import Customer, Supplier, User
from portal.services.accounts import role_named
from portal.services.transaction import Context, record, service
from workers.demo.shape import CUSTOMER, RIVAL_CUSTOMER, RIVAL_SUPPLIER, SUPPLIER

#: The published password of the demo company, which is made for nothing else.
PASSWORD = "promiseline-demo"  # noqa: S105

NAMES = {
    Role.SUPPLIER: "Henrik Voss",
    Role.CUSTOMER: "Claire Dubois",
    Role.BUYER: "Bea Lindholm",
    Role.SUPPLY_CHAIN_MANAGER: "Max Okafor",
    Role.CUSTOMER_SERVICE: "Ines Carvalho",
    Role.SALES: "Tom Hadley",
    Role.SALES_MANAGER: "Greta Sommer",
    Role.WAREHOUSE_MANAGER: "Willem de Boer",
    Role.FULFILMENT: "Aisha Rahman",
    Role.PRODUCTION_MANAGER: "Paolo Ricci",
    Role.PRODUCT_MANAGER: "Nadia Kowalska",
    Role.BUSINESS_ANALYST: "Jonas Brandt",
    Role.FINANCE: "Sofia Marin",
    Role.MARKETING: "Liam Walsh",
    Role.FRAUD_ANALYST: "Yuki Tanaka",
    Role.EXECUTIVE: "Carmen Ortiz",
    Role.IT_ADMIN: "Petra Novak",
}


@dataclass(frozen=True)
class Person:
    login: str
    name: str
    role: Role
    party: str | None = None

    @property
    def email(self) -> str:
        return f"{self.login}@demo.example"


def everybody() -> list[Person]:
    parties = {Role.SUPPLIER: SUPPLIER, Role.CUSTOMER: CUSTOMER}
    return [
        *(Person(role.value, NAMES[role], role, parties.get(role)) for role in Role),
        Person("supplier2", "Agnieszka Wolska", Role.SUPPLIER, RIVAL_SUPPLIER),
        Person("customer2", "Oscar Lund", Role.CUSTOMER, RIVAL_CUSTOMER),
    ]


def hashed_password(settings: Settings) -> str:
    """The password as the portal keeps it."""
    with create_app(settings).app_context():
        hashed: str = hash_password(PASSWORD)
    return hashed


@service
def add_people(session: Session, who: Context, hashed: str) -> None:
    """Add whoever is missing. Their suppliers and customers are there already."""
    for person in everybody():
        if session.scalar(select(User.id).where(User.email == person.email)) is not None:
            continue
        supplier = _party(session, Supplier, person) if person.role is Role.SUPPLIER else None
        customer = _party(session, Customer, person) if person.role is Role.CUSTOMER else None
        party = supplier or customer
        session.add(
            User(
                email=person.email,
                name=person.name,
                password=hashed,
                fs_uniquifier=uuid4().hex,
                roles=[role_named(session, person.role)],
                supplier_id=supplier.id if supplier else None,
                customer_id=customer.id if customer else None,
                time_zone=party.time_zone if party else "Europe/Berlin",
                created_at=who.now,
            )
        )
        record(session, who, "user.added", "user", person.email, after={"role": person.role})


def _party(session: Session, table: type[Supplier] | type[Customer], person: Person) -> Supplier | Customer:
    return session.scalars(select(table).where(table.code == person.party)).one()
