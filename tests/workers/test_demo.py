"""The demo company: what is made up, and how it comes to life, its workflows' steps taken by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.backorder import Status
from domain.replenishment import LineStatus
from portal.database import Base, utcnow
from portal.models import (
    Allocation,
    Backorder,
    Customer,
    DemoProgress,
    OutboxMessage,
    Product,
    PurchaseOrderLine,
    SalesOrder,
    SalesOrderLine,
    Stock,
    StockMovement,
    Supplier,
    User,
)
from portal.services import allocation, asking, backorders, replenishment
from tests.builders import make_company
from tests.conftest import Database
from workers.cli import run
from workers.demo import __main__ as demo
from workers.demo import acts, company, load, top_up
from workers.demo.shape import CUSTOMER, ORDER, SUPPLIER, Fate
from workers.demo.world import Stuck, World
from workflows.contract import AllocationJob, LineRef

TODAY = date(2026, 11, 18)
#: A parcel takes all that is reserved, so nothing is shipped in parts.
STAGES = set(Status) - {Status.PARTIALLY_SHIPPED}


def take_steps(session: Session, now: datetime) -> int:
    """Deliver what is in the outbox, oldest first, each message to the step that its workflow would take."""
    rows = session.execute(
        select(
            OutboxMessage.id,
            OutboxMessage.op,
            OutboxMessage.name,
            OutboxMessage.workflow_id,
            OutboxMessage.payload,
        )
        .where(OutboxMessage.delivered_at.is_(None))
        .order_by(OutboxMessage.id)
    ).all()
    for key, op, name, workflow_id, payload in rows:
        session.get_one(OutboxMessage, key).delivered_at = now
        kind, _, number = workflow_id.partition("-")
        if kind == "allocate":
            allocation.allocate_goods(session, AllocationJob(**payload["job"]), now)
        elif kind == "replenish":
            ref = LineRef(number.rpartition("-")[0], int(number.rpartition("-")[2]))
            (asking.ask if op == "start" else replenishment.settle_line)(session, ref, now)
        elif kind == "backorder" and name == "cancel_requested":
            backorders.cancel(session, number, "customer_request", now)
        elif kind == "backorder":
            (backorders.plan_supply if op == "start" else backorders.settle)(session, number, now)
        session.commit()
    return len(rows)


@dataclass
class Hand:
    """Takes the workflows' steps whenever loading waits for them; may stop loading in the middle."""

    database: Database
    said: list[str] = field(default_factory=list)
    stop_at: str = ""
    idle: bool = False

    def world(self) -> World:
        ticks = count(0, 10)
        return World(
            session=self.database.session,
            now=utcnow,
            pause=self.pause,
            seconds=lambda: next(ticks),
            say=self.say,
            hashed_password=lambda: "$argon2id$not-for-signing-in",
        )

    def pause(self) -> None:
        if not self.idle:
            with self.database.session() as session:
                take_steps(session, utcnow())

    def say(self, words: str) -> None:
        self.said.append(words)
        if self.stop_at and self.stop_at in words:
            raise KeyboardInterrupt


@pytest.fixture
def hand(database: Database) -> Hand:
    return Hand(database)


def counts(session: Session) -> dict[str, int]:
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def test_the_same_seed_makes_the_same_company() -> None:
    assert company.make(3, "small", TODAY) == company.make(3, "small", TODAY)
    assert company.make(3, "small", TODAY).rows != company.make(4, "small", TODAY).rows


