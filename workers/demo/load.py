"""Loading the demo company, step by step. Each step may be begun again: what it has done already it leaves alone.

The orders' workflows are started by the outbox as anybody's are. Where a step needs what they do (plan supply,
ask the supplier, allocate, cancel), it waits until the database says that they have done it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy.orm import Session

from portal.services import imports
from workers.demo import acts, company, people, progress, stories
from workers.demo.shape import Company, Fate, Rows
from workers.demo.world import World

#: Order lines brought in by one file, so that the first backorders live while the last are still read.
LINES_A_FILE = 250


@dataclass(frozen=True)
class Step:
    """`until` is how far everything is when it is done, in per cent."""

    words: str
    until: int
    run: Callable[[Load], None]


def load(world: World, seed: int, size: str) -> bool:
    """Load the demo company, or go on where loading stopped; False when there was nothing to do.

    Raises Stuck when the workflows don't do their part.
    """
    with world.session() as session:
        row = progress.begin(session, world.who(), seed, size, world.now().date())
        if row is None or row.finished_at is not None:
            return False
        made = company.make(row.seed, row.size, row.today)
        done = row.percent
    one = Load(world, made)
    begins = 0
    for step in STEPS:
        if step.until > done:
            one.begin(step, begins)
            step.run(one)
            one.tell(step.until)
        begins = step.until
    with world.session() as session:
        progress.finish(session, world.who())
    return True


class Load:
    """One run of loading: the company on paper, and how far this step is."""

    def __init__(self, world: World, made: Company) -> None:
        self.world = world
        self.made = made
        self._step: Step | None = None
        self._from = 0
        self._told = 0, ""

    def begin(self, step: Step, begins: int) -> None:
        self._step, self._from = step, begins
        self.tell(begins)

    def tell(self, percent: int) -> None:
        """It never goes back, whatever turns up to be waited for."""
        words = self._step.words if self._step else ""
        percent = max(percent, self._told[0])
        if (percent, words) == self._told:
            return
        self._told = percent, words
        self.world.say(f"{percent:3} %  {words}")
        with self.world.session() as session:
            progress.note(session, percent, words)

    def part(self, done: float) -> None:
        """This step is done to this share, from 0 to just below 1."""
        assert self._step is not None
        percent = self._from + int((self._step.until - self._from) * done)
        self.tell(min(percent, self._step.until - 1))

    def wait(self, count: Callable[[Session], int], what: str) -> None:
        self.world.until_none(count, what, lambda left, first: self.part(1 - left / max(first, 1)))

    def bring_in(self, kind: str, rows: Rows | None = None) -> None:
        data = self.made.workbook(kind, rows)
        with self.world.session() as session:
            who = self.world.who("Bea Lindholm", "import")
            report, batch = imports.load(session, who, None, kind, data, f"{kind}.xlsx")
        if batch is None:
            raise RuntimeError(f"the demo company's own {kind} were refused: {report['problems'][:3]}")

    def act(self, things: Sequence[int], do: Callable[[Session, int], None]) -> None:
        """Do the same with each thing, a transaction each, and tell how far it is."""
        for number, thing in enumerate(things):
            with self.world.session() as session:
                do(session, thing)
            if number % 20 == 0:
                self.part(number / len(things))


def _parties(load: Load) -> None:
    for kind in ("suppliers", "customers", "warehouses"):
        load.bring_in(kind)
    hashed = load.world.hashed_password()
    with load.world.session() as session:
        people.add_people(session, load.world.who(), hashed)


def _things(load: Load) -> None:
    for kind in ("products", "stock", "purchase_orders"):
        load.bring_in(kind)


def _past(load: Load) -> None:
    for number, story in enumerate(load.made.stories):
        with load.world.session() as session:
            stories.tell(session, story, load.world.now())
        load.part(number / len(load.made.stories))


def _orders(load: Load) -> None:
    rows = load.made.rows["sales_orders"]
    ends = [0]
    for at in range(1, len(rows) + 1):
        last = at == len(rows) or rows[at]["order_number"] != rows[at - 1]["order_number"]
        if last and (at - ends[-1] >= LINES_A_FILE or at == len(rows)):
            ends.append(at)
    for start, end in pairwise(ends):
        load.bring_in("sales_orders", rows[start:end])
        with load.world.session() as session:
            acts.start_picking(session, load.world)  # so that lists are as long as a walk through the warehouse
        load.part(end / len(rows))


def _plans(load: Load) -> None:
    load.wait(acts.unplanned, "backorders are not planned")
    load.wait(acts.unasked, "purchase order lines were not asked about")


def _answers(load: Load) -> None:
    with load.world.session() as session:
        lines = acts.lines_to_answer(session, load.made)
    fates = dict(lines)
    load.act(list(fates), lambda session, line_id: acts.answer(session, load.world, line_id, fates[line_id]))


def _first_goods(load: Load) -> None:
    fates = (Fate.DELIVERED, Fate.SHIPPED, Fate.PICKING)
    _receive(load, load.made.of(*fates), whole=True)
    load.bring_in("receipts")
    load.wait(lambda session: acts.not_allocated(session, load.made.of(*fates)), "backorders are not allocated")


def _parcels(load: Load) -> None:
    with load.world.session() as session:
        acts.start_picking(session, load.world)
        lines = acts.lines_to_ship(session, load.made, load.world.now())
    for start in range(0, len(lines), acts.LINES_A_WALK):
        with load.world.session() as session:
            acts.ship(session, load.world, lines[start : start + acts.LINES_A_WALK])
        load.part(start / len(lines))
    with load.world.session() as session:
        acts.deliver(session, load.world, load.made.of(Fate.DELIVERED))


def _last_goods(load: Load) -> None:
    _receive(load, load.made.of(Fate.ALLOCATED), whole=True)
    _receive(load, load.made.of(Fate.PARTLY_RECEIVED), whole=False)
    with load.world.session() as session:
        acts.ask_to_cancel(session, load.world, load.made.of(Fate.CANCELLED))
    allocated, cancelled = load.made.of(Fate.ALLOCATED), load.made.of(Fate.CANCELLED)
    load.wait(lambda session: acts.not_allocated(session, allocated), "backorders are not allocated")
    load.wait(lambda session: acts.not_cancelled(session, cancelled), "backorders are not cancelled")


def _receive(load: Load, skus: list[str], *, whole: bool) -> None:
    with load.world.session() as session:
        lines = acts.lines_to_receive(session, skus)
    load.act(lines, lambda session, line_id: acts.receive(session, load.world, line_id, whole=whole))


STEPS = (
    Step("Suppliers, customers and people", 6, _parties),
    Step("Products, stock and open purchase orders", 14, _things),
    Step("Backorders of the past weeks", 20, _past),
    Step("Orders", 50, _orders),
    Step("Supply is being planned", 68, _plans),
    Step("Suppliers answer", 74, _answers),
    Step("Goods arrive", 80, _first_goods),
    Step("Parcels leave", 94, _parcels),
    Step("The last goods arrive", 99, _last_goods),
)
