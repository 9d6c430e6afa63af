"""Everything that the portal, the workers and the workflows agree on: names, ids, payloads.

Payloads carry ids and instants, never a name, a mail address or a price; they only ever grow, each
new field with a default, because workflows live for months. Dates travel as ISO strings and
quantities as text, which is what the data converter keeps exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

CORE_QUEUE = "promiseline-core"


def notify_queue(core_queue: str) -> str:
    """Where notices are sent for workflows of `core_queue`: a queue of its own beside each."""
    return f"{core_queue.removesuffix('-core')}-notify"


NOTIFY_QUEUE = notify_queue(CORE_QUEUE)

#: Typed search attributes by name. SQL visibility allows 10 Keyword and 3 of each other type.
SEARCH_ATTRIBUTES: dict[str, str] = {
    "PlStage": "Keyword",
    "PlWaitingOn": "Keyword",
    "PlSupplier": "Keyword",
    "PlCustomer": "Keyword",
    "PlSku": "Keyword",
    "PlWarehouse": "Keyword",
    "PlNextDueAt": "Datetime",
    "PlEta": "Datetime",
    "PlReminders": "Int",
    "PlPriority": "Int",
    "PlEscalated": "Bool",
}

BACKORDER_WORKFLOW = "BackorderWorkflow"
REPLENISHMENT_WORKFLOW = "ReplenishmentWorkflow"
ALLOCATION_WORKFLOW = "AllocationWorkflow"
NOTICE_WORKFLOW = "NoticeWorkflow"
RECONCILE_WORKFLOW = "ReconcileWorkflow"

RECONCILE_SCHEDULE = "promiseline-reconcile"


def backorder_workflow_id(number: str) -> str:
    return f"backorder-{number}"


def replenishment_workflow_id(po_number: str, line_number: int) -> str:
    return f"replenish-{po_number}-{line_number}"


def allocation_workflow_id(key: str) -> str:
    return f"allocate-{key}"


def notice_workflow_id(notice_id: int) -> str:
    return f"notice-{notice_id}"


@dataclass(frozen=True)
class Message:
    """A nudge: something happened that the database knows more about. `id` is the outbox message's."""

    id: str
    ref: str = ""


@dataclass(frozen=True)
class BackorderJob:
    """What a backorder's workflow starts from: at first, after continue-as-new, and when it is rebuilt
    from the database, always the same."""

    number: str
    portal_url: str = ""
    #: Message ids taken lately, so that a message delivered again across continue-as-new does nothing.
    seen: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BackorderView:
    """Where a backorder stands, as its workflow and the Temporal UI need it."""

    number: str
    stage: str
    waiting_on: str
    #: For what, in words without names: "answer to PO-100001 line 1".
    waiting_for: str
    sku: str
    customer_code: str
    supplier_code: str
    warehouse_code: str
    priority: int
    promised_date: str | None
    promise_basis: str | None
    #: When the workflow should look again by itself.
    look_again_at: datetime | None
    late: bool
    cancel_wanted: bool
    cancel_reason_code: str
    closed: bool
    #: Notices about this backorder that are still to be sent.
    notices: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class CancelBackorder:
    number: str
    reason_code: str
    message_id: str = ""


@dataclass(frozen=True)
class LineJob:
    """What a purchase order line's workflow starts from; see BackorderJob."""

    po_number: str
    line_number: int
    portal_url: str = ""
    seen: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class LineRef:
    po_number: str
    line_number: int


@dataclass(frozen=True)
class LineView:
    """Where a purchase order line stands."""

    po_number: str
    line_number: int
    stage: str
    waiting_on: str
    waiting_for: str
    sku: str
    supplier_code: str
    warehouse_code: str
    due_date: str | None
    reminders: int
    escalated: bool
    #: The next step of the ladder while an answer is owed, else when to look at the date again.
    look_again_at: datetime | None
    waiting_customers: int
    closed: bool
    notices: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class AllocationJob:
    """One allocation run. `key` names it: `receipt-RC-100001`, `release-BO-100001-<message>`, …"""

    key: str
    sku: str
    warehouse_code: str
    #: The purchase order line that brought the goods, where one did.
    po_number: str = ""
    line_number: int = 0


@dataclass(frozen=True)
class AllocationView:
    key: str
    allocated: str
    left: str
    backorders: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class NoticeJob:
    notice_id: int


@dataclass(frozen=True)
class ReconcileReport:
    """What was out of step between database and engine, and was put right."""

    backorders_restarted: int = 0
    lines_restarted: int = 0
    nudged: int = 0
    notices_resent: int = 0
    allocations_restarted: int = 0
