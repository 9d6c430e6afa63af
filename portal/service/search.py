"""Find by whatever somebody has at hand: a number, a SKU, a name.

Row-level security lets an index answer only comparisons that can't leak a row's value, which LIKE is not;
so beginnings are found by the byte-wise comparisons that LIKE itself would use.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, literal, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from portal.models import Backorder, Customer, Product, PurchaseOrderLine, SalesOrder

#: Rows of each kind that a search shows. More than that is a list, not an answer.
MOST = 8
#: Characters that a search reads; what is longer is no number and no name.
LONGEST = 80
LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True)
class Found:
    """What a search found, each kind bounded by MOST."""

    orders: Sequence[SalesOrder] = ()
    backorders: Sequence[Backorder] = ()
    customers: Sequence[Customer] = ()
    products: Sequence[Product] = ()
    lines: Sequence[PurchaseOrderLine] = ()

    @property
    def nothing(self) -> bool:
        return not (self.orders or self.backorders or self.customers or self.products or self.lines)


def cleaned(text: str) -> str:
    return " ".join(text.replace("\x00", " ").split())[:LONGEST]


def begins(column: InstrumentedAttribute[str], *beginnings: str) -> ColumnElement[bool]:
    """Whether a column begins with one of these, by its text_pattern_ops index."""
    plain = cast(column, Text)
    return or_(
        *(
            plain.op("~>=~", is_comparison=True)(literal(each, Text))
            & plain.op("~<~", is_comparison=True)(literal(each + LAST_CHARACTER, Text))
            for each in dict.fromkeys(beginnings)
        )
    )


def exact(session: Session, text: str, *, supply: bool) -> Any:
    """The one order, backorder, customer or (with `supply`) purchase order line of exactly this number."""
    spellings = {text, text.upper()}
    for model, column in (
        (Backorder, Backorder.number),
        (SalesOrder, SalesOrder.number),
        (Customer, Customer.code),
    ):
        found = session.scalars(select(model).where(column.in_(spellings)).limit(2)).all()
        if len(found) == 1:
            return found[0]
    po_number, _, line = text.upper().rpartition("/")
    if supply and line.isdigit() and len(line) < 5:
        return session.scalar(
            select(PurchaseOrderLine).where(
                PurchaseOrderLine.po_number == po_number, PurchaseOrderLine.line_number == int(line)
            )
        )
    return None


def find(session: Session, text: str, *, customers: bool, supply: bool) -> Found:
    """What begins with `text`: numbers, codes, SKUs and customers' names; of products' names any word may."""
    if not text:
        return Found()
    spellings = (text, text.upper())
    return Found(
        orders=session.scalars(
            select(SalesOrder)
            .where(begins(SalesOrder.number, *spellings))
            .options(joinedload(SalesOrder.customer))
            .order_by(SalesOrder.id.desc())
            .limit(MOST)
        ).all(),
        backorders=session.scalars(
            select(Backorder)
            .where(begins(Backorder.number, *spellings))
            .options(joinedload(Backorder.customer), joinedload(Backorder.product))
            .order_by(Backorder.id.desc())
            .limit(MOST)
        ).all(),
        customers=_customers(session, text) if customers else (),
        products=_products(session, text),
        lines=_lines(session, text) if supply else (),
    )


def _customers(session: Session, text: str) -> Sequence[Customer]:
    return session.scalars(
        select(Customer)
        .where(or_(begins(Customer.code, text, text.upper()), begins(Customer.search_name, text.lower())))
        .order_by(Customer.search_name, Customer.id)
        .limit(MOST)
    ).all()


def _products(session: Session, text: str) -> Sequence[Product]:
    wanted = begins(Product.sku, text, text.upper())
    words = re.findall(r"\w+", text)
    if words:
        query = " & ".join(f"'{word}':*" for word in words)
        document = func.to_tsvector(literal_column("'simple'"), Product.name)
        wanted = or_(wanted, document.op("@@")(func.to_tsquery(literal_column("'simple'"), query)))
    return session.scalars(select(Product).where(wanted).order_by(Product.sku).limit(MOST)).all()


def _lines(session: Session, text: str) -> Sequence[PurchaseOrderLine]:
    """Lines of exactly this purchase order: its beginning would be that of them all."""
    return session.scalars(
        select(PurchaseOrderLine)
        .where(PurchaseOrderLine.po_number.in_({text, text.upper()}))
        .options(joinedload(PurchaseOrderLine.product))
        .order_by(PurchaseOrderLine.line_number)
        .limit(MOST)
    ).all()
