"""Stock: what was counted in a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.quantities import quantity_fault
from domain.roles import Permission
from importers.check import Row
from portal.models import Product, Stock, Warehouse
from portal.services.import_kinds.lookups import KnownProduct, among_ids, no_such, products, warehouses
from portal.services.import_kinds.plan import Findings, ImportKind, Plan, Planned, Result
from portal.services.receiving import count_stock
from portal.services.transaction import Context, amount

ZERO = Decimal(0)


def plan(session: Session, who: Context, findings: Findings) -> Plan:
    known = products(session, findings.values("sku"))
    places = warehouses(session)
    stored = {
        (row.product_id, row.warehouse_id): (row.on_hand, row.allocated)
        for row in session.execute(
            select(Stock.product_id, Stock.warehouse_id, Stock.on_hand, Stock.allocated).where(
                among_ids(Stock.product_id, [each.id for each in known.values()])
            )
        )
    }
    seen: dict[tuple[int, int], Row] = {}
    planned = []
    for row in list(findings.rows()):
        product = known.get(row.values["sku"])
        place = row.values.get("warehouse_code") or places.default
        if product is None:
            findings.refuse(row, "sku", "unknown_sku", no_such("product", row.values["sku"], "products"))
        if place is None:
            findings.refuse(row, "warehouse_code", "unknown_warehouse", "There is no warehouse yet. Import one.")
        elif place not in places.by_code:
            findings.refuse(row, "warehouse_code", "unknown_warehouse", no_such("warehouse", place, "warehouses"))
        if product is None or place is None or findings.is_refused(row):
            continue
        where = (product.id, places.by_code[place])
        old = stored.get(where)
        _check(row, product, place, old, seen.setdefault(where, row), findings)
        if not findings.is_refused(row):
            on_hand = row.values["on_hand"]
            changed = old is None or old[0] != on_hand
            planned.append(
                Planned(
                    row,
                    f"{product.sku} in {place}",
                    "create" if old is None else "update" if changed else "unchanged",
                    {"on_hand": (old[0], on_hand)} if old and changed else {},
                    where,
                )
            )
    return Plan(planned, frozenset(each.draft[0] for each in planned if each.outcome != "unchanged"))


def _check(
    row: Row,
    product: KnownProduct,
    place: str,
    old: tuple[Decimal, Decimal] | None,
    first: Row,
    findings: Findings,
) -> None:
    on_hand = row.values["on_hand"]
    if first is not row:
        findings.refuse(
            row,
            "sku",
            "duplicate_row",
            f"Row {first.number} counts {product.sku} in {place} already. Keep one of them.",
        )
    if on_hand != ZERO:
        findings.refuse_fault(row, "on_hand", quantity_fault("on_hand", on_hand, product.unit))
    reserved = old[1] if old else ZERO
    if on_hand < reserved:
        findings.refuse(
            row,
            "on_hand",
            "less_than_allocated",
            f"{amount(reserved)} of {product.sku} in {place} is reserved for customers."
            f" Ship or cancel some before counting {amount(on_hand)}.",
        )


def write(session: Session, who: Context, plan: Plan, reference: str) -> list[Result]:
    changed = plan.of("create", "update")
    things = {
        each.id: each for each in session.scalars(select(Product).where(among_ids(Product.id, plan.products)))
    }
    places = {each.id: each for each in session.scalars(select(Warehouse))}
    for each in sorted(changed, key=lambda one: one.draft):
        product_id, warehouse_id = each.draft
        count_stock(session, who, things[product_id], places[warehouse_id], each.row.values["on_hand"], reference)
    return []


def existing(session: Session) -> Iterator[dict[str, Any]]:
    for row in session.execute(
        select(Product.sku, Warehouse.code.label("warehouse_code"), Stock.on_hand)
        .join(Product, Product.id == Stock.product_id)
        .join(Warehouse, Warehouse.id == Stock.warehouse_id)
        .order_by(Product.sku, Warehouse.code)
    ).mappings():
        yield dict(row)


KIND = ImportKind("stock", Permission.IMPORT_MASTER_DATA, plan, write, existing)
