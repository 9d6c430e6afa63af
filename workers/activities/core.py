"""Steps of backorders, purchase order lines and allocation runs."""

from __future__ import annotations

from temporalio import activity

from portal.services import allocation, asking, backorders, replenishment
from workers.activities.running import Transactions
from workflows.contract import (
    AllocationJob,
    AllocationView,
    BackorderView,
    CancelBackorder,
    LineRef,
    LineView,
)


class CoreActivities:
    def __init__(self, transactions: Transactions) -> None:
        self._do = transactions.run
        self._now = transactions.clock

    @activity.defn
    def plan_supply(self, number: str) -> BackorderView:
        return self._do(lambda session: backorders.plan_supply(session, number, self._now()))

    @activity.defn
    def settle_backorder(self, number: str) -> BackorderView:
        return self._do(lambda session: backorders.settle(session, number, self._now()))

    @activity.defn
    def cancel_backorder(self, command: CancelBackorder) -> BackorderView:
        return self._do(
            lambda session: backorders.cancel(
                session, command.number, command.reason_code, self._now(), command.message_id
            )
        )

    @activity.defn
    def ask_supplier(self, line: LineRef) -> LineView:
        return self._do(lambda session: asking.ask(session, line, self._now()))

    @activity.defn
    def settle_line(self, line: LineRef) -> LineView:
        return self._do(lambda session: replenishment.settle_line(session, line, self._now()))

    @activity.defn
    def climb_ladder(self, line: LineRef) -> LineView:
        return self._do(lambda session: asking.climb(session, line, self._now()))

    @activity.defn
    def allocate_goods(self, job: AllocationJob) -> AllocationView:
        return self._do(lambda session: allocation.allocate_goods(session, job, self._now()))
