"""What people are told, and by which words for it."""

from __future__ import annotations

from enum import StrEnum


class NoticeKind(StrEnum):
    # to a customer, about a backorder
    OPENED = "opened"
    PROMISE_CHANGED = "promise_changed"
    ALLOCATED = "allocated"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    # to a supplier, a buyer or a manager, about a purchase order line
    ANSWER_NEEDED = "answer_needed"
    ANSWER_REMINDER = "answer_reminder"
    ANSWER_OVERDUE = "answer_overdue"
    PROPOSAL_REJECTED = "proposal_rejected"
    # about an account
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105  the name of a mail, not a password


CUSTOMER_KINDS = frozenset(
    {
        NoticeKind.OPENED,
        NoticeKind.PROMISE_CHANGED,
        NoticeKind.ALLOCATED,
        NoticeKind.SHIPPED,
        NoticeKind.DELIVERED,
        NoticeKind.CANCELLED,
    }
)


#: These carry a link that chooses a password.
ACCOUNT_KINDS = frozenset({NoticeKind.INVITATION, NoticeKind.PASSWORD_RESET})


class NoticeStatus(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    #: There was nothing left to say when its turn came: a later change took the news back.
    SUPERSEDED = "superseded"
    #: The receiving side refused the address for good; a visible risk on what the notice is about.
    REFUSED = "refused"
