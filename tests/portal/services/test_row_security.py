"""The third line of defence: what the database itself shows and takes, whatever a query forgets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from domain.replenishment import Action, Answer
from portal.database import NO_PARTY, SIGNING_IN, STAFF, Base, Party
from portal.models import (
    AuditEvent,
    Backorder,
    BackorderPromise,
    Notice,
    OutboxMessage,
    PurchaseOrderLine,
    SoftPeg,
    User,
)
from portal.services import answers, backorders
from portal.services.transaction import Context
from tests.builders import Company, add_user, make_company, order, receive
from tests.conftest import Database

Who = Callable[..., Context]


@pytest.fixture
def company(session: Session, who: Who) -> Company:
    made = make_company(session)
    add_user(session, "sue@acme.example", "supplier", supplier_id=made.acme.id)
    add_user(session, "nora@shop.example", "customer", customer_id=made.nora.id)
    session.commit()
    order(session, who(), "NORA", 5)
    order(session, who(), "OTTO", 7)
    line = session.scalars(select(PurchaseOrderLine).order_by(PurchaseOrderLine.id)).first()
    assert line is not None
    receive(session, who(), line, 2)
    return made


def visible(database: Database, party: Party) -> dict[str, int]:
    """How many rows of each secured table a party sees."""
    with database.web_session(party) as session:
        secured = session.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity")).all()
        return {name: session.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in secured}


def test_without_a_party_nobody_s_rows_are_seen(database: Database, company: Company) -> None:
    assert set(visible(database, NO_PARTY).values()) == {0}


def test_somebody_who_signs_in_sees_users_and_nothing_else(database: Database, company: Company) -> None:
    seen = visible(database, SIGNING_IN)
    assert seen.pop("app_user") == 4
    assert set(seen.values()) == {0}


def test_staff_see_all(database: Database, company: Company) -> None:
    seen = visible(database, STAFF)
    assert (seen["backorder"], seen["purchase_order_line"], seen["customer"]) == (2, 2, 2)


def test_a_supplier_sees_its_own_lines_and_no_customer(database: Database, company: Company) -> None:
    seen = visible(database, Party(supplier_id=company.acme.id))
    assert (seen["purchase_order_line"], seen["supplier"], seen["app_user"]) == (2, 1, 1)
    hidden = ("customer", "backorder", "sales_order", "soft_peg", "allocation", "stock", "audit_event", "outbox")
    assert {name: seen[name] for name in hidden} == dict.fromkeys(hidden, 0)


def test_a_rival_supplier_sees_nothing_but_itself(database: Database, company: Company) -> None:
    seen = visible(database, Party(supplier_id=company.rival.id))
    assert seen.pop("supplier") == 1
    assert set(seen.values()) == {0}


def test_a_customer_sees_its_own_backorder_and_no_supply(database: Database, company: Company) -> None:
    with database.web_session(Party(customer_id=company.nora.id)) as session:
        assert [each.customer_id for each in session.scalars(select(Backorder))] == [company.nora.id]
        assert {each.customer_id for each in session.scalars(select(BackorderPromise))} == {company.nora.id}
        assert {each.customer_id for each in session.scalars(select(Notice))} == {company.nora.id}
        assert session.scalars(select(PurchaseOrderLine)).all() == []
        assert session.scalars(select(SoftPeg)).all() == []


def test_a_supplier_can_answer_its_line_though_it_reads_neither_audit_nor_outbox(
    database: Database, company: Company, who: Who
) -> None:
    with database.web_session(Party(supplier_id=company.acme.id)) as session:
        line = session.scalars(select(PurchaseOrderLine)).first()
        assert line is not None
        workflow_id = line.workflow_id
        answers.answer_line(session, who("Sue"), line.id, Answer(Action.ACCEPT))
    with database.session() as session:
        assert session.scalars(select(AuditEvent).where(AuditEvent.actor == "Sue")).one()
        signal = session.scalars(select(OutboxMessage).where(OutboxMessage.name == "answered")).one()
        assert signal.workflow_id == workflow_id


def test_a_customer_can_ask_to_cancel_its_own_backorder(database: Database, company: Company, who: Who) -> None:
    with database.web_session(Party(customer_id=company.nora.id)) as session:
        number = session.scalars(select(Backorder.number)).one()
        backorders.request_cancel(session, who("Nora"), number, "too_late")
    with database.session() as session:
        assert session.scalars(select(OutboxMessage).where(OutboxMessage.name == "cancel_requested")).one()


@pytest.mark.parametrize("rival", ["supplier", "customer"])
def test_a_rival_changes_no_row(database: Database, company: Company, rival: str) -> None:
    party = Party(supplier_id=company.rival.id) if rival == "supplier" else Party(customer_id=company.otto.id)
    with database.web_session(party) as session:
        table, own = (
            (PurchaseOrderLine, PurchaseOrderLine.supplier_id == company.acme.id)
            if rival == "supplier"
            else (Backorder, Backorder.customer_id == company.nora.id)
        )
        changed = session.execute(update(table).where(own).values(quantity=Decimal(1)))
        assert changed.rowcount == 0  # type: ignore[attr-defined]  # an UPDATE's result counts rows


def test_a_supplier_cannot_hand_its_row_to_another(database: Database, company: Company) -> None:
    handing_over = update(PurchaseOrderLine).values(supplier_id=company.rival.id)
    with (
        database.web_session(Party(supplier_id=company.acme.id)) as session,
        pytest.raises(ProgrammingError, match="row-level security"),
    ):
        session.execute(handing_over)


@pytest.mark.parametrize("table", ["audit_event", "backorder_promise", "supply_promise", "stock_movement"])
@pytest.mark.parametrize("change", ["UPDATE {} SET at = now()", "DELETE FROM {}"])
def test_ledgers_are_written_once_for_everybody(
    database: Database, company: Company, table: str, change: str
) -> None:
    with database.session() as session, pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text(change.format(table)))
    owner = database.server.server.connect(database.name)
    with owner, pytest.raises(Exception, match="written once"):
        owner.execute(change.format(table))


def test_a_pooled_connection_carries_no_view_to_the_next_user(database: Database, company: Company) -> None:
    with database.web_session(STAFF) as session:
        assert session.scalars(select(User)).all() != []
    with database.web_session(NO_PARTY) as session:
        assert session.scalars(select(User)).all() == []


def test_every_table_is_secured_or_known_to_hold_nobody_s_rows(database: Database) -> None:
    open_tables = {
        "role",
        "user_role",
        "api_token",
        "demo_progress",
        "idempotency_key",
        "product",
        "product_alternative",
        "warehouse",
    }
    with database.worker.connect() as connection:
        secured = set(connection.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity")))
    assert set(Base.metadata.tables) - secured == open_tables


def test_the_promise_ledger_of_a_backorder_keeps_every_date(session: Session, company: Company, who: Who) -> None:
    backorder = session.scalars(select(Backorder).where(Backorder.customer_id == company.nora.id)).one()
    rows = session.scalars(
        select(BackorderPromise).where(BackorderPromise.backorder_id == backorder.id).order_by(BackorderPromise.id)
    ).all()
    assert rows[0].promised_date == backorder.original_promised_date
    assert rows[0].at <= who().now + timedelta(seconds=1)
