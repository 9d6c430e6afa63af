"""Products, with the supplier to order from and what may be offered instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from domain.roles import Permission
from importers.check import Row
from portal.models import Product, ProductAlternative, PurchaseOrderLine, SalesOrderLine, Stock, Supplier
from portal.services.import_kinds.lookups import among, among_ids, no_such, suppliers
from portal.services.import_kinds.plan import Findings, ImportKind, Plan, Planned, Result
from portal.services.transaction import Context, record

#: Fields that are columns of the same name.
PLAIN = ("name", "unit", "cost", "price", "currency", "lead_time_days", "category")


def plan(session: Session, who: Context, findings: Findings) -> Plan:
    known = _known(session, findings)
    known_suppliers = suppliers(session, findings.values("preferred_supplier"))
    for row in list(findings.rows()):
        code = row.values.get("preferred_supplier")
        if code is not None and code not in known_suppliers:
            findings.refuse(row, "preferred_supplier", "unknown_supplier", no_such("supplier", code, "suppliers"))
    _check_alternatives(session, findings)
    _check_units(session, findings, known)
    planned = []
    for row in findings.rows():
        sku = row.values["sku"]
        given = {name: value for name, value in row.values.items() if name != "sku" and value not in (None, ())}
        draft = {
            "values": {name: value for name, value in given.items() if name in PLAIN},
            "supplier_id": known_suppliers.get(given.get("preferred_supplier", "")),
            "alternatives": given.get("alternatives"),
        }
        old = known.get(sku)
        if old is None:
            planned.append(Planned(row, sku, "create", draft=draft))
            continue
        changes = {name: (old[name], value) for name, value in given.items() if old[name] != value}
        planned.append(Planned(row, sku, "update" if changes else "unchanged", changes, draft))
    return Plan(planned)


def _known(session: Session, findings: Findings) -> dict[str, dict[str, Any]]:
    """The products that are kept already, as their rows in a file would be, with their ids."""
    wanted = among(Product.sku, findings.values("sku"))
    rows = session.execute(
        select(Product.id, Product.sku, *(getattr(Product, name) for name in PLAIN), Supplier.code)
        .outerjoin(Supplier, Supplier.id == Product.preferred_supplier_id)
        .where(wanted)
    ).mappings()
    alternatives = _alternatives(session, wanted)
    return {
        row["sku"]: {
            **{name: row[name] for name in ("id", *PLAIN)},
            "preferred_supplier": row["code"],
            "alternatives": alternatives.get(row["id"], ()),
        }
        for row in rows
    }


def _alternatives(session: Session, wanted: Any = True) -> dict[int, tuple[str, ...]]:
    """SKUs that may be offered instead, best first, by product id."""
    found: dict[int, list[str]] = defaultdict(list)
    other = Product.__table__.alias("other")
    for product_id, sku in session.execute(
        select(ProductAlternative.product_id, other.c.sku)
        .join(other, other.c.id == ProductAlternative.alternative_id)
        .join(Product, Product.id == ProductAlternative.product_id)
        .where(wanted)
        .order_by(ProductAlternative.product_id, ProductAlternative.rank)
    ):
        found[product_id].append(sku)
    return {product_id: tuple(skus) for product_id, skus in found.items()}


def _check_alternatives(session: Session, findings: Findings) -> None:
    """An alternative is a product that is kept, or one that this file brings."""
    named = {sku for skus in findings.values("alternatives") for sku in skus}
    kept = set(session.scalars(select(Product.sku).where(among(Product.sku, named))))
    while True:
        coming = {row.values["sku"] for row in findings.rows()}
        refused = len(findings.refused)
        for row in list(findings.rows()):
            _check_alternatives_of(row, kept | coming, findings)
        if len(findings.refused) == refused:
            return  # else a row that was counted on is not coming after all


def _check_alternatives_of(row: Row, there: set[str], findings: Findings) -> None:
    skus = row.values.get("alternatives") or ()
    for sku in skus:
        if sku == row.values["sku"]:
            findings.refuse(row, "alternatives", "own_alternative", f"{sku} can't be offered instead of itself.")
        elif sku not in there:
            findings.refuse(row, "alternatives", "unknown_sku", no_such("product", sku, "that product"))
    if len(set(skus)) < len(skus):
        findings.refuse(row, "alternatives", "same_sku_twice", "Name each alternative once.")


def _check_units(session: Session, findings: Findings, known: dict[str, dict[str, Any]]) -> None:
    """The unit gives every quantity its meaning, so it stays once there are quantities."""
    changed = {
        known[sku]["id"]: row
        for row in findings.rows()
        if (sku := row.values["sku"]) in known
        and row.values.get("unit") is not None
        and row.values["unit"] != known[sku]["unit"]
    }
    used = select(Product.id).where(
        among_ids(Product.id, changed),
        or_(
            *(
                exists().where(table.product_id == Product.id)
                for table in (Stock, SalesOrderLine, PurchaseOrderLine)
            )
        ),
    )
    for product_id in session.scalars(used):
        row = changed[product_id]
        unit = known[row.values["sku"]]["unit"]
        findings.refuse(
            row,
            "unit",
            "unit_in_use",
            f"There is stock or an order in {unit} already. Keep {unit}, or add a new product.",
        )


def write(session: Session, who: Context, plan: Plan, reference: str) -> list[Result]:
    new = plan.of("create")
    added = [
        Product(sku=each.key, preferred_supplier_id=each.draft["supplier_id"], **each.draft["values"])
        for each in new
    ]
    session.add_all(added)
    session.flush()
    for each in new:
        record(session, who, "product.created", "product", each.key, after=_given(each))
    for each in plan.of("update"):
        values = {name: each.draft["values"][name] for name in each.changes if name in PLAIN}
        if "preferred_supplier" in each.changes:
            values["preferred_supplier_id"] = each.draft["supplier_id"]
        if values:
            session.execute(update(Product).where(Product.sku == each.key).values(**values))
        record(
            session,
            who,
            "product.changed",
            "product",
            each.key,
            before={name: old for name, (old, _) in each.changes.items()},
            after={name: value for name, (_, value) in each.changes.items()},
        )
    _write_alternatives(session, plan)
    return [("product", each.key) for each in new]


def _given(each: Planned) -> dict[str, Any]:
    return {name: value for name, value in each.row.values.items() if value is not None}


def _write_alternatives(session: Session, plan: Plan) -> None:
    wanted = {
        each.key: each.draft["alternatives"]
        for each in plan.of("create", "update")
        if each.draft["alternatives"] and (each.outcome == "create" or "alternatives" in each.changes)
    }
    if not wanted:
        return
    skus = set(wanted) | {sku for others in wanted.values() for sku in others}
    ids = dict(session.execute(select(Product.sku, Product.id).where(among(Product.sku, skus))).all())
    table = ProductAlternative.__table__
    session.execute(table.delete().where(among_ids(table.c.product_id, [ids[sku] for sku in wanted])))  # type: ignore[attr-defined]  # a declarative class's table is a Table
    session.execute(
        table.insert(),  # type: ignore[attr-defined]  # the same
        [
            {"product_id": ids[sku], "alternative_id": ids[other], "rank": rank}
            for sku, others in wanted.items()
            for rank, other in enumerate(others, start=1)
        ],
    )
    session.expire_all()


def existing(session: Session) -> Iterator[dict[str, Any]]:
    alternatives = _alternatives(session)
    for row in session.execute(
        select(
            Product.id,
            Product.sku,
            *(getattr(Product, name) for name in PLAIN),
            Supplier.code.label("preferred_supplier"),
        )
        .outerjoin(Supplier, Supplier.id == Product.preferred_supplier_id)
        .order_by(Product.sku)
    ).mappings():
        yield {**row, "alternatives": alternatives.get(row["id"]) or None}


KIND = ImportKind("products", Permission.IMPORT_MASTER_DATA, plan, write, existing)
