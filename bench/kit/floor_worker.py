"""The process that runs the floor's workflows, set up like the workers of the product."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from bench.kit import floor
from bench.kit.installation import FLOOR_NOTIFY_QUEUE, FLOOR_QUEUE
from portal.config import Settings
from portal.database import utcnow
from portal.logs import configure_logging
from workers import process, registry
from workers.__main__ import SWITCH_INTERVAL_S
from workers.supervisor import temporal
from workflows.contract import AllocationJob, AllocationView, BackorderView, LineRef, LineView

#: A pipe in the home folder that gets one byte for each activity that has run.
STEPS_PIPE = "floor-steps"


class FloorActivities:
    """Nothing is done; the answers are as large as real ones."""

    def __init__(self, home: Path) -> None:
        self._pipe = os.open(home / STEPS_PIPE, os.O_WRONLY)

    def _done(self) -> None:
        os.write(self._pipe, b".")

    @activity.defn
    def floor_backorder_step(self, number: str) -> BackorderView:
        self._done()
        return _backorder(number, utcnow())

    @activity.defn
    def floor_line_step(self, line: LineRef) -> LineView:
        self._done()
        return _line(line, utcnow())

    @activity.defn
    def floor_allocation_step(self, job: AllocationJob) -> AllocationView:
        self._done()
        return AllocationView(key=job.key, allocated="10", left="0", backorders=["BO-100001"])

    @activity.defn
    def floor_notice(self, notice_id: int) -> str:
        self._done()
        return "sent"


def _backorder(number: str, now: datetime) -> BackorderView:
    return BackorderView(
        number=number,
        stage="awaiting_supply",
        waiting_on="supplier",
        waiting_for="the supplier's answer to PO-100001 line 1",
        sku="A-P0001",
        customer_code="A-C0001",
        supplier_code="S001",
        warehouse_code="MAIN",
        priority=50,
        promised_date=now.date().isoformat(),
        promise_basis="planned",
        look_again_at=now + timedelta(days=20),
        late=False,
        cancel_wanted=False,
        cancel_reason_code="",
        closed=False,
        notices=[1_000],
    )


def _line(line: LineRef, now: datetime) -> LineView:
    return LineView(
        po_number=line.po_number,
        line_number=line.line_number,
        stage="awaiting_supplier",
        waiting_on="supplier",
        waiting_for="an answer",
        sku="A-P0001",
        supplier_code="S001",
        warehouse_code="MAIN",
        due_date=now.date().isoformat(),
        reminders=0,
        escalated=False,
        look_again_at=now + timedelta(days=1),
        waiting_customers=1,
        closed=False,
        notices=[1_000],
    )


def workers(client: Client, activities: FloorActivities) -> tuple[Worker, Worker]:
    """Tuned like those of the product, because the same functions make them."""
    core = registry.core_worker(
        client,
        (activities.floor_backorder_step, activities.floor_line_step, activities.floor_allocation_step),
        FLOOR_QUEUE,
        (floor.FloorBackorder, floor.FloorLine, floor.FloorAllocation, floor.FloorEcho),
    )
    return core, registry.notify_worker(client, (activities.floor_notice,), FLOOR_NOTIFY_QUEUE)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    core, notify = workers(await temporal.connect(settings), FloorActivities(settings.home))
    async with core, notify:
        await stop.wait()


def main() -> int:
    configure_logging("floor")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    asyncio.run(serve(Settings.load()))
    return 0


if __name__ == "__main__":
    process.finish(main())
