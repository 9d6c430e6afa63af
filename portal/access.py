"""Fetch it if this user may see it.

Not yours is 404, whoever you are; yours, but not allowed to do this, is 403. Row-level security says
the same to the database, so a query that forgets to ask here still finds nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from flask import Flask, abort, current_app, g, request
from flask_login import current_user
from flask_security import auth_required
from sqlalchemy import Select, select

from domain.errors import NotFound
from domain.roles import Permission
from portal import links
from portal.config import Settings
from portal.database import SIGNING_IN, Party, db, set_party, utcnow
from portal.models import Backorder, Customer, PickList, PurchaseOrderLine, SalesOrder, Shipment, User
from portal.services.transaction import Context

P = ParamSpec("P")
T = TypeVar("T")


def register(app: Flask) -> None:
    app.before_request(_enter)


def _enter() -> None:
    """Begin as somebody who is signing in, then see what the signed-in user may see, and no more."""
    set_party(db.session(), SIGNING_IN)
    if current_user.is_authenticated:
        act_as(current_user._get_current_object())


def act_as(user: User) -> None:
    """From now on this request sees and does what `user` may."""
    g.user = user
    set_party(db.session(), user.party)


def see_as(party: Party) -> None:
    """Without signing in, see one party's rows: behind a signed link. Whoever is signed in steps aside, so
    that the page is the same for all who hold the link."""
    g.user = None
    set_party(db.session(), party)


def the_user() -> User:
    """The one who is signed in, by session or token. Only for views that require it."""
    user: User = g.user
    return user


def settings() -> Settings:
    given: Settings = current_app.config["PROMISELINE"]
    return given


def who(channel: str = "web") -> Context:
    """The one who acts in this request, for services."""
    user = g.get("user")
    return Context(
        actor=user.name if user else "Somebody with a signed link",
        channel=channel,
        now=utcnow(),
        actor_id=user.id if user else None,
        address=request.remote_addr,
        request_id=g.get("request_id"),
    )


def require(*anyof: Permission) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A view for those who are signed in and have one of these permissions; all who are signed in when
    none is named."""

    def decorate(view: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            demand(*anyof)
            return view(*args, **kwargs)

        signed_in: Callable[P, T] = auth_required("session")(guarded)
        signed_in.required = frozenset(anyof)  # type: ignore[attr-defined]  # read by the test that walks all routes
        return signed_in

    return decorate


def demand(*anyof: Permission) -> None:
    """403 unless the user has one of these permissions."""
    if anyof and not the_user().allowed & set(anyof):
        abort(403)


def _one(query: Select[Any]) -> Any:
    thing = db.session.scalar(query)
    return thing if thing is not None else abort(404)


def backorder(number: str) -> Backorder:
    """A backorder that this user may see: staff who may see backorders, or its customer's own people."""
    user = the_user()
    found: Backorder = _one(select(Backorder).where(Backorder.number == number))
    if user.customer_id is not None:
        return found if found.customer_id == user.customer_id else abort(404)
    if user.supplier_id is not None:
        abort(404)
    demand(Permission.SEE_BACKORDERS)
    return found


def tracked_backorder(token: str) -> Backorder:
    """The backorder behind a signed link, for whoever holds it. From here on the request sees the rows of
    the customer whom the link was made for, and no others."""
    opened = links.opened_by(settings(), token)
    if opened is None:
        raise NotFound.of(
            "token",
            "not_found",
            "This link is not whole, or is too old. Open it from the newest mail about your order, or sign in.",
        )
    see_as(Party(customer_id=opened.customer_id))
    found: Backorder = _one(
        select(Backorder).where(
            Backorder.number == opened.backorder_number, Backorder.customer_id == opened.customer_id
        )
    )
    g.time_zone = found.customer.time_zone
    return found


def customer(code: str) -> Customer:
    """A customer, for the staff who speak with customers."""
    demand(Permission.SEE_SERVICE_DESK)
    return _one(select(Customer).where(Customer.code == code))


def pick_list(number: str) -> PickList:
    demand(Permission.SHIP_GOODS)
    return _one(select(PickList).where(PickList.number == number))


def shipment(number: str) -> Shipment:
    demand(Permission.SHIP_GOODS)
    return _one(select(Shipment).where(Shipment.number == number))


def order(number: str) -> SalesOrder:
    """A sales order, by the same rule."""
    user = the_user()
    found: SalesOrder = _one(select(SalesOrder).where(SalesOrder.number == number))
    if user.customer_id is not None:
        return found if found.customer_id == user.customer_id else abort(404)
    if user.supplier_id is not None:
        abort(404)
    demand(Permission.SEE_BACKORDERS)
    return found


def purchase_order_line(line_id: int) -> PurchaseOrderLine:
    """A purchase order line that this user may see: staff who see supply, or its supplier's own people."""
    return _line(select(PurchaseOrderLine).where(PurchaseOrderLine.id == line_id))


def purchase_order_line_by_number(po_number: str, line_number: int) -> PurchaseOrderLine:
    return _line(
        select(PurchaseOrderLine).where(
            PurchaseOrderLine.po_number == po_number, PurchaseOrderLine.line_number == line_number
        )
    )


def _line(query: Select[Any]) -> PurchaseOrderLine:
    user = the_user()
    found: PurchaseOrderLine = _one(query)
    if user.supplier_id is not None:
        return found if found.supplier_id == user.supplier_id else abort(404)
    if user.customer_id is not None:
        abort(404)
    demand(Permission.SEE_SUPPLY)
    return found
