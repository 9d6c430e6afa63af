"""What the service desk reads: whom to call today, and all that a good answer needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from domain.backorder import Status
from domain.notices import CUSTOMER_KINDS, NoticeStatus
from portal.models import (
    Backorder,
    BackorderPromise,
    Customer,
    Notice,
    Product,
    ProductAlternative,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SalesOrder,
    SalesOrderLine,
    SoftPeg,
    Stock,
)
from portal.paging import Page, key_of, page
from portal.service.advice import Advice, Concern, advise
from portal.service.search import Found
from portal.services.views import waiting_for

ZERO = Decimal(0)
PAGE = 30
#: Answers shown to one search: what somebody can read out on the phone.
MOST_ANSWERS = 12


@dataclass(frozen=True)
class Substitute:
    product: Product
    free: Decimal


@dataclass(frozen=True)
class Answer:
    """All that is needed to answer a customer about one backorder."""

    backorder: Backorder
    advice: Advice
    waits_for: str
    promise: BackorderPromise | None
    said: Sequence[Notice]
    alternatives: Sequence[Substitute]


def _with_names(query: Select[Any]) -> Select[Any]:
    return query.options(
        joinedload(Backorder.customer),
        joinedload(Backorder.product),
        joinedload(Backorder.owner),
        joinedload(Backorder.order_line).joinedload(SalesOrderLine.order),
    )


def _is(concern: Concern, today: date) -> ColumnElement[bool]:
    """The same as portal/service/advice.py says of one backorder, for the database."""
    not_travelling = and_(Backorder.status != Status.SHIPPED, Backorder.planned_at.is_not(None))
    match concern:
        case Concern.LATE:
            return and_(
                Backorder.shipped_quantity < Backorder.quantity - Backorder.cancelled_quantity,
                func.coalesce(Backorder.promised_date, Backorder.requested_date) < today,
            )
        case Concern.BOUNCED:
            return Backorder.notice_risk.is_not(None)
        case Concern.UNDATED:
            return and_(Backorder.promised_date.is_(None), not_travelling)
        case Concern.MOVED:
            return and_(Backorder.told_date.is_distinct_from(Backorder.promised_date), not_travelling)


def count_concerns(session: Session, today: date) -> dict[str, int]:
    """How many open backorders there are with each concern, and with any ("all")."""
    each = {concern: _is(concern, today) for concern in Concern}
    counts = session.execute(
        select(
            func.count().filter(or_(*each.values())),
            *(func.count().filter(condition) for condition in each.values()),
        ).where(Backorder.closed_at.is_(None))
    ).one()
    return dict(zip(("all", *Concern), counts, strict=True))


def need_a_word(session: Session, today: date, concern: Concern | None, after: str | None) -> Page[Backorder]:
    """Open backorders whose customers should hear from us, those that come first in their turn first."""
    wanted = [_is(concern, today)] if concern else [_is(each, today) for each in Concern]
    query = (
        _with_names(select(Backorder))
        .where(Backorder.closed_at.is_(None), or_(*wanted))
        .order_by(Backorder.priority, Backorder.requested_date, Backorder.id)
        .limit(PAGE + 1)
    )
    return _page_by_turn(session, query, after)


def _page_by_turn(session: Session, query: Select[Any], after: str | None) -> Page[Backorder]:
    key = key_of(after, int, date, int)
    if key:
        query = query.where(tuple_(Backorder.priority, Backorder.requested_date, Backorder.id) > tuple_(*key))
    return page(session.scalars(query).all(), PAGE, lambda each: (each.priority, each.requested_date, each.id))


def open_of_customer(session: Session, customer: Customer, after: str | None) -> Page[Backorder]:
    query = (
        _with_names(select(Backorder))
        .where(Backorder.closed_at.is_(None), Backorder.customer_id == customer.id)
        .order_by(Backorder.priority, Backorder.requested_date, Backorder.id)
        .limit(PAGE + 1)
    )
    return _page_by_turn(session, query, after)


def orders_of_customer(session: Session, customer: Customer) -> Sequence[SalesOrder]:
    """The newest orders of a customer."""
    return session.scalars(
        select(SalesOrder).where(SalesOrder.customer_id == customer.id).order_by(SalesOrder.id.desc()).limit(10)
    ).all()


def said_to_customer(session: Session, customer: Customer) -> Sequence[Notice]:
    return session.scalars(
        select(Notice)
        .where(Notice.customer_id == customer.id, Notice.kind.in_(CUSTOMER_KINDS))
        .options(joinedload(Notice.backorder))
        .order_by(Notice.id.desc())
        .limit(15)
    ).all()


def answers_about(session: Session, found: Found, today: date) -> list[Answer]:
    """Answers to a search: the backorders it means, open ones first."""
    meant = [
        condition
        for condition, ids in (
            (Backorder.id.in_([each.id for each in found.backorders]), found.backorders),
            (SalesOrderLine.order_id.in_([each.id for each in found.orders]), found.orders),
            (Backorder.customer_id.in_([each.id for each in found.customers]), found.customers),
            (Backorder.product_id.in_([each.id for each in found.products]), found.products),
        )
        if ids
    ]
    if not meant:
        return []
    query = (
        _with_names(select(Backorder))
        .join(Backorder.order_line)
        .where(or_(*meant))
        .order_by(Backorder.closed_at.is_not(None), Backorder.priority, Backorder.requested_date, Backorder.id)
        .limit(MOST_ANSWERS)
    )
    return answers(session, session.scalars(query).all(), today)


def answers(session: Session, backorders: Sequence[Backorder], today: date) -> list[Answer]:
    """Answers about these backorders; the number of queries does not depend on how many they are."""
    ids = [each.id for each in backorders]
    promises = {
        each.backorder_id: each
        for each in session.scalars(
            select(BackorderPromise).where(BackorderPromise.backorder_id.in_(ids)).order_by(BackorderPromise.id)
        )
    }
    said: dict[int | None, list[Notice]] = defaultdict(list)
    for notice in session.scalars(
        select(Notice)
        .where(
            Notice.backorder_id.in_(ids),
            Notice.kind.in_(CUSTOMER_KINDS),
            Notice.status != NoticeStatus.SUPERSEDED,
        )
        .order_by(Notice.id.desc())
    ):
        said[notice.backorder_id].append(notice)
    supply = _next_supply(session, ids)
    alternatives = _alternatives(session, {each.product_id for each in backorders})
    return [
        Answer(
            backorder=each,
            advice=advise(each, today),
            waits_for=waiting_for(each, supply.get(each.id)),
            promise=promises.get(each.id),
            said=said[each.id][:3],
            alternatives=alternatives.get(each.product_id, []),
        )
        for each in backorders
    ]


def _next_supply(session: Session, ids: Sequence[int]) -> dict[int, PurchaseOrderLine]:
    """The purchase order line whose goods each backorder waits for first."""
    rows = session.execute(
        select(SoftPeg.backorder_id, PurchaseOrderLine)
        .join(PurchaseOrderSchedule, PurchaseOrderSchedule.id == SoftPeg.schedule_id)
        .join(PurchaseOrderLine, PurchaseOrderLine.id == PurchaseOrderSchedule.line_id)
        .where(SoftPeg.backorder_id.in_(ids))
        .order_by(PurchaseOrderSchedule.due_date.desc(), PurchaseOrderSchedule.id.desc())
    )
    return {row[0]: row[1] for row in rows}


def _alternatives(session: Session, product_ids: set[int]) -> dict[int, list[Substitute]]:
    """What may be offered instead and lies free on a shelf, by product, best first."""
    free = func.sum(Stock.on_hand - Stock.allocated)
    rows = session.execute(
        select(ProductAlternative.product_id, Product, free)
        .join(Product, Product.id == ProductAlternative.alternative_id)
        .join(Stock, Stock.product_id == Product.id)
        .where(ProductAlternative.product_id.in_(product_ids))
        .group_by(ProductAlternative.product_id, ProductAlternative.rank, Product.id)
        .having(free > 0)
        .order_by(ProductAlternative.product_id, ProductAlternative.rank)
    )
    found: dict[int, list[Substitute]] = defaultdict(list)
    for product_id, product, quantity in rows:
        found[product_id].append(Substitute(product, quantity))
    return found


@dataclass(frozen=True)
class Availability:
    """What of a product can be sold at once, and how many wait for it."""

    free: Decimal
    waiting: int


def availability(session: Session, products: Sequence[Product]) -> dict[int, Availability]:
    ids = [each.id for each in products]
    if not ids:
        return {}
    free = {
        row[0]: row[1]
        for row in session.execute(
            select(Stock.product_id, func.sum(Stock.on_hand - Stock.allocated))
            .where(Stock.product_id.in_(ids))
            .group_by(Stock.product_id)
        )
    }
    waiting = {
        row[0]: row[1]
        for row in session.execute(
            select(Backorder.product_id, func.count())
            .where(Backorder.product_id.in_(ids), Backorder.closed_at.is_(None))
            .group_by(Backorder.product_id)
        )
    }
    return {each: Availability(free.get(each, ZERO), waiting.get(each, 0)) for each in ids}
