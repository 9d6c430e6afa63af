"""Keeps the demo supplier asked: however much was answered, at each start some of its lines wait."""

from __future__ import annotations

from datetime import timedelta

from portal.models import DemoProgress
from portal.services import orders
from workers.demo import acts
from workers.demo.shape import CUSTOMER, SUPPLIER
from workers.demo.world import World

#: So many lines wait for the demo supplier's answer at least.
FEWEST = 4


def keep_supplier_asked(world: World) -> bool:
    """Order what the demo supplier delivers until enough of it runs short; False when nothing was to do."""
    with world.session() as session:
        row = session.get(DemoProgress, 1)
        if row is None or row.finished_at is None:
            return False
        short = acts.orders_for(session, SUPPLIER, FEWEST)
        session.rollback()
    for sku, quantity in short:
        who = world.who("Tom Hadley", "demo")
        line = orders.OrderLineDraft(sku, quantity, who.now.date() + timedelta(days=21))
        with world.session() as session:
            orders.create_order(session, who, orders.OrderDraft(CUSTOMER, [line]))
    if short:
        world.say(f"{len(short)} new orders, so that the demo supplier has something to answer")
    return bool(short)
