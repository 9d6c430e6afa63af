"""Goods at the door, and counts of what lies on the shelves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.errors import Conflict, Fault
from domain.quantities import WHOLE_UNITS
from domain.replenishment import CLOSED_LINES, check_receipt, spread_receipt, status_after_receipt
from portal.models import Backorder, Product, PurchaseOrderLine, Receipt, Stock, StockMovement, Warehouse
from portal.services.allocation import post_allocation
from portal.services.answers import locked_line
from portal.services.outbox import post_signal
from portal.services.purchasing import write_ledger
from portal.services.transaction import (
    Context,
    announce,
    found,
    lock_products,
    next_number,
    record,
    service,
)

ZERO = Decimal(0)


@dataclass(frozen=True)
class ReceiptDraft:
    po_number: str
    line_number: int
    quantity: Decimal
    warehouse_code: str | None = None
    received_at: datetime | None = None
    #: By which an imported row without a time is known again.
    import_key: str | None = None
    #: The line's version that was on the screen, where it must not have changed since.
    version: int | None = None


@service
def receive(session: Session, who: Context, draft: ReceiptDraft) -> Receipt:
    """Book goods that came for a purchase order line; their allocation follows by itself."""
    return take_in(session, who, draft)


def take_in(session: Session, who: Context, draft: ReceiptDraft) -> Receipt:
    """The same within a transaction that does more than this one receipt."""
    wanted = session.execute(
        select(PurchaseOrderLine.id, PurchaseOrderLine.product_id).where(
            PurchaseOrderLine.po_number == draft.po_number, PurchaseOrderLine.line_number == draft.line_number
        )
    ).first()
    line_id, product_id = found(
        wanted, "po_number", "purchase order line", f"{draft.po_number}/{draft.line_number}"
    )
    lock_products(session, [product_id])
    line = locked_line(session, line_id)
    if draft.version is not None and draft.version != line.version:
        raise Conflict(
            [
                Fault(
                    "quantity",
                    "stale_version",
                    f"{line.po_number} line {line.line_number} has changed since you saw it;"
                    f" {line.open_quantity.normalize():f} is open now. Look again and repeat what is still due",
                )
            ]
        )
    check_receipt(line.open_line, draft.quantity)
    warehouse = line.warehouse
    if draft.warehouse_code:
        warehouse = found(
            session.scalar(select(Warehouse).where(Warehouse.code == draft.warehouse_code)),
            "warehouse_code",
            "warehouse",
            draft.warehouse_code,
        )
    received_at = draft.received_at or who.now
    receipt = Receipt(
        number=next_number(session, "receipt_number", "RC"),
        line_id=line.id,
        supplier_id=line.supplier_id,
        product_id=line.product_id,
        warehouse_id=warehouse.id,
        quantity=draft.quantity,
        received_at=received_at,
        actor=who.actor,
        import_key=draft.import_key,
    )
    session.add(receipt)
    _book(session, line, draft.quantity)
    line.status = status_after_receipt(line.open_line)
    if line.status in CLOSED_LINES:
        line.closed_at = who.now
        line.next_reminder_at = None
    line.version += 1
    write_ledger(session, who, line, "actual", received_at.date(), draft.quantity)
    move_stock(session, who, line.product, warehouse, draft.quantity, "receipt", receipt.number)
    post_signal(session, line.workflow_id, "received")
    post_allocation(session, f"receipt-{receipt.number}", line.product, warehouse, line)
    record(
        session,
        who,
        "receipt.booked",
        "purchase_order_line",
        f"{line.po_number}/{line.line_number}",
        after={"receipt": receipt.number, "quantity": draft.quantity, "warehouse": warehouse.code},
    )
    announce(session, f"supplier:{line.supplier_id}", f"line:{line.id}", "warehouse", "planning")
    session.flush()
    return receipt


def _book(session: Session, line: PurchaseOrderLine, quantity: Decimal) -> None:
    """Take a received quantity off the schedule, earliest first. What was promised by nobody (a line whose
    proposal was for less) counts on the last schedule line."""
    rows = {row.id: row for row in line.schedule}
    booked = spread_receipt([(row.id, row.open_quantity) for row in line.schedule], quantity)
    for row_id, taken in booked.items():
        rows[row_id].received_quantity += taken
    more = quantity - sum(booked.values(), ZERO)
    if more > ZERO and line.schedule:
        last = line.schedule[-1]
        last.quantity += more
        last.received_quantity += more
    line.received_quantity += quantity


def move_stock(
    session: Session,
    who: Context,
    product: Product,
    warehouse: Warehouse,
    quantity: Decimal,
    kind: str,
    reference: str,
) -> Stock:
    """Change what lies in a warehouse, with its movement. The product is locked by the caller."""
    session.execute(
        insert(Stock)
        .values(product_id=product.id, warehouse_id=warehouse.id, on_hand=0, allocated=0)
        .on_conflict_do_nothing()
    )
    stock = session.get_one(Stock, (product.id, warehouse.id), with_for_update=True, populate_existing=True)
    stock.on_hand += quantity
    session.add(
        StockMovement(
            product_id=product.id,
            warehouse_id=warehouse.id,
            kind=kind,
            quantity=quantity,
            reference=reference,
            at=who.now,
        )
    )
    return stock


def count_stock(
    session: Session, who: Context, product: Product, warehouse: Warehouse, on_hand: Decimal, reference: str
) -> bool:
    """Set what lies on the shelf to what was counted, within a transaction that holds the product's lock.

    False when it was that already. Raises Conflict when less is there than is reserved for customers.
    """
    if product.unit in WHOLE_UNITS and on_hand != on_hand.to_integral_value():
        raise Conflict([Fault("on_hand", "fractional", f"on_hand must be whole: counted in {product.unit}")])
    stock = session.get(Stock, (product.id, warehouse.id), with_for_update=True, populate_existing=True)
    known, reserved = (stock.on_hand, stock.allocated) if stock else (None, ZERO)
    if known == on_hand:
        return False
    if on_hand < reserved:
        raise Conflict(
            [
                Fault(
                    "on_hand",
                    "less_than_allocated",
                    f"{reserved.normalize():f} of {product.sku} in {warehouse.code} is reserved for customers;"
                    f" cancel or ship some before counting {on_hand.normalize():f}",
                )
            ]
        )
    difference = on_hand - (known or ZERO)
    move_stock(session, who, product, warehouse, difference, "count", reference)
    record(
        session,
        who,
        "stock.counted",
        "stock",
        f"{product.sku}@{warehouse.code}",
        before={"on_hand": known},
        after={"on_hand": on_hand},
    )
    waits = session.scalar(
        select(Backorder.id).where(Backorder.product_id == product.id, Backorder.closed_at.is_(None)).limit(1)
    )
    if difference > ZERO and waits:
        post_allocation(session, f"count-{reference}-{product.sku}-{warehouse.code}", product, warehouse)
    return True