@pytest.mark.parametrize("seed", [1, 20, 300])
def test_the_full_company_is_as_big_as_it_is_said_to_be(seed: int) -> None:
    made = company.make(seed, "full", TODAY)
    sizes = {kind: len(rows) for kind, rows in made.rows.items()}
    assert (sizes["warehouses"], sizes["suppliers"], sizes["products"], sizes["customers"]) == (3, 40, 400, 150)
    assert sizes["sales_orders"] + len(made.stories) == 1500
    assert 215 <= short_lines(made) + len(made.stories) <= 285
    names = [row["name"] for kind in ("suppliers", "customers", "products") for row in made.rows[kind]]
    assert len(set(names)) == len(names)
    mails = [row["email"] for kind in ("suppliers", "customers") for row in made.rows[kind] if row["email"]]
    assert all(mail.isascii() and mail.endswith(".example") for mail in mails)
    assert any(row["unit"] == "kg" for row in made.rows["products"])
    assert any(row["preferred_supplier"] is None for row in made.rows["products"])
    assert any(row["lead_time_days"] is None for row in made.rows["products"])
    own = [row["sku"] for row in made.rows["products"] if row["preferred_supplier"] == SUPPLIER]
    assert sum(made.fates.get(sku) is Fate.UNANSWERED for sku in own) >= 8
    last = {row["sku"] for row in made.rows["sales_orders"] if row["customer_code"] == CUSTOMER}
    assert {made.fates.get(sku) for sku in last} == set(Fate)


def short_lines(made: company.Company) -> int:
    """Lines that stock doesn't cover, first ordered first served."""
    free: Counter[str] = Counter()
    for row in made.rows["stock"]:
        free[row["sku"]] += row["on_hand"]
    short = 0
    for row in sorted(made.rows["sales_orders"], key=lambda row: row["ordered_at"]):
        taken = min(free[row["sku"]], row["quantity"])
        free[row["sku"]] -= taken
        short += taken < row["quantity"]
    return short


def test_the_company_comes_to_life_at_every_stage(session: Session, hand: Hand) -> None:
    assert load.load(hand.world(), 20, "small")
    settle(session)
    made = company.make(20, "small", utcnow().date())
    assert stages(session) == STAGES
    lines = Counter(session.scalars(select(PurchaseOrderLine.status)))
    wanted = {LineStatus.AWAITING_SUPPLIER, LineStatus.AWAITING_BUYER, LineStatus.CONFIRMED, LineStatus.REJECTED,
              LineStatus.RECEIVED, LineStatus.PARTIALLY_RECEIVED}  # fmt: skip
    assert set(lines) >= wanted
    assert waiting_for_answer(session, SUPPLIER) >= 2
    customer = session.scalars(select(Customer.id).where(Customer.code == CUSTOMER)).one()
    assert len(stages(session, customer)) >= 5
    today = utcnow().date()
    late = select(func.count(Backorder.id)).where(Backorder.closed_at.is_(None), Backorder.promised_date < today)
    assert session.scalar(late)
    asked = select(func.min(PurchaseOrderLine.asked_at)).where(
        PurchaseOrderLine.status == LineStatus.AWAITING_SUPPLIER
    )
    first_asked = session.scalar(asked)
    assert first_asked is not None
    assert first_asked < utcnow() - timedelta(days=3)
    uncovered = select(func.count(Backorder.id)).where(Backorder.uncovered_quantity > 0)
    assert session.scalar(uncovered)
    taken = session.scalar(select(func.count(SalesOrderLine.id)))
    assert taken == len(made.rows["sales_orders"]) + len(made.stories)
    assert_every_unit_is_somewhere(session)
    row = session.get_one(DemoProgress, 1)
    assert (row.percent, row.finished_at is None) == (100, False)
    percents = [int(words[:3]) for words in hand.said]
    assert percents == sorted(percents)
    before = counts(session)
    assert not load.load(hand.world(), 20, "small")
    assert counts(session) == before
    check_that_the_supplier_is_kept_asked(session, hand)


def check_that_the_supplier_is_kept_asked(session: Session, hand: Hand) -> None:
    """However much it has answered, the next start leaves it something to answer."""
    waiting = session.scalars(
        select(PurchaseOrderLine)
        .join(PurchaseOrderLine.supplier)
        .where(Supplier.code == SUPPLIER, PurchaseOrderLine.status == LineStatus.AWAITING_SUPPLIER)
    ).all()
    for line in waiting:
        acts.answer(session, hand.world(), line.id, Fate.ACCEPTED)
    settle(session)
    assert waiting_for_answer(session, SUPPLIER) == 0
    assert top_up.keep_supplier_asked(hand.world())
    settle(session)
    assert waiting_for_answer(session, SUPPLIER) >= top_up.FEWEST
    assert not top_up.keep_supplier_asked(hand.world())


