"""Which person of ours has to act when nobody was named."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.roles import Role as RoleName
from portal.models import Role, Supplier, User


def person_for(session: Session, *roles: RoleName) -> User | None:
    """The first active person with the first of these roles that anybody has; None when nobody has one."""
    for role in roles:
        person = session.scalar(
            select(User).join(User.roles).where(Role.name == role, User.active).order_by(User.id).limit(1)
        )
        if person is not None:
            return person
    return None


def buyer(session: Session) -> User | None:
    return person_for(session, RoleName.BUYER, RoleName.SUPPLY_CHAIN_MANAGER, RoleName.IT_ADMIN)


def manager(session: Session) -> User | None:
    return person_for(session, RoleName.SUPPLY_CHAIN_MANAGER, RoleName.BUYER, RoleName.IT_ADMIN)


def supplier_addresses(session: Session, supplier: Supplier) -> list[str]:
    """Where a supplier is written to: its own address, else those of its people who can sign in."""
    if supplier.email:
        return [supplier.email]
    return list(
        session.scalars(
            select(User.email).where(User.supplier_id == supplier.id, User.active).order_by(User.id).limit(5)
        )
    )
