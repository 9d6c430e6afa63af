"""`promiseline import` and `promiseline template`, on a database of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from importers.check import check
from importers.kinds import KINDS
from importers.templates import export
from portal.database import utcnow
from portal.models import AuditEvent, Backorder, ImportBatch, SalesOrder
from tests.builders import make_company
from tests.conftest import Database
from workers.cli import run

Command = Callable[..., int]


@pytest.fixture
def installed(database: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMISELINE_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", database.url())
    monkeypatch.setenv("DATABASE_WORKER_URL", database.url("promiseline_worker"))
    monkeypatch.delenv("DATABASE_WEB_URL", raising=False)


def order(number: str = "SO-1", sku: str = "WIDGET", quantity: str = "5") -> dict[str, Any]:
    return {
        "order_number": number,
        "customer_code": "NORA",
        "sku": sku,
        "quantity": Decimal(quantity),
        "requested_date": utcnow().date() + timedelta(days=20),
    }


def orders(folder: Path, *rows: dict[str, Any]) -> str:
    file = folder / "orders.xlsx"
    file.write_bytes(export("sales_orders", rows))
    return str(file)


@pytest.mark.usefixtures("installed")
def test_a_file_is_brought_in_whole_and_again_changes_nothing(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_company(session)
    file = orders(tmp_path, order(), order("SO-2"))
    assert run(["import", "sales_orders", file, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["type"], report["file"], report["created"]) == ("sales_orders", "orders.xlsx", 2)
    assert session.scalar(select(func.count(Backorder.id))) == 2
    assert session.scalars(select(AuditEvent.actor).distinct()).one().startswith("system import (")
    assert run(["import", "sales_orders", file]) == 0
    said = capsys.readouterr()
    assert "2 rows read, 0 refused; 0 new, 0 changed, 2 there already" in said.out
    assert said.err == ""


@pytest.mark.usefixtures("installed")
def test_refused_rows_end_with_status_2_and_write_nothing(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_company(session)
    file = orders(tmp_path, order(), order("SO-2", sku="NOPE"))
    assert run(["import", "sales_orders", file, "--json"]) == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["rejected"] == 1
    assert said.err.startswith("promiseline: 1 of 2 rows can't be taken, so nothing was written, first row 3:")
    assert len(said.err.splitlines()) == 1
    assert session.scalar(select(func.count(SalesOrder.id))) == 0
    assert session.scalar(select(func.count(ImportBatch.id))) == 0
    assert run(["import", "sales_orders", file, "--dry-run"]) == 2
    assert "error: sku (row 3): There is no product NOPE." in capsys.readouterr().out
    assert run(["import", "sales_orders", file, "--accept-valid"]) == 0
    assert session.scalar(select(func.count(SalesOrder.id))) == 1


@pytest.mark.usefixtures("installed")
def test_a_dry_run_writes_nothing(session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_company(session)
    assert run(["import", "sales_orders", orders(tmp_path, order()), "--dry-run"]) == 0
    assert "1 would be new" in capsys.readouterr().out
    assert session.scalar(select(func.count(SalesOrder.id))) == 0
    assert session.scalar(select(func.count(ImportBatch.id))) == 0


@pytest.mark.usefixtures("installed")
def test_a_user_imports_with_their_own_rights(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    company = make_company(session)
    file = orders(tmp_path, order())
    assert run(["import", "sales_orders", file, "--user", company.buyer.email]) == 0
    assert session.scalars(select(ImportBatch.actor)).one() == "Bea"
    receipts = tmp_path / "r.csv"
    receipts.write_text("po_number,line_number,quantity\nPO-1,1,5\n")
    assert run(["import", "receipts", str(receipts), "--user", company.buyer.email]) == 2
    assert "You can't import receipts" in capsys.readouterr().err
    assert run(["import", "sales_orders", file, "--user", "nobody@demo.example"]) == 2


@pytest.mark.usefixtures("installed")
def test_columns_and_formats_can_be_said(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_company(session)
    day = utcnow().date() + timedelta(days=20)
    file = tmp_path / "ours.csv"
    file.write_text(f"Nr;Wer;Was;Wieviel;Wann\nSO-1;NORA;GADGET;2,5;{day:%d.%m.%Y}\n")
    names = {
        "order_number": "Nr",
        "customer_code": "Wer",
        "sku": "Was",
        "quantity": "Wieviel",
        "requested_date": "E",
    }
    chosen = [text for field, header in names.items() for text in ("--column", f"{field}={header}")]
    assert run(["import", "sales_orders", str(file), *chosen, "--decimal", ",", "--date-format", "dmy"]) == 0
    backorder = session.scalars(select(Backorder)).one()
    assert (backorder.quantity, backorder.requested_date) == (Decimal("2.5"), day)
    capsys.readouterr()
    assert run(["import", "sales_orders", str(file), "--date-format", "never"]) == 2
    assert "is no date format" in capsys.readouterr().err


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "cats", "x.csv"], "cats"),
        (["import", "products", "missing.xlsx"], "missing.xlsx"),
        (["template", "cats", "x.xlsx"], "cats"),
        (["template", "products", "x.doc"], ".xlsx"),
    ],
)
def test_bad_arguments_are_one_line_and_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.usefixtures("installed")
def test_a_file_that_is_no_spreadsheet_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "photo.xlsx"
    file.write_bytes(b"\x00\x01\x02")
    assert run(["import", "products", str(file), "--json"]) == 2
    said = capsys.readouterr()
    assert [each["code"] for each in json.loads(said.out)["problems"]] == ["unreadable_file"]
    assert "nothing was written" in said.err


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_template_is_written_for_each_kind(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    assert run(["template", kind, str(file)]) == 0
    assert [each.code for each in check(kind, file.read_bytes(), file.name).problems] == ["no_rows"]
