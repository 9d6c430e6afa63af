"""What codes in a file stand for, looked up once for all rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from portal.models import Customer, Product, Supplier, Warehouse


def among(column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """The column is one of these texts: one parameter, however many they are."""
    wanted: ColumnElement[bool] = column == any_(literal(sorted(set(values)), ARRAY(String)))
    return wanted


def among_ids(column: Any, values: Iterable[int]) -> ColumnElement[bool]:
    wanted: ColumnElement[bool] = column == any_(literal(sorted(set(values)), ARRAY(BigInteger)))
    return wanted


@dataclass(frozen=True)
class KnownProduct:
    id: int
    sku: str
    unit: str
    cost: Decimal | None
    supplier_id: int | None
    supplier_code: str | None


@dataclass(frozen=True)
class KnownWarehouses:
    by_code: dict[str, int]
    #: Where goods go when nobody says where; None when there is no warehouse at all.
    default: str | None


def products(session: Session, skus: Iterable[str]) -> dict[str, KnownProduct]:
    supplier = aliased(Supplier)
    rows = session.execute(
        select(Product.id, Product.sku, Product.unit, Product.cost, supplier.id, supplier.code)
        .outerjoin(supplier, supplier.id == Product.preferred_supplier_id)
        .where(among(Product.sku, skus))
    )
    return {row[1]: KnownProduct(*row) for row in rows}


def suppliers(session: Session, codes: Iterable[str]) -> dict[str, int]:
    return dict(session.execute(select(Supplier.code, Supplier.id).where(among(Supplier.code, codes))).all())


def customers(session: Session, codes: Iterable[str]) -> dict[str, int]:
    return dict(session.execute(select(Customer.code, Customer.id).where(among(Customer.code, codes))).all())


def warehouses(session: Session) -> KnownWarehouses:
    """All of them; there are never many."""
    query = select(Warehouse.code, Warehouse.id).order_by(Warehouse.is_default.desc(), Warehouse.code)
    rows = session.execute(query).all()
    return KnownWarehouses(dict(rows), rows[0][0] if rows else None)


def no_such(what: str, code: str, where: str) -> str:
    return f"There is no {what} {code}. Correct the code, or import {where} first."
