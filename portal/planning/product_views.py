"""One product: stock, supply, who waits, what to offer instead."""

from __future__ import annotations

from decimal import Decimal

from flask import Blueprint, abort, render_template

from domain.roles import Permission
from portal import access
from portal.database import db
from portal.planning.queries import products

ZERO = Decimal(0)

desk = Blueprint("products", __name__, url_prefix="/products")


@desk.get("/<path:sku>")
@access.require(Permission.SEE_BACKORDERS)
def record(sku: str) -> str:
    session = db.session()
    product = products.by_sku(session, sku) or abort(404)
    user = access.the_user()
    stock = products.stock(session, product.id)
    supply = products.supply(session, product.id)
    waiting = products.waiting(session, product.id)
    return render_template(
        "planning/product.html",
        product=product,
        stock=stock,
        free=sum((one.free for one in stock), ZERO),
        supply=supply,
        coming=sum((one.open_quantity for one in supply), ZERO),
        waiting=waiting,
        needed=sum((one.quantities.needed for one in waiting), ZERO),
        uncovered=products.uncovered(session, product.id),
        alternatives=products.alternatives(session, product.id),
        sees_supply=user.may(Permission.SEE_SUPPLY),
        may_order=user.may(Permission.RAISE_PURCHASE_ORDERS),
    )
