"""Receipts. The same receipt is never booked twice.

A row with a time is the receipt of its line, warehouse, quantity and second, whoever booked it. A row without
one can only be told from others by what it says, so each undated row that was booked is remembered; the same
words in another file are taken for the same receipt, and the person is told.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.errors import RuleViolation
from domain.replenishment import LineStatus, OpenLine, check_receipt, status_after_receipt
from domain.roles import Permission
from importers.check import Row
from portal.models import Product, PurchaseOrderLine, Receipt, Warehouse
from portal.services.import_kinds.lookups import among, among_ids, no_such, warehouses
from portal.services.import_kinds.plan import Findings, ImportKind, Plan, Planned, Result
from portal.services.receiving import ReceiptDraft, take_in
from portal.services.transaction import Context, amount

Identity = tuple[int, int, Decimal, datetime]


@dataclass(frozen=True)
class Line:
    id: int
    po_number: str
    line_number: int
    product_id: int
    sku: str
    warehouse_id: int
    open: OpenLine


@dataclass(frozen=True)
class Booked:
    """What has been received on the lines of a file: dated identities, counted, and remembered rows."""

    dated: Counter[Identity]
    remembered: frozenset[str]


def plan(session: Session, who: Context, findings: Findings) -> Plan:
    lines = _lines(session, findings.values("po_number"))
    places = warehouses(session)
    booked = _booked(session, [each.id for of_order in lines.values() for each in of_order])
    so_far: dict[int, OpenLine] = {}
    undated: Counter[tuple[int, int, Decimal]] = Counter()
    planned = []
    for row in list(findings.rows()):
        line = _line_of(row, lines, findings)
        place = row.values.get("warehouse_code")
        if place is not None and place not in places.by_code:
            findings.refuse(row, "warehouse_code", "unknown_warehouse", no_such("warehouse", place, "warehouses"))
        if line is None or findings.is_refused(row):
            continue
        warehouse_id = places.by_code[place] if place else line.warehouse_id
        key = f"{line.po_number}/{line.line_number}"
        remembered = _remembered(row, line, warehouse_id, undated)
        if _is_booked(row, line, warehouse_id, remembered, booked):
            if remembered is not None:
                _warn_of_undated(row, key, findings)
            planned.append(Planned(row, key, "unchanged"))
            continue
        open_line = so_far.get(line.id, line.open)
        try:
            check_receipt(open_line, row.values["quantity"])
        except RuleViolation as violation:
            for fault in violation.faults:
                name = "quantity" if fault.field == "quantity" else "po_number"
                findings.refuse(row, name, fault.code, f"{key}: {fault.message}.")
            continue
        so_far[line.id] = _after(open_line, row.values["quantity"])
        _warn_of_future(row, who, findings)
        draft = ReceiptDraft(
            line.po_number,
            line.line_number,
            row.values["quantity"],
            place,
            row.values.get("received_at"),
            import_key=remembered,
        )
        planned.append(Planned(row, key, "create", draft=(draft, line.product_id)))
    return Plan(planned, frozenset(each.draft[1] for each in planned if each.outcome == "create"))


def _lines(session: Session, numbers: set[str]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    table = PurchaseOrderLine
    for row in session.execute(
        select(
            table.id,
            table.po_number,
            table.line_number,
            table.product_id,
            Product.sku,
            table.warehouse_id,
            table.status,
            Product.unit,
            table.quantity,
            table.received_quantity,
            table.requested_date,
        )
        .join(Product, Product.id == table.product_id)
        .where(among(table.po_number, numbers))
        .order_by(table.id)
    ):
        status, *facts = row[6:]
        found[row.po_number].append(Line(*row[:6], OpenLine(LineStatus(status), *facts)))
    return found


def _booked(session: Session, line_ids: list[int]) -> Booked:
    dated: Counter[Identity] = Counter()
    remembered = set()
    for line_id, warehouse_id, quantity, received_at, key in session.execute(
        select(
            Receipt.line_id, Receipt.warehouse_id, Receipt.quantity, Receipt.received_at, Receipt.import_key
        ).where(among_ids(Receipt.line_id, line_ids))
    ):
        dated[line_id, warehouse_id, quantity, _second(received_at)] += 1
        if key is not None:
            remembered.add(key)
    return Booked(dated, frozenset(remembered))


def _second(moment: datetime) -> datetime:
    """To the nearest second, which is as well as spreadsheets keep it."""
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)


def _line_of(row: Row, lines: dict[str, list[Line]], findings: Findings) -> Line | None:
    """The one line that a row names, by number, by SKU, or by both."""
    values = row.values
    order, number, sku = values["po_number"], values.get("line_number"), values.get("sku")
    if order not in lines:
        findings.refuse(
            row, "po_number", "unknown_purchase_order", no_such("purchase order", order, "purchase orders")
        )
        return None
    if number is not None:
        line = next((each for each in lines[order] if each.line_number == number), None)
        if line is None:
            findings.refuse(
                row, "line_number", "unknown_line", f"{order} has no line {number}. Correct the number."
            )
        elif sku is not None and sku != line.sku:
            findings.refuse(
                row, "sku", "other_sku", f"{order} line {number} is for {line.sku}. Correct the SKU or the number."
            )
            return None
        return line
    matching = [each for each in lines[order] if each.sku == sku]
    if len(matching) == 1:
        return matching[0]
    if not matching:
        findings.refuse(row, "sku", "unknown_line", f"{order} has no line for {sku}. Correct the SKU.")
    else:
        numbers = " and ".join(str(each.line_number) for each in matching)
        findings.refuse(
            row, "line_number", "ambiguous_line", f"{order} has {sku} on lines {numbers}. Write the line's number."
        )
    return None


def _remembered(row: Row, line: Line, warehouse_id: int, undated: Counter[tuple[int, int, Decimal]]) -> str | None:
    """By which an undated row is known again: what it says, and how often the file has said it before."""
    if row.values.get("received_at") is not None:
        return None
    said = (line.id, warehouse_id, row.values["quantity"])
    undated[said] += 1
    words = f"{line.po_number}/{line.line_number} {warehouse_id} {amount(said[2])} {undated[said]}"
    return hashlib.sha256(words.encode()).hexdigest()


def _is_booked(row: Row, line: Line, warehouse_id: int, remembered: str | None, booked: Booked) -> bool:
    if remembered is not None:
        return remembered in booked.remembered
    identity = (line.id, warehouse_id, row.values["quantity"], _second(row.values["received_at"]))
    if booked.dated[identity] == 0:
        return False
    booked.dated[identity] -= 1
    return True


def _warn_of_undated(row: Row, key: str, findings: Findings) -> None:
    findings.warn(
        row,
        "received_at",
        "booked_before",
        f"A row like this one was booked for {key} before, so it is taken for the same receipt."
        " Fill in received_at if more has come.",
    )


def _warn_of_future(row: Row, who: Context, findings: Findings) -> None:
    received_at = row.values.get("received_at")
    if received_at is not None and received_at > who.now:
        findings.warn(row, "received_at", "in_the_future", "This receipt would lie in the future.")


def _after(line: OpenLine, quantity: Decimal) -> OpenLine:
    grown = replace(line, received=line.received + quantity)
    return replace(grown, status=status_after_receipt(grown))


def write(session: Session, who: Context, plan: Plan, reference: str) -> list[Result]:
    """In the order in which the goods came."""
    new = plan.of("create")
    for each in sorted(new, key=lambda one: one.draft[0].received_at or who.now):
        take_in(session, who, each.draft[0])
    return [("purchase_order_line", key) for key in dict.fromkeys(each.key for each in new)]


def existing(session: Session) -> Iterator[dict[str, Any]]:
    for row in session.execute(
        select(
            PurchaseOrderLine.po_number,
            PurchaseOrderLine.line_number,
            Product.sku,
            Warehouse.code.label("warehouse_code"),
            Receipt.quantity,
            Receipt.received_at,
        )
        .join(PurchaseOrderLine, PurchaseOrderLine.id == Receipt.line_id)
        .join(Product, Product.id == Receipt.product_id)
        .join(Warehouse, Warehouse.id == Receipt.warehouse_id)
        .order_by(Receipt.id)
    ).mappings():
        yield {**row, "received_at": _second(row["received_at"])}


KIND = ImportKind("receipts", Permission.RECEIVE_GOODS, plan, write, existing)
