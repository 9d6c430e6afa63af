"""Goods are here: decide who gets them, record the decision whole, reserve, tell."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import allocation as rules
from domain.allocation import Waiting
from domain.notices import NoticeKind
from domain.promise import promise
from domain.reasons import PromiseReason
from portal.models import Allocation, AllocationRun, Backorder, Product, PurchaseOrderLine, Stock, Warehouse
from portal.services.backorders_state import restate
from portal.services.notice_writing import tell_customer
from portal.services.outbox import post_start
from portal.services.pegging import Cause, replan, repromise, touch, waiting_for
from portal.services.picking import put_on_pick_list
from portal.services.transaction import (
    Context,
    amount,
    announce,
    found,
    local_day,
    lock_products,
    record,
    service,
    system,
)
from workflows.contract import ALLOCATION_WORKFLOW, AllocationJob, AllocationView, allocation_workflow_id

ZERO = Decimal(0)


def post_allocation(
    session: Session, key: str, product: Product, warehouse: Warehouse, line: PurchaseOrderLine | None = None
) -> None:
    """Have free goods of a product allocated; `key` names the run for good."""
    job = AllocationJob(key, product.sku, warehouse.code)
    if line is not None:
        job = AllocationJob(key, product.sku, warehouse.code, line.po_number, line.line_number)
    post_start(
        session,
        ALLOCATION_WORKFLOW,
        allocation_workflow_id(key),
        job,
        summary=f"{product.sku} · {warehouse.code} · {key}",
    )


@service
def allocate_goods(session: Session, job: AllocationJob, now: datetime) -> AllocationView:
    """Give what is free in a warehouse to those who wait for it, in their turn. The same key decides once."""
    product = found(session.scalar(select(Product).where(Product.sku == job.sku)), "sku", "product", job.sku)
    lock_products(session, [product.id])
    run = session.scalar(select(AllocationRun).where(AllocationRun.key == job.key))
    if run is None:
        run = _decide(session, job, product, system(now))
    return AllocationView(
        key=run.key,
        allocated=amount(
            sum((Decimal(share["quantity"]) for share in run.outcome["shares"]), ZERO),
        ),
        left=run.outcome["left"],
        backorders=[share["backorder"] for share in run.outcome["shares"] if Decimal(share["quantity"]) > ZERO],
    )


def _decide(session: Session, job: AllocationJob, product: Product, who: Context) -> AllocationRun:
    warehouse = found(
        session.scalar(select(Warehouse).where(Warehouse.code == job.warehouse_code)),
        "warehouse_code",
        "warehouse",
        job.warehouse_code,
    )
    waiting = {each.id: each for each in waiting_for(session, product.id)}
    stock = session.get(Stock, (product.id, warehouse.id), with_for_update=True, populate_existing=True)
    free = stock.free if stock else ZERO
    demands = [
        Waiting(each.turn, each.quantities.needed) for each in waiting.values() if each.quantities.needed > ZERO
    ]
    decision = rules.allocate(free, demands)
    run = AllocationRun(
        key=job.key,
        product_id=product.id,
        warehouse_id=warehouse.id,
        policy=rules.POLICY,
        inputs={
            "free": amount(free),
            "waiting": [
                {
                    "backorder": waiting[each.turn.backorder_id].number,
                    "id": each.turn.backorder_id,
                    "priority": each.turn.priority,
                    "ordered_at": each.turn.ordered_at.isoformat(),
                    "needed": amount(each.needed),
                }
                for each in demands
            ],
        },
        outcome={
            "shares": [
                {
                    "backorder": waiting[share.backorder_id].number,
                    "quantity": amount(share.quantity),
                    "short": amount(share.short),
                }
                for share in decision.shares
            ],
            "left": amount(decision.left),
        },
        at=who.now,
    )
    session.add(run)
    session.flush()
    line = _line(session, job)
    served: list[Backorder] = []
    for share in decision.shares:
        if share.quantity > ZERO and stock is not None:
            backorder = waiting[share.backorder_id]
            _reserve(session, run, stock, backorder, share.quantity, line, who)
            served.append(backorder)
    session.flush()
    told = frozenset(each.id for each in served)
    cause = Cause(PromiseReason.GOODS_ALLOCATED, told_otherwise=told)
    for backorder in served:
        if backorder.quantities.needed == ZERO:
            today = local_day(who.now, warehouse.time_zone)
            repromise(session, backorder, promise(ZERO, (), today, warehouse.handling_days), who, cause)
    replan(session, product.id, who, Cause(PromiseReason.SUPPLY_REPLANNED, told_otherwise=told))
    record(
        session,
        who,
        "allocation.decided",
        "allocation_run",
        job.key,
        after={"sku": product.sku, "warehouse": warehouse.code, "free": free, **run.outcome},
    )
    announce(session, "warehouse")
    return run


def _line(session: Session, job: AllocationJob) -> PurchaseOrderLine | None:
    if not job.po_number:
        return None
    return session.scalar(
        select(PurchaseOrderLine).where(
            PurchaseOrderLine.po_number == job.po_number, PurchaseOrderLine.line_number == job.line_number
        )
    )


def _reserve(
    session: Session,
    run: AllocationRun,
    stock: Stock,
    backorder: Backorder,
    quantity: Decimal,
    line: PurchaseOrderLine | None,
    who: Context,
) -> None:
    stock.allocated += quantity
    allocation = Allocation(
        order_line_id=backorder.order_line_id,
        backorder_id=backorder.id,
        customer_id=backorder.customer_id,
        product_id=backorder.product_id,
        warehouse_id=stock.warehouse_id,
        run_id=run.id,
        line_id=line.id if line else None,
        quantity=quantity,
        at=who.now,
    )
    session.add(allocation)
    session.flush()
    put_on_pick_list(session, allocation)
    backorder.allocated_quantity += quantity
    restate(backorder, who.now)
    touch(session, backorder, "goods_allocated")
    tell_customer(
        session,
        backorder,
        NoticeKind.ALLOCATED,
        f"run-{run.id}",
        {"quantity": quantity, "needed": backorder.quantities.needed},
    )
