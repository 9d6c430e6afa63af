"""Sales orders: new ones and new lines of known ones; a line that is kept already is not changed by a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.quantities import far_date_fault, quantity_fault
from domain.roles import Permission
from importers.check import Row
from portal.models import Backorder, Customer, Product, SalesOrder, SalesOrderLine
from portal.services.import_kinds.lookups import KnownProduct, among, among_ids, customers, no_such, products
from portal.services.import_kinds.order_lines import KnownLine, by_order, place, refuse_changes, refuse_repeats
from portal.services.import_kinds.plan import Findings, ImportKind, Plan, Planned, Result
from portal.services.orders import MOST_LINES, OrderDraft, OrderLineDraft, add_line, take_order
from portal.services.transaction import Context, record

WAY_OUT = "correct the row, or cancel the line and order it anew"


@dataclass(frozen=True)
class Draft:
    """A line to add: to a known order, or to the new one that all rows of its number make up."""

    order_number: str
    known: bool
    customer_code: str
    product_id: int
    line: OrderLineDraft
    ordered_at: datetime | None


def plan(session: Session, who: Context, findings: Findings) -> Plan:
    known_products = products(session, findings.values("sku"))
    known_customers = customers(session, findings.values("customer_code"))
    known_orders = _orders(session, findings.values("order_number"))
    known_lines = _lines(session, findings.values("order_number"))
    for row in list(findings.rows()):
        _check(row, who, known_products, known_customers, findings)
    planned = []
    for number, rows in by_order(findings.rows(), "order_number").items():
        _check_customer(number, rows, known_orders.get(number), findings)
        for row in rows[MOST_LINES:]:
            findings.refuse(row, "order_number", "too_many", f"An order holds at most {MOST_LINES} lines.")
        placed = place([row for row in rows if not findings.is_refused(row)], known_lines.get(number, ()))
        refuse_repeats(number, placed, findings)
        for row, line in placed:
            if isinstance(line, KnownLine):
                refuse_changes(row, number, line, WAY_OUT, findings)
            if findings.is_refused(row):
                continue
            if isinstance(line, KnownLine):
                planned.append(Planned(row, f"{number}/{line.number}", "unchanged"))
            else:
                draft = _draft(row, line, number in known_orders, known_products[row.values["sku"]])
                planned.append(Planned(row, f"{number}/{line}", "create", draft=draft))
    return Plan(planned, frozenset(each.draft.product_id for each in planned if each.outcome == "create"))


def _orders(session: Session, numbers: set[str]) -> dict[str, str]:
    """Whose each known order is."""
    rows = session.execute(
        select(SalesOrder.number, Customer.code)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(among(SalesOrder.number, numbers))
    )
    return dict(rows.all())


def _lines(session: Session, numbers: set[str]) -> dict[str, list[KnownLine]]:
    found: dict[str, list[KnownLine]] = defaultdict(list)
    for order, number, sku, quantity, day in session.execute(
        select(
            SalesOrder.number,
            SalesOrderLine.line_number,
            Product.sku,
            SalesOrderLine.quantity,
            SalesOrderLine.requested_date,
        )
        .join(SalesOrder, SalesOrder.id == SalesOrderLine.order_id)
        .join(Product, Product.id == SalesOrderLine.product_id)
        .where(among(SalesOrder.number, numbers))
        .order_by(SalesOrderLine.order_id, SalesOrderLine.line_number)
    ):
        found[order].append(KnownLine(number, sku, quantity, day))
    return found


def _check(
    row: Row,
    who: Context,
    known_products: dict[str, KnownProduct],
    known_customers: dict[str, int],
    findings: Findings,
) -> None:
    sku, customer, quantity = (row.values[name] for name in ("sku", "customer_code", "quantity"))
    product = known_products.get(sku)
    if product is None:
        findings.refuse(row, "sku", "unknown_sku", no_such("product", sku, "products"))
    if customer not in known_customers:
        findings.refuse(row, "customer_code", "unknown_customer", no_such("customer", customer, "customers"))
    findings.refuse_fault(row, "quantity", quantity_fault("quantity", quantity, product.unit if product else ""))
    requested = row.values["requested_date"]
    findings.refuse_fault(row, "requested_date", far_date_fault("requested_date", requested, who.now.date()))
    ordered_at = row.values.get("ordered_at")
    if ordered_at is not None and ordered_at > who.now:
        findings.warn(row, "ordered_at", "in_the_future", "This order would be placed in the future.")


def _check_customer(number: str, rows: list[Row], kept: str | None, findings: Findings) -> None:
    """One order is one customer's."""
    owner = kept or rows[0].values["customer_code"]
    for row in rows:
        given = row.values["customer_code"]
        if given != owner:
            where = "is kept as" if kept else f"is in row {rows[0].number}"
            findings.refuse(
                row,
                "customer_code",
                "other_customer",
                f"{number} {where} an order of {owner}. Correct the customer, or give the order another number.",
            )