def settle(session: Session) -> None:
    while take_steps(session, utcnow()):
        pass
    session.expire_all()


def stages(session: Session, customer_id: int | None = None) -> set[Status]:
    query = select(Backorder.status)
    if customer_id is not None:
        query = query.where(Backorder.customer_id == customer_id)
    return {Status(status) for status in session.scalars(query)}


def waiting_for_answer(session: Session, supplier: str) -> int:
    return session.scalar(
        select(func.count(PurchaseOrderLine.id))
        .join(Supplier, Supplier.id == PurchaseOrderLine.supplier_id)
        .where(
            Supplier.code == supplier,
            PurchaseOrderLine.status == LineStatus.AWAITING_SUPPLIER,
            PurchaseOrderLine.waiting_customers > 0,
        )
    ) or 0  # fmt: skip


def assert_every_unit_is_somewhere(session: Session) -> None:
    moved = dict(
        session.execute(
            select(StockMovement.product_id, func.sum(StockMovement.quantity)).group_by(StockMovement.product_id)
        ).all()
    )
    reserved = dict(
        session.execute(
            select(
                Allocation.product_id,
                func.sum(Allocation.quantity - Allocation.shipped_quantity - Allocation.released_quantity),
            ).group_by(Allocation.product_id)
        ).all()
    )
    for product_id, on_hand, allocated in session.execute(
        select(Stock.product_id, func.sum(Stock.on_hand), func.sum(Stock.allocated)).group_by(Stock.product_id)
    ):
        assert (moved[product_id], reserved.get(product_id, 0)) == (on_hand, allocated)


@pytest.mark.parametrize("moment", ["planned", "Goods arrive", "last goods"])
def test_loading_that_was_killed_goes_on_without_doubles(session: Session, hand: Hand, moment: str) -> None:
    hand.stop_at = moment
    with pytest.raises(KeyboardInterrupt):
        load.load(hand.world(), 20, "small")
    hand.stop_at = ""
    assert load.load(hand.world(), 99, "full")  # the company that was begun, not another
    settle(session)
    made = company.make(20, "small", utcnow().date())
    assert session.scalar(select(func.count(Product.id))) == len(made.rows["products"])
    assert session.scalar(select(func.count(User.id))) == 19
    lines = session.scalar(select(func.count(SalesOrderLine.id)))
    assert lines == len(made.rows["sales_orders"]) + len(made.stories)
    assert session.scalar(select(func.count(Backorder.id))) == short_lines(made) + len(made.stories)
    assert stages(session) == STAGES
    assert_every_unit_is_somewhere(session)


def test_nothing_is_loaded_over_anybodys_data(session: Session, hand: Hand) -> None:
    make_company(session)
    before = counts(session)
    assert not load.load(hand.world(), 20, "small")
    assert not top_up.keep_supplier_asked(hand.world())
    assert counts(session) == before


def test_loading_gives_up_when_no_workflow_moves(hand: Hand) -> None:
    hand.idle = True
    with pytest.raises(Stuck, match="backorders are not planned for 300 s"):
        load.load(hand.world(), 20, "small")


@pytest.fixture
def installed(database: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PROMISELINE_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", database.url())
    monkeypatch.setenv("DATABASE_WORKER_URL", database.url("promiseline_worker"))
    return iter([None])


def test_the_written_workbooks_open_the_backorders(
    session: Session, installed: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo.write_files(20, "small", tmp_path)
    for kind in ORDER:
        assert run(["import", kind, str(tmp_path / f"{kind}.xlsx")]) == 0, capsys.readouterr()
    made = company.make(20, "small", utcnow().date())
    opened = session.scalars(select(Backorder)).all()
    assert len(opened) == short_lines(made)
    assert session.scalar(select(func.count(SalesOrder.id)))
    starts = session.scalars(select(OutboxMessage.workflow_id).where(OutboxMessage.name == "BackorderWorkflow"))
    assert set(starts) == {backorder.workflow_id for backorder in opened}
