"""What operators see in the Temporal UI: search attributes, and details that say what is waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from workflows.contract import SEARCH_ATTRIBUTES, BackorderView, LineView
from workflows.steps import News

Value = str | int | bool | datetime | None

KINDS: dict[str, Callable[[str], SearchAttributeKey[Any]]] = {
    "Keyword": SearchAttributeKey.for_keyword,
    "Datetime": SearchAttributeKey.for_datetime,
    "Int": SearchAttributeKey.for_int,
    "Bool": SearchAttributeKey.for_bool,
}
KEYS = {name: KINDS[kind](name) for name, kind in SEARCH_ATTRIBUTES.items()}


def publish(values: dict[str, Value]) -> None:
    """Bring the search attributes up to date, in one command, when any of them has changed."""
    now = workflow.info().typed_search_attributes
    updates: list[SearchAttributeUpdate[Any]] = []
    for name, value in values.items():
        key = KEYS[name]
        if now.get(key) != value:
            updates.append(key.value_unset() if value is None else key.value_set(value))
    if updates:
        workflow.upsert_search_attributes(updates)


def backorder_attributes(view: BackorderView) -> dict[str, Value]:
    return {
        "PlStage": view.stage,
        "PlWaitingOn": view.waiting_on,
        "PlSupplier": view.supplier_code or None,
        "PlCustomer": view.customer_code,
        "PlSku": view.sku,
        "PlWarehouse": view.warehouse_code,
        "PlPriority": view.priority,
        "PlNextDueAt": view.look_again_at,
        "PlEta": _midnight(view.promised_date),
    }


def line_attributes(view: LineView) -> dict[str, Value]:
    return {
        "PlStage": view.stage,
        "PlWaitingOn": view.waiting_on,
        "PlSupplier": view.supplier_code,
        "PlSku": view.sku,
        "PlWarehouse": view.warehouse_code,
        "PlNextDueAt": view.look_again_at,
        "PlEta": _midnight(view.due_date),
        "PlReminders": view.reminders,
        "PlEscalated": view.escalated,
    }


def _midnight(day: str | None) -> datetime | None:
    return datetime.combine(date.fromisoformat(day), time(), UTC) if day else None


def backorder_details(
    view: BackorderView, portal_url: str, news: Iterable[News], *, unsent: int = 0, trouble: str = ""
) -> str:
    """Markdown for the Temporal UI."""
    promised = f"{view.promised_date} ({view.promise_basis})" if view.promised_date else "no date can be given"
    rows = [
        ("Stage", _words(view.stage) + (", **late**" if view.late else "")),
        ("Waiting on", _waiting(view.waiting_on, view.waiting_for)),
        ("Looks again by itself", _instant(view.look_again_at)),
        ("Promised", promised),
        ("Item", f"{view.sku} from {view.warehouse_code}"),
        ("Customer", view.customer_code),
        ("Supplier", view.supplier_code),
    ]
    return _page(
        f"Backorder {view.number}", rows, _link(portal_url, f"/backorders/{view.number}"), news, unsent, trouble
    )


def line_details(
    view: LineView, portal_url: str, news: Iterable[News], *, unsent: int = 0, trouble: str = ""
) -> str:
    """Markdown for the Temporal UI."""
    reminders = f"{view.reminders}" + (", **escalated**" if view.escalated else "")
    rows = [
        ("Stage", _words(view.stage)),
        ("Waiting on", _waiting(view.waiting_on, view.waiting_for)),
        ("Looks again by itself", _instant(view.look_again_at)),
        ("Due", view.due_date or ""),
        ("Item", f"{view.sku} to {view.warehouse_code}"),
        ("Supplier", view.supplier_code),
        ("Steps of the ladder taken", reminders),
        ("Customers waiting", str(view.waiting_customers)),
    ]
    path = f"/purchase-orders/{view.po_number}/{view.line_number}"
    title = f"{view.po_number} line {view.line_number}"
    return _page(title, rows, _link(portal_url, path), news, unsent, trouble)


def _page(
    title: str, rows: Iterable[tuple[str, str]], link: str, news: Iterable[News], unsent: int, trouble: str
) -> str:
    lines = [f"### {title}", "", "| | |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in rows if value]
    if unsent:
        lines.append(f"| Mail still to be sent | {unsent} |")
    if trouble:
        lines += ["", f"**Refused:** {trouble}"]
    latest = [f"- {_instant(each.at)} {_words(each.name)} {each.ref}".rstrip() for each in news]
    if latest:
        lines += ["", "**Last messages**", "", *latest]
    if link:
        lines += ["", link]
    return "\n".join(lines)


def _link(portal_url: str, path: str) -> str:
    return f"[Open in the portal]({portal_url}{path})" if portal_url else ""


def _waiting(on: str, what: str) -> str:
    return f"{on}: {what}" if what else on


def _words(name: str) -> str:
    return name.replace("_", " ")


def _instant(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else ""
