"""People who sign in, and programs that act for them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.roles import Permission, permissions
from domain.roles import Role as RoleName
from portal.database import STAFF, Base, Email, Id, Name, Party
from portal.models.catalogue import Customer, Supplier

user_role = Table(
    "user_role",
    Base.metadata,
    Column("user_id", ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id", ondelete="CASCADE"), primary_key=True),
)


class Role(Base, RoleMixin):
    __tablename__ = "role"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(40), unique=True)
    description: Mapped[str] = mapped_column(String(200), default="")
    #: Flask-Security asks for it; what a role may do is decided in domain/roles.py.
    permissions: ClassVar[None] = None


class User(Base, UserMixin):
    __tablename__ = "app_user"
    __table_args__ = (
        CheckConstraint("supplier_id IS NULL OR customer_id IS NULL", name="one_party"),
        CheckConstraint("email = lower(email)", name="email_lower"),
    )

    id: Mapped[Id]
    email: Mapped[Email] = mapped_column(unique=True)
    name: Mapped[Name]
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    #: Changing it signs the user out everywhere.
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_sign_in_at: Mapped[datetime | None]

    roles: Mapped[list[Role]] = relationship(secondary=user_role, lazy="selectin")
    supplier: Mapped[Supplier | None] = relationship()
    customer: Mapped[Customer | None] = relationship()

    @property
    def role_names(self) -> frozenset[RoleName]:
        return frozenset(RoleName(role.name) for role in self.roles)

    @property
    def allowed(self) -> frozenset[Permission]:
        return permissions(self.role_names)

    def may(self, permission: Permission) -> bool:
        return permission in self.allowed

    @property
    def party(self) -> Party:
        """Whose rows this user may see. A supplier's or customer's person is never staff."""
        if self.supplier_id:
            return Party(supplier_id=self.supplier_id, user_id=self.id)
        if self.customer_id:
            return Party(customer_id=self.customer_id, user_id=self.id)
        if self.role_names & {RoleName.SUPPLIER, RoleName.CUSTOMER}:
            return Party(user_id=self.id)
        return STAFF if self.roles else Party(user_id=self.id)


class ApiToken(Base):
    """A secret with which a program acts for a user. Only its hash is kept."""

    __tablename__ = "api_token"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    name: Mapped[Name]
    #: SHA-256, hexadecimal. The token has 256 random bits, so no salt and no slow hash are needed.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class IdempotencyKey(Base):
    """The answer once given to an unsafe call, so that the same call again gets the same answer."""

    __tablename__ = "idempotency_key"

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    #: SHA-256 of method, path and body: the same key with another request is refused.
    request_hash: Mapped[str] = mapped_column(String(64))
    #: Empty while the first call is still being worked on.
    status: Mapped[int | None]
    body: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
