"""What the frame around every page shows: who is signed in, and the ways that are open to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, g, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from domain.roles import Permission, Role
from portal import access
from portal.database import db
from portal.models import DemoProgress, User
from portal.services.imports import ANY_IMPORT


@dataclass(frozen=True)
class Way:
    """A place in the navigation, for those with one of these permissions."""

    label: str
    href: str
    icon: str
    permissions: frozenset[Permission]


WAYS = (
    Way("Needs your answer", "/supplier", "inbox", frozenset({Permission.ANSWER_LINES})),
    Way("My orders", "/my/orders", "package", frozenset({Permission.SEE_OWN_ORDERS})),
    Way("Planning", "/planning", "radar", frozenset({Permission.SEE_SUPPLY})),
    Way("Customer service", "/service", "headset", frozenset({Permission.SEE_SERVICE_DESK})),
    Way("Backorders", "/backorders", "hourglass", frozenset({Permission.SEE_BACKORDERS})),
    Way("Orders", "/orders", "shopping-cart", frozenset({Permission.CREATE_ORDERS})),
    Way("Purchase orders", "/planning/lines", "factory", frozenset({Permission.SEE_SUPPLY})),
    Way(
        "Warehouse",
        "/warehouse",
        "warehouse",
        frozenset({Permission.RECEIVE_GOODS, Permission.SHIP_GOODS}),
    ),
    Way(
        "Imports",
        "/imports",
        "file-spreadsheet",
        ANY_IMPORT,
    ),
    Way(
        "People",
        "/admin/users",
        "users",
        frozenset({Permission.MANAGE_USERS, Permission.INVITE_SUPPLIERS, Permission.INVITE_CUSTOMERS}),
    ),
    Way("Audit", "/admin/audit", "scroll-text", frozenset({Permission.SEE_AUDIT})),
    Way("Operations", "/ops", "activity", frozenset({Permission.OPERATE})),
)

#: Where each role begins its day, where that is not the first way open to it.
HOMES = {
    Role.WAREHOUSE_MANAGER: "/warehouse",
    Role.FULFILMENT: "/warehouse",
    Role.CUSTOMER_SERVICE: "/service",
    Role.SALES: "/service",
    Role.SALES_MANAGER: "/service",
    Role.IT_ADMIN: "/ops",
}


def ways_of(user: User) -> list[Way]:
    return [way for way in WAYS if way.permissions & user.allowed]


def home_of(user: User) -> str:
    """The first page of somebody's day."""
    for role, home in HOMES.items():
        if role in user.role_names:
            return home
    ways = ways_of(user)
    return ways[0].href if ways else "/account"


def viewer_zone() -> ZoneInfo:
    user = g.get("user")
    return ZoneInfo(g.get("time_zone") or (user.time_zone if user else "UTC"))


def _loading() -> DemoProgress | None:
    """How far the demo company is loaded, while it is. Error pages need this frame too, so it never fails."""
    try:
        return db.session.scalar(select(DemoProgress).where(DemoProgress.finished_at.is_(None)))
    except SQLAlchemyError:
        return None


def _shell() -> dict[str, Any]:
    user = g.get("user")
    if user is None:
        return {"shell": {"sign_in": url_for("security.login"), "home": "/", "help": "/help"}}
    here = request.path
    ways = ways_of(user)
    active = max(
        (way for way in ways if here == way.href or here.startswith(way.href + "/")),
        key=lambda way: len(way.href),
        default=None,
    )
    party = user.supplier or user.customer
    roles = ", ".join(sorted(name.replace("_", " ").capitalize() for name in user.role_names))
    return {
        "shell": {
            "user": {"name": user.name, "role": f"{roles} · {party.name}" if party else roles},
            "home": home_of(user),
            "nav": [
                {"label": way.label, "href": way.href, "icon": way.icon, "active": way is active, "count": None}
                for way in ways
            ],
            "search_action": "/search" if user.may(Permission.SEE_BACKORDERS) else None,
            "notices": None,
            "account": "/account",
            "sign_in": url_for("security.login"),
            "sign_out": url_for("security.logout"),
            "help": "/help",
            "events": "/events",
            "loading": _loading(),
        }
    }


def register(app: Flask) -> None:
    app.context_processor(_shell)

    @app.get("/")
    @access.require()
    def home() -> Response:
        """Everybody's address: leads to where this person's day begins."""
        return redirect(home_of(access.the_user()))
