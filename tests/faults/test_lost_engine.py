"""Temporal's data is deleted: every open backorder goes on from what the database says."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from portal.models import Backorder, Notice, PurchaseOrderLine
from tests.embedded import RunningPortal, running_portal, temporary_home
from tests.faults.company import Company
from workers.supervisor import temporal
from workflows.contract import backorder_workflow_id, replenishment_workflow_id

pytestmark = pytest.mark.faults

BACKORDERS = 12


def until(come: Callable[[], bool], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not come():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)


def running(portal: RunningPortal, ids: list[str]) -> bool:
    async def look() -> bool:
        client = await temporal.connect(portal.settings)
        for each in ids:
            try:
                described = await client.get_workflow_handle(each).describe()
            except RPCError:
                return False
            if described.status is not WorkflowExecutionStatus.RUNNING:
                return False
        return True

    return asyncio.run(look())


def open_ids(company: Company) -> list[str]:
    with company.session() as session:
        backorders = session.scalars(select(Backorder).where(Backorder.closed_at.is_(None))).all()
        lines = session.scalars(select(PurchaseOrderLine).where(PurchaseOrderLine.closed_at.is_(None))).all()
        assert all(each.planned_at is not None for each in backorders)
        return [backorder_workflow_id(each.number) for each in backorders] + [
            replenishment_workflow_id(each.po_number, each.line_number) for each in lines
        ]


def planned(company: Company) -> bool:
    with company.session() as session:
        waiting = session.scalars(select(Backorder)).all()
        lines = session.scalars(select(PurchaseOrderLine)).all()
        return (
            len(waiting) == BACKORDERS
            and all(each.planned_at is not None for each in waiting)
            and len(lines) > 0
            and all(each.asked_at is not None for each in lines)
        )


def notices(company: Company) -> int:
    with company.session() as session:
        return len(session.scalars(select(Notice.id)).all())


def test_deleting_temporals_data_rebuilds_every_open_workflow() -> None:
    with temporary_home() as home:
        with running_portal(home) as portal:
            company = Company(portal)
            company.found()
            for index in range(BACKORDERS):
                company.order(index)
            until(lambda: planned(company))
            ids = open_ids(company)
            until(lambda: running(portal, ids))
            told = notices(company)
            company.engine.dispose()
        _delete_engine_data(home)
        with running_portal(home) as portal:
            company = Company(portal)
            until(lambda: running(portal, ids))
            assert notices(company) == told  # nobody is told anything again
            left = company.drive(list(range(BACKORDERS)), threading.Event())
            assert left == []
            company.engine.dispose()


def _delete_engine_data(home: Path) -> None:
    files = list(home.glob("temporal.db*"))
    assert files != []
    for file in files:
        file.unlink()
