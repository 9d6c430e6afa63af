"""People's accounts, and the tokens of programs that act for them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.errors import Conflict, Fault, Forbidden, RuleViolation
from domain.notices import NoticeKind
from domain.roles import PARTY_ROLES, Permission
from domain.roles import Role as RoleName
from portal.models import ApiToken, Customer, Notice, Role, Supplier, User
from portal.services.notice_writing import tell_person
from portal.services.outbox import post_start
from portal.services.transaction import Context, found, record, service
from workflows.contract import NOTICE_WORKFLOW, NoticeJob, notice_workflow_id

TOKEN_PREFIX = "pl_"  # noqa: S105  the beginning of every token, by which leaked ones are recognised


def post_account_notice(
    session: Session, user: User, kind: NoticeKind, facts: dict[str, Any], now: datetime
) -> None:
    """Have a mail about an account sent. The caller commits."""
    occasion = uuid4().hex
    tell_person(session, user, kind, occasion, facts)
    notice_id = session.scalar(select(Notice.id).where(Notice.dedupe_key == f"{kind}:{user.id}:{occasion}"))
    if notice_id is not None:
        post_start(session, NOTICE_WORKFLOW, notice_workflow_id(notice_id), NoticeJob(notice_id), summary=kind)


def role_named(session: Session, name: RoleName) -> Role:
    """The role's row, made when nobody has had it yet."""
    role = session.scalar(select(Role).where(Role.name == name))
    if role is None:
        role = Role(name=name)
        session.add(role)
        session.flush()
    return role


def check_may_invite(inviter: User, role: RoleName) -> None:
    """Raise Forbidden unless the inviter may make accounts with this role."""
    needed = {
        RoleName.SUPPLIER: {Permission.INVITE_SUPPLIERS, Permission.MANAGE_USERS},
        RoleName.CUSTOMER: {Permission.INVITE_CUSTOMERS, Permission.MANAGE_USERS},
    }.get(role, {Permission.MANAGE_USERS})
    if not inviter.allowed & needed:
        raise Forbidden.of("role", "not_allowed", f"You can't invite people as {role.replace('_', ' ')}")


@service
def invite(
    session: Session,
    who: Context,
    inviter: User,
    *,
    email: str,
    name: str,
    role: RoleName,
    party_code: str | None,
    choose_password_link: Any,
) -> User:
    """Make an account without a password and mail its owner a link to choose one.

    `choose_password_link` makes the link from the new user, since only the web knows its addresses.
    """
    check_may_invite(inviter, role)
    email = email.strip().lower()
    if session.scalar(select(User.id).where(User.email == email)):
        raise Conflict([Fault("email", "taken", f"{email} has an account already")])
    supplier = customer = None
    if role in PARTY_ROLES and not party_code:
        raise RuleViolation.of("party_code", "required", f"Say which {role} this person belongs to")
    if role is RoleName.SUPPLIER:
        supplier = found(
            session.scalar(select(Supplier).where(Supplier.code == party_code)),
            "party_code",
            "supplier",
            party_code,
        )
    elif role is RoleName.CUSTOMER:
        customer = found(
            session.scalar(select(Customer).where(Customer.code == party_code)),
            "party_code",
            "customer",
            party_code,
        )
    party = supplier or customer
    user = User(
        email=email,
        name=name.strip(),
        fs_uniquifier=uuid4().hex,
        roles=[role_named(session, role)],
        supplier_id=supplier.id if supplier else None,
        customer_id=customer.id if customer else None,
        time_zone=party.time_zone if party else "UTC",
        created_at=who.now,
    )
    session.add(user)
    session.flush()
    facts = {
        "invited_by": inviter.name,
        "party": party.name if party else None,
        "link": choose_password_link(user),
    }
    post_account_notice(session, user, NoticeKind.INVITATION, facts, who.now)
    record(session, who, "user.invited", "user", email, after={"role": role, "party": party_code})
    return user


@service
def set_active(session: Session, who: Context, user: User, active: bool) -> None:
    """Let somebody in again, or keep them out: at once, also where they are signed in."""
    if user.active != active:
        user.active = active
        user.fs_uniquifier = uuid4().hex
        record(
            session,
            who,
            "user.activated" if active else "user.deactivated",
            "user",
            user.email,
            before={"active": not active},
            after={"active": active},
        )


@service
def create_token(session: Session, who: Context, user: User, name: str, valid_days: int | None = 365) -> str:
    """A new secret with which a program acts for `user`. Shown once: only its hash is kept."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            user_id=user.id,
            name=name,
            token_hash=token_hash(token),
            created_at=who.now,
            expires_at=who.now + timedelta(days=valid_days) if valid_days else None,
        )
    )
    record(session, who, "token.created", "user", user.email, after={"name": name, "valid_days": valid_days})
    return token


@service
def revoke_token(session: Session, who: Context, token: ApiToken) -> None:
    if token.revoked_at is None:
        token.revoked_at = who.now
        record(session, who, "token.revoked", "user", token.user.email, after={"name": token.name})


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def user_of_token(session: Session, token: str, now: datetime) -> User | None:
    """Whom a token acts for; None when it is unknown, revoked, expired or its user is kept out."""
    row = session.scalar(select(ApiToken).where(ApiToken.token_hash == token_hash(token)))
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return row.user if row.user.active else None
