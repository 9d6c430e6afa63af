"""Sending notices."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.notices import NoticeStatus
from portal.config import Settings
from portal.models import Notice
from portal.services import notices
from workers.activities.running import Transactions
from workers.transports.mail import MailTransport, TransportError

#: How much longer than another sender's lease we wait before looking whether it has managed.
AFTER_LEASE = timedelta(seconds=1)


class NotifyActivities:
    def __init__(self, transactions: Transactions, mail: MailTransport, settings: Settings) -> None:
        self._do = transactions.run
        self._now = transactions.clock
        self._mail = mail
        self._settings = settings

    @activity.defn
    def send_notice(self, notice_id: int) -> str:
        outgoing = self._do(lambda session: notices.claim(session, notice_id, self._now(), self._settings))
        if outgoing is None:
            return self._do(lambda session: self._settled(session, notice_id))
        try:
            self._mail.send(outgoing)
        except TransportError as error:
            why = str(error)
            if error.permanent:
                self._do(lambda session: notices.mark_refused(session, notice_id, why, self._now()))
                return NoticeStatus.REFUSED.value
            self._do(lambda session: notices.mark_failed(session, notice_id, why, self._now()))
            raise ApplicationError(
                f"not sent yet: {why}", type="MailNotTaken", category=ApplicationErrorCategory.BENIGN
            ) from None
        self._do(lambda session: notices.mark_sent(session, notice_id, self._now()))
        return NoticeStatus.SENT.value

    def _settled(self, session: Session, notice_id: int) -> str:
        """The status of a notice that was not ours to send. Raises while another sender is at it: it may
        have died in the middle."""
        notice = session.get_one(Notice, notice_id)
        if notice.status in (NoticeStatus.PENDING, NoticeStatus.SENDING):
            left = (notice.lease_until or self._now()) - self._now()
            raise ApplicationError(
                "another sender is at it",
                type="Leased",
                category=ApplicationErrorCategory.BENIGN,
                next_retry_delay=max(left, timedelta()) + AFTER_LEASE,
            )
        return str(notice.status)
