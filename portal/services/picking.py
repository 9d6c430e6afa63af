"""Pick lists: what is allocated joins the warehouse's open list by itself; people start, pick and pack it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from domain.errors import Conflict, Fault
from portal.models import Allocation, Backorder, PickList, PickListLine
from portal.services.backorders_state import restate
from portal.services.pegging import touch
from portal.services.transaction import Context, announce, found, lock_products, next_number, record, service

ZERO = Decimal(0)


def put_on_pick_list(session: Session, allocation: Allocation) -> None:
    """Add an allocation to its warehouse's open list, starting one when there is none."""
    pick_list_id = _open_list(session, allocation.warehouse_id)
    while pick_list_id is None:  # unless somebody else starts it, or starts to pick it, at this moment
        session.execute(
            insert(PickList)
            .values(number=next_number(session, "pick_list_number", "PL"), warehouse_id=allocation.warehouse_id)
            .on_conflict_do_nothing(index_elements=["warehouse_id"], index_where=text("status = 'open'"))
        )
        pick_list_id = _open_list(session, allocation.warehouse_id)
    session.add(PickListLine(pick_list_id=pick_list_id, allocation_id=allocation.id, quantity=allocation.quantity))
    announce(session, "warehouse")


def _open_list(session: Session, warehouse_id: int) -> int | None:
    """Any number may join the list at once; whoever starts to pick it waits for them."""
    return session.scalar(
        select(PickList.id)
        .where(PickList.warehouse_id == warehouse_id, PickList.status == "open")
        .with_for_update(read=True)
    )


def in_picking_order(lines: list[PickListLine]) -> list[PickListLine]:
    """Backordered lines first, by their turn; then the others, first ordered first."""

    def position(line: PickListLine) -> tuple[object, ...]:
        backorder = line.allocation.backorder
        if backorder is not None:
            return (0, backorder.turn.priority, backorder.turn.ordered_at, backorder.id, line.id)
        return (1, 0, line.allocation.order_line.order.ordered_at, line.allocation.order_line_id, line.id)

    return sorted(lines, key=position)


@service
def start_picking(session: Session, who: Context, number: str) -> PickList:
    """Somebody takes the list into the warehouse; what is allocated from now on goes to the next one."""
    pick_list = _locked_with_products(session, number)
    if pick_list.status != "open":
        raise Conflict([Fault("number", "not_open", f"Pick list {number} is {pick_list.status} already")])
    lines = [line for line in pick_list.lines if line.status == "to_pick"]
    if not lines:
        raise Conflict([Fault("number", "empty", f"Pick list {number} has nothing to pick")])
    backorders = _locked_backorders(session, [line.allocation.backorder_id for line in lines])
    pick_list.status = "picking"
    pick_list.started_by = who.actor
    pick_list.started_at = who.now
    with session.no_autoflush:  # the rows of all lines are written together
        for line in lines:
            allocation = line.allocation
            left = allocation.open_quantity
            allocation.picking_quantity = left
            if allocation.backorder_id is not None:
                backorder = backorders[allocation.backorder_id]
                backorder.picking_quantity += left
                restate(backorder, who.now)
                touch(session, backorder, "picking_started")
    record(session, who, "pick_list.started", "pick_list", number, after={"lines": len(lines)})
    announce(session, "warehouse")
    return pick_list


@service
def mark_line(session: Session, who: Context, number: str, line_id: int, status: str) -> PickListLine:
    """Note that a line was picked, or packed."""
    pick_list = _locked(session, number)
    line = found(
        next((each for each in pick_list.lines if each.id == line_id), None), "line", "line on this list", line_id
    )
    allowed = {"picked": {"to_pick"}, "packed": {"to_pick", "picked"}}
    if pick_list.status != "picking" or line.status not in allowed.get(status, set()):
        raise Conflict([Fault("line", "not_possible", f"This line is {line.status}; it can't be {status}")])
    before = line.status
    line.status = status
    record(
        session,
        who,
        f"pick_list_line.{status}",
        "pick_list",
        number,
        before={"line": line.id, "status": before},
        after={"line": line.id, "status": status},
    )
    announce(session, "warehouse")
    return line


def close_if_done(session: Session, pick_list_id: int) -> None:
    """A started list whose every line has left the building, or was dropped, is closed."""
    open_line = select(PickListLine.id).where(
        PickListLine.pick_list_id == pick_list_id, PickListLine.status.notin_(("shipped", "dropped"))
    )
    if session.scalar(open_line.limit(1)) is None:
        pick_list = session.get_one(PickList, pick_list_id)
        if pick_list.status == "picking":
            pick_list.status = "closed"


def _locked_backorders(session: Session, ids: Iterable[int | None]) -> dict[int, Backorder]:
    rows = session.scalars(
        select(Backorder)
        .where(Backorder.id.in_({each for each in ids if each is not None}))
        .order_by(Backorder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def _locked_with_products(session: Session, number: str) -> PickList:
    """A list and the products on it, products first as everybody locks them. What is allocated between
    the look at the list and its lock is another product to lock: then from the start."""
    on_the_list = (
        select(Allocation.product_id)
        .join(PickListLine, PickListLine.allocation_id == Allocation.id)
        .join(PickList)
        .where(PickList.number == number)
    )
    while True:
        products = set(session.scalars(on_the_list))
        lock_products(session, products)
        pick_list = _locked(session, number)
        if {line.allocation.product_id for line in pick_list.lines} <= products:
            return pick_list
        session.rollback()  # nothing is written yet; this lets go of the locks


def _locked(session: Session, number: str) -> PickList:
    pick_list = session.scalar(
        select(PickList)
        .where(PickList.number == number)
        .options(selectinload(PickList.lines).joinedload(PickListLine.allocation))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found(pick_list, "number", "pick list", number)
