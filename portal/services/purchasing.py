"""Purchase orders: ordering what is missing, and booking orders that were placed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.errors import Fault, RuleViolation
from domain.pegging import lead_time_date
from domain.quantities import future_date_fault, quantity_fault
from domain.reasons import PromiseReason
from domain.replenishment import LineStatus
from portal.models import (
    Product,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    Supplier,
    SupplyPromise,
    Warehouse,
)
from portal.services import people
from portal.services.outbox import post_start
from portal.services.pegging import Cause, replan
from portal.services.transaction import Context, announce, found, lock_products, next_number, record, service
from workflows.contract import REPLENISHMENT_WORKFLOW, LineJob


@dataclass(frozen=True)
class LineDraft:
    """One line to order. `confirmed_date` is set where the supplier has agreed to it already."""

    product: Product
    supplier: Supplier
    warehouse: Warehouse
    quantity: Decimal
    requested_date: date
    unit_price: Decimal | None = None
    confirmed_date: date | None = None


def default_warehouse(session: Session) -> Warehouse:
    """Where goods go when nobody says where."""
    warehouse = session.scalar(select(Warehouse).order_by(Warehouse.is_default.desc(), Warehouse.code).limit(1))
    return found(warehouse, "warehouse_code", "warehouse", "yet; add one first")


def add_order(
    session: Session, who: Context, supplier: Supplier, number: str | None = None, ordered_at: object = None
) -> PurchaseOrder:
    buyer = people.buyer(session)
    order = PurchaseOrder(
        number=number or next_number(session, "purchase_order_number", "PO"),
        supplier_id=supplier.id,
        ordered_at=ordered_at or who.now,
        buyer_id=buyer.id if buyer else None,
    )
    session.add(order)
    session.flush()
    return order


def add_line(
    session: Session, who: Context, order: PurchaseOrder, draft: LineDraft, line_number: int
) -> PurchaseOrderLine:
    """A line with its first schedule line and ledger row; its workflow asks the supplier."""
    confirmed = draft.confirmed_date is not None
    line = PurchaseOrderLine(
        order_id=order.id,
        line_number=line_number,
        po_number=order.number,
        supplier_id=draft.supplier.id,
        product_id=draft.product.id,
        warehouse_id=draft.warehouse.id,
        quantity=draft.quantity,
        requested_date=draft.requested_date,
        promised_date=draft.confirmed_date,
        unit_price=draft.unit_price,
        currency=draft.product.currency,
        status=LineStatus.CONFIRMED if confirmed else LineStatus.AWAITING_SUPPLIER,
        answered_at=who.now if confirmed else None,
        created_at=who.now,
    )
    session.add(line)
    session.flush()
    session.add(
        PurchaseOrderSchedule(
            line_id=line.id,
            supplier_id=line.supplier_id,
            quantity=draft.quantity,
            due_date=draft.confirmed_date or draft.requested_date,
            confirmed=confirmed,
        )
    )
    ledger = [("requested", draft.requested_date)]
    if draft.confirmed_date:
        ledger.append(("original", draft.confirmed_date))
    for kind, day in ledger:
        write_ledger(session, who, line, kind, day, draft.quantity)
    post_start(
        session,
        REPLENISHMENT_WORKFLOW,
        line.workflow_id,
        LineJob(line.po_number, line.line_number),
        summary=f"{draft.product.sku} · {draft.supplier.code} · {draft.quantity.normalize():f}",
    )
    record(
        session,
        who,
        "purchase_order_line.ordered",
        "purchase_order_line",
        f"{order.number}/{line_number}",
        after={
            "sku": draft.product.sku,
            "supplier": draft.supplier.code,
            "quantity": draft.quantity,
            "requested_date": draft.requested_date,
            "promised_date": draft.confirmed_date,
        },
    )
    announce(session, f"supplier:{line.supplier_id}", "planning")
    return line


def write_ledger(
    session: Session,
    who: Context,
    line: PurchaseOrderLine,
    kind: str,
    due_date: date,
    quantity: Decimal,
    *,
    reason_code: str | None = None,
    answer_id: int | None = None,
) -> None:
    """One row of the supply promise ledger; it is never changed afterwards."""
    session.add(
        SupplyPromise(
            line_id=line.id,
            supplier_id=line.supplier_id,
            kind=kind,
            due_date=due_date,
            quantity=quantity,
            reason_code=reason_code,
            answer_id=answer_id,
            actor=who.actor,
            channel=who.channel,
            at=who.now,
        )
    )


def order_missing(
    session: Session, who: Context, product: Product, warehouse: Warehouse, missing: Decimal
) -> bool:
    """Order what no supply covers from the preferred supplier. False when there is no supplier or no
    lead time: then only a person can say where it is to come from."""
    supplier = product.preferred_supplier
    if supplier is None or product.lead_time_days is None:
        return False
    order = add_order(session, who, supplier)
    draft = LineDraft(
        product=product,
        supplier=supplier,
        warehouse=warehouse,
        quantity=missing,
        requested_date=lead_time_date(who.now.date(), product.lead_time_days),
        unit_price=product.cost,
    )
    add_line(session, who, order, draft, 1)
    return True


@service
def raise_line(
    session: Session,
    who: Context,
    *,
    sku: str,
    supplier_code: str,
    quantity: Decimal,
    requested_date: date,
    warehouse_code: str | None = None,
) -> PurchaseOrderLine:
    """A person orders supply by hand, usually for backorders that nothing covers."""
    product = found(session.scalar(select(Product).where(Product.sku == sku)), "sku", "product", sku)
    supplier = found(
        session.scalar(select(Supplier).where(Supplier.code == supplier_code)),
        "supplier_code",
        "supplier",
        supplier_code,
    )
    if warehouse_code:
        warehouse = found(
            session.scalar(select(Warehouse).where(Warehouse.code == warehouse_code)),
            "warehouse_code",
            "warehouse",
            warehouse_code,
        )
    else:
        warehouse = default_warehouse(session)
    faults: list[Fault | None] = [
        quantity_fault("quantity", quantity, product.unit),
        future_date_fault("requested_date", requested_date, who.now.date()),
    ]
    if any(faults):
        raise RuleViolation([fault for fault in faults if fault])
    lock_products(session, [product.id])
    order = add_order(session, who, supplier)
    line = add_line(
        session, who, order, LineDraft(product, supplier, warehouse, quantity, requested_date, product.cost), 1
    )
    replan(session, product.id, who, Cause(PromiseReason.SUPPLY_REPLANNED))
    return line
