"""Purchase orders that were placed elsewhere: each new line asks its supplier, or is confirmed already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.quantities import far_date_fault, quantity_fault
from domain.reasons import PromiseReason
from domain.roles import Permission
from importers.check import Row
from portal.models import Backorder, Product, PurchaseOrder, PurchaseOrderLine, Supplier
from portal.services.import_kinds.lookups import KnownProduct, among, among_ids, no_such, products, suppliers
from portal.services.import_kinds.order_lines import KnownLine, by_order, place, refuse_changes, refuse_repeats
from portal.services.import_kinds.plan import Findings, ImportKind, Plan, Planned, Result
from portal.services.pegging import Cause, replan
from portal.services.purchasing import LineDraft, add_line, add_order, default_warehouse
from portal.services.transaction import Context

WAY_OUT = "correct the row, or settle the line with its supplier"


@dataclass(frozen=True)
class Draft:
    po_number: str
    line_number: int
    supplier_id: int
    product: KnownProduct


def plan(session: Session, who: Context, findings: Findings) -> Plan:
    known_products = products(session, findings.values("sku"))
    wanted = findings.values("supplier_code") | {
        each.supplier_code for each in known_products.values() if each.supplier_code
    }
    known_suppliers = suppliers(session, wanted)
    kept = _suppliers_of(session, findings.values("po_number"))
    known_lines = _lines(session, findings.values("po_number"))
    for row in list(findings.rows()):
        _check(row, who, known_products, known_suppliers, kept, findings)
    planned = []
    for number, rows in by_order(findings.rows(), "po_number").items():
        owner = kept.get(number) or _supplier(rows[0], known_products)
        _check_supplier(number, rows, owner, number in kept, known_products, findings)
        placed = place([row for row in rows if not findings.is_refused(row)], known_lines.get(number, ()))
        refuse_repeats(number, placed, findings)
        for row, line in placed:
            if isinstance(line, KnownLine):
                refuse_changes(row, number, line, WAY_OUT, findings)
            if findings.is_refused(row):
                continue
            if isinstance(line, KnownLine):
                _warn_of_other_promise(row, number, line, findings)
                planned.append(Planned(row, f"{number}/{line.number}", "unchanged"))
            else:
                draft = Draft(number, line, known_suppliers[owner], known_products[row.values["sku"]])
                planned.append(Planned(row, f"{number}/{line}", "create", draft=draft))
    return Plan(planned, frozenset(each.draft.product.id for each in planned if each.outcome == "create"))


def _suppliers_of(session: Session, numbers: set[str]) -> dict[str, str]:
    rows = session.execute(
        select(PurchaseOrder.number, Supplier.code)
        .join(Supplier, Supplier.id == PurchaseOrder.supplier_id)
        .where(among(PurchaseOrder.number, numbers))
    )
    return dict(rows.all())


def _lines(session: Session, numbers: set[str]) -> dict[str, list[KnownLine]]:
    found: dict[str, list[KnownLine]] = defaultdict(list)
    line = PurchaseOrderLine
    for order, *facts in session.execute(
        select(
            line.po_number, line.line_number, Product.sku, line.quantity, line.requested_date, line.promised_date
        )
        .join(Product, Product.id == line.product_id)
        .where(among(line.po_number, numbers))
        .order_by(line.order_id, line.line_number)
    ):
        found[order].append(KnownLine(*facts))
    return found


def _supplier(row: Row, known_products: dict[str, KnownProduct]) -> str:
    """The supplier of a row that has been checked for having one."""
    return row.values.get("supplier_code") or known_products[row.values["sku"]].supplier_code or ""


def _check(
    row: Row,
    who: Context,
    known_products: dict[str, KnownProduct],
    known_suppliers: dict[str, int],
    kept: dict[str, str],
    findings: Findings,
) -> None:
    values = row.values
    product = known_products.get(values["sku"])
    supplier = values.get("supplier_code")
    if product is None:
        findings.refuse(row, "sku", "unknown_sku", no_such("product", values["sku"], "products"))
    if supplier is not None and supplier not in known_suppliers:
        findings.refuse(row, "supplier_code", "unknown_supplier", no_such("supplier", supplier, "suppliers"))
    if supplier is None and product is not None and not product.supplier_code and values["po_number"] not in kept:
        findings.refuse(
            row,
            "supplier_code",
            "missing_value",
            f"{product.sku} has no preferred supplier. Write the supplier's code.",
        )
    unit = product.unit if product else ""
    findings.refuse_fault(row, "quantity", quantity_fault("quantity", values["quantity"], unit))
    for name in ("requested_date", "promised_date"):
        day = values.get(name)
        if day is not None:
            findings.refuse_fault(row, name, far_date_fault(name, day, who.now.date()))


def _check_supplier(
    number: str,
    rows: list[Row],
    owner: str,
    kept: bool,
    known_products: dict[str, KnownProduct],
    findings: Findings,
) -> None:
    """One purchase order is one supplier's; a known order says whose it is where a row doesn't."""
    for row in rows:
        given = row.values.get("supplier_code")
        if given is None and kept:
            continue
        supplier = given or _supplier(row, known_products)
        if supplier != owner:
            where = "is kept as" if kept else f"is in row {rows[0].number}"
            findings.refuse(
                row,
                "supplier_code",
                "other_supplier",
                f"{number} {where} an order to {owner}, and this row is for {supplier}."
                " Correct the supplier, or give the order another number.",
            )


def _warn_of_other_promise(row: Row, number: str, line: KnownLine, findings: Findings) -> None:
    given = row.values.get("promised_date")
    if given is not None and given != line.promised_date:
        now = f"now promised for {line.promised_date}" if line.promised_date else "not promised yet"
        findings.warn(
            row,
            "promised_date",
            "not_taken",
            f"{number} line {line.number} is {now}; an import doesn't move it. Answer the line instead.",
        )


def write(session: Session, who: Context, plan: Plan, reference: str) -> list[Result]:
    new = plan.of("create")
    warehouse = default_warehouse(session)
    numbers = {each.draft.po_number for each in new}
    orders = {
        each.number: each
        for each in session.scalars(select(PurchaseOrder).where(among(PurchaseOrder.number, numbers)))
    }
    for each in new:
        values, draft = each.row.values, each.draft
        supplier = session.get_one(Supplier, draft.supplier_id)
        if draft.po_number not in orders:
            orders[draft.po_number] = add_order(session, who, supplier, draft.po_number)
        product = session.get_one(Product, draft.product.id)
        price = values.get("unit_price")
        line = LineDraft(
            product=product,
            supplier=supplier,
            warehouse=warehouse,
            quantity=values["quantity"],
            requested_date=values["requested_date"],
            unit_price=price if price is not None else product.cost,
            confirmed_date=values.get("promised_date"),
        )
        add_line(session, who, orders[draft.po_number], line, draft.line_number)
    waited_for = session.scalars(
        select(Backorder.product_id)
        .where(among_ids(Backorder.product_id, plan.products), Backorder.closed_at.is_(None))
        .distinct()
    )
    for product_id in sorted(waited_for):
        replan(session, product_id, who, Cause(PromiseReason.SUPPLY_REPLANNED))
    return [("purchase_order_line", each.key) for each in new]


def existing(session: Session) -> Iterator[dict[str, Any]]:
    line = PurchaseOrderLine
    for row in session.execute(
        select(
            line.po_number,
            line.line_number,
            Supplier.code.label("supplier_code"),
            Product.sku,
            line.quantity,
            line.requested_date,
            line.promised_date,
            line.unit_price,
        )
        .join(Supplier, Supplier.id == line.supplier_id)
        .join(Product, Product.id == line.product_id)
        .order_by(line.po_number, line.line_number)
    ).mappings():
        yield dict(row)


KIND = ImportKind("purchase_orders", Permission.IMPORT_SUPPLY, plan, write, existing)
