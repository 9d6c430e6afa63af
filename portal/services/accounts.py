"""People's accounts, and the tokens of programs that act for them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import available_timezones

from sqlalchemy import func, select
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

#: Tokens one person may have in use.
MOST_TOKENS = 20
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


def may_manage(manager: User, role: RoleName) -> bool:
    """Whether people with this role are the manager's to invite and to keep out."""
    needed = {
        RoleName.SUPPLIER: {Permission.INVITE_SUPPLIERS, Permission.MANAGE_USERS},
        RoleName.CUSTOMER: {Permission.INVITE_CUSTOMERS, Permission.MANAGE_USERS},
    }.get(role, {Permission.MANAGE_USERS})
    return bool(manager.allowed & needed)


def _check_may_manage(manager: User, user: User) -> None:
    if not all(may_manage(manager, role) for role in user.role_names) or not user.role_names:
        raise Forbidden.of("user", "not_allowed", f"{user.name} is not yours to manage")


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
    choose_password_link: Callable[[User], str],
) -> User:
    """Make an account without a password and mail its owner a link to choose one.

    `choose_password_link` makes the link from the new user, since only the web knows its addresses.
    """
    if not may_manage(inviter, role):
        raise Forbidden.of("role", "not_allowed", f"You can't invite people as {role.replace('_', ' ')}")
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
        supplier=supplier,
        customer=customer,
        time_zone=party.time_zone if party else "UTC",
        created_at=who.now,
    )
    session.add(user)
    session.flush()
    _mail_invitation(session, who, inviter, user, choose_password_link(user))
    record(session, who, "user.invited", "user", email, after={"role": role, "party": party_code})
    return user


@service
def invite_again(
    session: Session, who: Context, inviter: User, user: User, choose_password_link: Callable[[User], str]
) -> None:
    """Mail a new link to somebody who has not chosen a password yet."""
    _check_may_manage(inviter, user)
    if user.password:
        raise Conflict([Fault("user", "has_password", f"{user.name} has chosen a password already")])
    if not user.active:
        raise Conflict([Fault("user", "kept_out", f"{user.name} is kept out: let them in first")])
    _mail_invitation(session, who, inviter, user, choose_password_link(user))
    record(session, who, "user.invited_again", "user", user.email)


def _mail_invitation(session: Session, who: Context, inviter: User, user: User, link: str) -> None:
    party = user.supplier or user.customer
    facts = {"invited_by": inviter.name, "party": party.name if party else None, "link": link}
    post_account_notice(session, user, NoticeKind.INVITATION, facts, who.now)


@service
def ask_for_new_password(session: Session, who: Context, user: User, link: str) -> None:
    """Mail somebody the link by which they choose a new password."""
    post_account_notice(session, user, NoticeKind.PASSWORD_RESET, {"link": link}, who.now)
    record(session, who, "user.password_forgotten", "user", user.email)


@service
def update_profile(session: Session, who: Context, user: User, *, name: str, time_zone: str) -> None:
    if time_zone not in available_timezones():
        raise RuleViolation.of("time_zone", "unknown", f"There is no time zone {time_zone}")
    before = {"name": user.name, "time_zone": user.time_zone}
    after = {"name": name, "time_zone": time_zone}
    if before != after:
        user.name, user.time_zone = name, time_zone
        record(session, who, "user.profile_changed", "user", user.email, before=before, after=after)


@service
def sign_out_everywhere(session: Session, who: Context, user: User) -> None:
    """End every session of a user, this one too, and make links that were mailed useless. Tokens stay."""
    user.fs_uniquifier = uuid4().hex
    record(session, who, "user.signed_out_everywhere", "user", user.email)


@service
def set_active(session: Session, who: Context, manager: User, user: User, active: bool) -> None:
    """Let somebody in again, or keep them out: at once, also where they are signed in and their tokens."""
    _check_may_manage(manager, user)
    if manager.id == user.id:
        raise Conflict([Fault("user", "self", "You can't keep yourself out")])
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
    if not name.strip():
        raise RuleViolation.of("name", "required", "Say what the token is for")
    in_use = session.scalar(select(func.count()).where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None)))
    if in_use is not None and in_use >= MOST_TOKENS:
        raise Conflict([Fault("name", "too_many", f"You have {MOST_TOKENS} tokens: revoke one first")])
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            user_id=user.id,
            name=name.strip(),
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
