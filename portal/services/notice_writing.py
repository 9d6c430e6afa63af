"""Notices are written here, in the transaction of what they tell of; workers send them afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.notices import NoticeKind, NoticeStatus
from portal.models import Backorder, Notice, PurchaseOrderLine, User
from portal.services.people import supplier_addresses
from portal.services.transaction import plain

_WRITE = (
    insert(Notice.__table__)  # type: ignore[arg-type]  # a declarative class's table is a Table
    .on_conflict_do_nothing(index_elements=["dedupe_key"])
    .inline()
)


def _write(session: Session, key: str, kind: NoticeKind, recipient: str, **columns: Any) -> None:
    """One notice; the second of the same key is not written."""
    facts = plain(columns.pop("facts", {}))
    session.execute(_WRITE, {"dedupe_key": key, "kind": kind, "recipient": recipient, "facts": facts, **columns})


def tell_customer(
    session: Session, backorder: Backorder, kind: NoticeKind, occasion: str, facts: dict[str, Any]
) -> None:
    """Tell the customer about a backorder, once per `occasion`. Without an address it is a visible risk."""
    customer = backorder.customer
    if not customer.email:
        backorder.notice_risk = "The customer has no mail address"
        return
    if kind is NoticeKind.PROMISE_CHANGED:
        _supersede(session, backorder.id)
    _write(
        session,
        f"{kind}:{backorder.number}:{occasion}",
        kind,
        customer.email,
        recipient_name=customer.name,
        time_zone=customer.time_zone,
        customer_id=customer.id,
        backorder_id=backorder.id,
        facts=facts,
    )


def _supersede(session: Session, backorder_id: int) -> None:
    """News of a date that nobody has been told yet is replaced by newer news: one net message."""
    session.execute(
        update(Notice)
        .where(
            Notice.backorder_id == backorder_id,
            Notice.kind == NoticeKind.PROMISE_CHANGED,
            Notice.status == NoticeStatus.PENDING,
        )
        .values(status=NoticeStatus.SUPERSEDED)
    )


def date_is_about_to_be_told(session: Session, backorder_id: int) -> bool:
    """Whether a notice that nobody has begun to send will say the date anyway, as it is when it is sent."""
    return bool(
        session.scalar(
            select(Notice.id)
            .where(
                Notice.backorder_id == backorder_id,
                Notice.kind.in_((NoticeKind.OPENED, NoticeKind.ALLOCATED)),
                Notice.status == NoticeStatus.PENDING,
            )
            .limit(1)
        )
    )


def tell_supplier(
    session: Session, line: PurchaseOrderLine, kind: NoticeKind, occasion: str, facts: dict[str, Any]
) -> None:
    """Tell a supplier's people about a line, once per `occasion`."""
    addresses = supplier_addresses(session, line.supplier)
    if not addresses:
        line.notice_risk = "The supplier has no mail address and nobody who can sign in"
        return
    for address in addresses:
        _write(
            session,
            f"{kind}:{line.po_number}-{line.line_number}:{occasion}:{address}",
            kind,
            address,
            recipient_name=line.supplier.name,
            time_zone=line.supplier.time_zone,
            supplier_id=line.supplier_id,
            line_id=line.id,
            facts=facts,
        )


def tell_staff(
    session: Session,
    people: Iterable[User],
    line: PurchaseOrderLine,
    kind: NoticeKind,
    occasion: str,
    facts: dict[str, Any],
) -> None:
    """Tell our own people about a line, once per `occasion`."""
    for person in people:
        _write(
            session,
            f"{kind}:{line.po_number}-{line.line_number}:{occasion}:{person.email}",
            kind,
            person.email,
            recipient_name=person.name,
            time_zone=person.time_zone,
            line_id=line.id,
            facts=facts,
        )


def tell_person(session: Session, person: User, kind: NoticeKind, occasion: str, facts: dict[str, Any]) -> None:
    """Tell somebody about their own account."""
    _write(
        session,
        f"{kind}:{person.id}:{occasion}",
        kind,
        person.email,
        recipient_name=person.name,
        time_zone=person.time_zone,
        supplier_id=person.supplier_id,
        customer_id=person.customer_id,
        facts=facts,
    )
