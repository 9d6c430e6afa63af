"""Lists of people and of audit events, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from domain.roles import Role as RoleName
from portal.database import db
from portal.models import AuditEvent, Customer, Role, Supplier, User
from portal.paging import Page, key_of, page
from portal.services.accounts import may_manage

PAGE = 50


@dataclass(frozen=True)
class PeopleFilter:
    """`state` is active, invited, out or empty for all."""

    q: str = ""
    role: str = ""
    state: str = ""


def _managed(manager: User) -> Select[tuple[User]]:
    """The people whose role is this manager's to give."""
    roles = [role for role in RoleName if may_manage(manager, role)]
    query = select(User)
    return query if len(roles) == len(RoleName) else query.where(User.roles.any(Role.name.in_(roles)))


def person(manager: User, user_id: int) -> User | None:
    return db.session.scalar(_managed(manager).where(User.id == user_id))


def people(manager: User, wanted: PeopleFilter, after: str | None) -> Page[User]:
    """By mail address."""
    query = _managed(manager).options(joinedload(User.supplier), joinedload(User.customer))
    if wanted.q:
        query = query.where(
            or_(
                User.email.icontains(wanted.q, autoescape=True),
                User.name.icontains(wanted.q, autoescape=True),
                User.supplier_id.in_(_named(Supplier, wanted.q)),
                User.customer_id.in_(_named(Customer, wanted.q)),
            )
        )
    if wanted.role:
        query = query.where(User.roles.any(Role.name == wanted.role))
    match wanted.state:
        case "active":
            query = query.where(User.active, User.password.is_not(None))
        case "invited":
            query = query.where(User.active, User.password.is_(None))
        case "out":
            query = query.where(~User.active)
    key = key_of(after, str)
    if key:
        query = query.where(User.email > key[0])
    rows = db.session.scalars(query.order_by(User.email).limit(PAGE + 1)).all()
    return page(rows, PAGE, lambda user: (user.email,))


def _named(party: type[Supplier] | type[Customer], q: str) -> Select[tuple[int]]:
    return select(party.id).where(
        or_(party.name.icontains(q, autoescape=True), party.code.icontains(q, autoescape=True))
    )


@dataclass(frozen=True)
class AuditFilter:
    """`action` may be the beginning of one ("user."); `day` is a day in the reader's zone."""

    entity: str = ""
    key: str = ""
    actor: str = ""
    action: str = ""
    day: date | None = None


def audit(wanted: AuditFilter, zone: ZoneInfo, after: str | None) -> Page[AuditEvent]:
    """Newest first."""
    query = select(AuditEvent)
    if wanted.entity:
        query = query.where(AuditEvent.entity == wanted.entity)
    if wanted.key:
        query = query.where(AuditEvent.entity_key == wanted.key)
    if wanted.actor:
        query = query.where(AuditEvent.actor.icontains(wanted.actor, autoescape=True))
    if wanted.action:
        query = query.where(AuditEvent.action.startswith(wanted.action, autoescape=True))
    if wanted.day:
        begins = datetime.combine(wanted.day, time(), zone)
        ends = datetime.combine(wanted.day + timedelta(days=1), time(), zone)
        query = query.where(AuditEvent.at >= begins, AuditEvent.at < ends)
    key = key_of(after, int)
    if key:
        query = query.where(AuditEvent.id < key[0])
    rows = db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(PAGE + 1)).all()
    return page(rows, PAGE, lambda event: (event.id,))
