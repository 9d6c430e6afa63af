"""Suppliers, customers and warehouses: a code, a name and a few facts.

A column that the file doesn't have, or an empty cell, leaves what is kept as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain.roles import Permission
from importers.kinds import KINDS
from portal.models import Customer, Supplier, Warehouse
from portal.services.import_kinds.lookups import among
from portal.services.import_kinds.plan import Findings, ImportKind, Plan, Planned, Result
from portal.services.transaction import Context, record


@dataclass(frozen=True)
class Parties:
    """One kind whose fields are the table's columns of the same names."""

    name: str
    entity: str
    table: Any

    @property
    def columns(self) -> list[str]:
        return [field.name for field in KINDS[self.name].fields]

    def plan(self, session: Session, who: Context, findings: Findings) -> Plan:
        _one_default_only(findings)
        columns = [getattr(self.table, name) for name in self.columns]
        known = {
            row["code"]: row
            for row in session.execute(
                select(*columns).where(among(self.table.code, findings.values("code")))
            ).mappings()
        }
        planned = []
        for row in findings.rows():
            code = row.values["code"]
            given = {name: value for name, value in row.values.items() if name != "code" and value is not None}
            old = known.get(code)
            if old is None:
                planned.append(Planned(row, code, "create", draft=given))
                continue
            changes = {name: (old[name], value) for name, value in given.items() if old[name] != value}
            planned.append(Planned(row, code, "update" if changes else "unchanged", changes))
        return Plan(planned)

    def write(self, session: Session, who: Context, plan: Plan, reference: str) -> list[Result]:
        if any(_becomes_default(each) for each in plan.of("create", "update")):
            session.execute(update(Warehouse).where(Warehouse.is_default).values(is_default=False))
        new = plan.of("create")
        session.add_all([self.table(code=each.key, **each.draft) for each in new])
        session.flush()
        for each in new:
            record(session, who, f"{self.entity}.created", self.entity, each.key, after=each.draft)
        for each in plan.of("update"):
            values = {name: value for name, (_, value) in each.changes.items()}
            session.execute(update(self.table).where(self.table.code == each.key).values(**values))
            record(
                session,
                who,
                f"{self.entity}.changed",
                self.entity,
                each.key,
                before={name: old for name, (old, _) in each.changes.items()},
                after=values,
            )
        return [(self.entity, each.key) for each in new]

    def existing(self, session: Session) -> Iterator[dict[str, Any]]:
        columns = [getattr(self.table, name) for name in self.columns]
        for row in session.execute(select(*columns).order_by(self.table.code)).mappings():
            yield dict(row)


def _one_default_only(findings: Findings) -> None:
    """Of all warehouses one counts when none is named."""
    first = None
    for row in list(findings.rows()):
        if row.values.get("is_default"):
            if first is not None:
                findings.refuse(
                    row,
                    "is_default",
                    "second_default",
                    f"Row {first.number} is the default warehouse already. Write no in one of them.",
                )
            first = first or row


def _becomes_default(each: Planned) -> bool:
    given = each.draft or {name: value for name, (_, value) in each.changes.items()}
    return bool(given.get("is_default"))


def _kind(parties: Parties) -> ImportKind:
    return ImportKind(parties.name, Permission.IMPORT_MASTER_DATA, parties.plan, parties.write, parties.existing)


SUPPLIERS = _kind(Parties("suppliers", "supplier", Supplier))
CUSTOMERS = _kind(Parties("customers", "customer", Customer))
WAREHOUSES = _kind(Parties("warehouses", "warehouse", Warehouse))