def _draft(row: Row, line_number: int, known: bool, product: KnownProduct) -> Draft:
    values = row.values
    return Draft(
        order_number=values["order_number"],
        known=known,
        customer_code=values["customer_code"],
        product_id=product.id,
        line=OrderLineDraft(product.sku, values["quantity"], values["requested_date"], line_number),
        ordered_at=values.get("ordered_at"),
    )


def write(session: Session, who: Context, plan: Plan, reference: str) -> list[Result]:
    """First ordered is first served."""
    orders: dict[str, list[Draft]] = defaultdict(list)
    for each in plan.of("create"):
        orders[each.draft.order_number].append(each.draft)
    ordered = {number: _ordered_at(drafts, who.now) for number, drafts in orders.items()}
    for number in sorted(orders, key=lambda each: ordered[each]):
        drafts = orders[number]
        if drafts[0].known:
            _add_lines(session, who, number, drafts)
        else:
            lines = [each.line for each in drafts]
            taken = OrderDraft(drafts[0].customer_code, lines, number, ordered[number])
            take_order(session, who, taken, past_dates_allowed=True)
    return [("order", number) for number in orders] + _opened(session, plan)


def _ordered_at(drafts: list[Draft], now: datetime) -> datetime:
    return min((each.ordered_at for each in drafts if each.ordered_at is not None), default=now)


def _add_lines(session: Session, who: Context, number: str, drafts: list[Draft]) -> None:
    order = session.scalars(select(SalesOrder).where(SalesOrder.number == number)).one()
    for each in drafts:
        product = session.get_one(Product, each.product_id)
        add_line(session, who, order, order.customer, product, each.line, each.line.line_number or 0)
    record(session, who, "sales_order.lines_added", "sales_order", number, after={"lines": len(drafts)})


def _opened(session: Session, plan: Plan) -> list[Result]:
    """The backorders that the new lines have opened."""
    new = {each.key for each in plan.of("create")}
    rows = session.execute(
        select(SalesOrder.number, SalesOrderLine.line_number, Backorder.number)
        .join(SalesOrderLine, SalesOrderLine.order_id == SalesOrder.id)
        .join(Backorder, Backorder.order_line_id == SalesOrderLine.id)
        .where(
            among(SalesOrder.number, {each.draft.order_number for each in plan.of("create")}),
            among_ids(Backorder.product_id, plan.products),
        )
        .order_by(Backorder.id)
    )
    return [("backorder", backorder) for order, line, backorder in rows if f"{order}/{line}" in new]


def existing(session: Session) -> Iterator[dict[str, Any]]:
    for row in session.execute(
        select(
            SalesOrder.number.label("order_number"),
            SalesOrderLine.line_number,
            Customer.code.label("customer_code"),
            Product.sku,
            SalesOrderLine.quantity,
            SalesOrderLine.requested_date,
            SalesOrder.ordered_at,
        )
        .join(SalesOrder, SalesOrder.id == SalesOrderLine.order_id)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .join(Product, Product.id == SalesOrderLine.product_id)
        .order_by(SalesOrder.number, SalesOrderLine.line_number)
    ).mappings():
        yield dict(row)


KIND = ImportKind("sales_orders", Permission.IMPORT_ORDERS, plan, write, existing)
