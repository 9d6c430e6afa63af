"""Notices from the database to a real mail server."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from portal.config import Settings
from portal.models import Backorder, Notice
from portal.services import backorders, notices
from portal.services.transaction import Context
from tests.builders import make_company, order
from tests.conftest import NOW, Database
from tests.embedded import home_environ
from workers.activities.notify import NotifyActivities
from workers.activities.running import Transactions
from workers.devmail import OUTAGE_FILE
from workers.transports.mail import MailTransport, Server, TransportError


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A home with a running development mail server."""
    environ = home_environ(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.devmail"], env=environ, stderr=subprocess.PIPE, text=True
    )
    try:
        assert "taking mail" in process.stderr.readline()
        yield Settings.load(environ)
    finally:
        process.terminate()
        process.wait(10)
        process.stderr.close()


class Sender:
    """send_notice as the worker runs it, with a clock that a test moves."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.now: datetime = NOW
        self.database = database
        self.settings = settings
        self.mail = MailTransport.of(settings)
        self._activities = NotifyActivities(Transactions(database.worker, lambda: self.now), self.mail, settings)

    def send(self, notice_id: int) -> str:
        return ActivityEnvironment().run(self._activities.send_notice, notice_id)

    def notice(self, notice_id: int) -> Notice:
        with self.database.session() as session:
            return session.get_one(Notice, notice_id)

    def inbox(self) -> list[EmailMessage]:
        folder = self.settings.mail_folder / "new"
        return [
            email.message_from_bytes(each.read_bytes(), policy=email.policy.default) for each in folder.iterdir()
        ]


@pytest.fixture
def sender(database: Database, settings: Settings) -> Iterator[Sender]:
    made = Sender(database, settings)
    yield made
    made.mail.close()


@pytest.fixture
def opened(database: Database, who: Callable[..., Context]) -> int:
    """A notice that tells a customer of a backorder."""
    with database.session() as session:
        make_company(session)
        backorder = order(session, who(), plan=False)
        backorders.plan_supply(session, backorder.number, NOW)
        return session.scalars(select(Notice.id).where(Notice.kind == "opened")).one()


def test_sends_once(sender: Sender, opened: int) -> None:
    assert sender.send(opened) == "sent"
    assert sender.send(opened) == "sent"
    (mail,) = sender.inbox()
    assert mail["To"] == "nora@shop.example"
    assert mail["Message-ID"].startswith(f"<notice-{opened}.")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert sender.notice(opened).sent_at is not None


def test_an_outage_is_tried_again_with_the_same_message_id(sender: Sender, opened: int) -> None:
    outage = sender.settings.home / OUTAGE_FILE
    outage.touch()
    with pytest.raises(ApplicationError) as raised:
        sender.send(opened)
    assert not raised.value.non_retryable
    assert sender.notice(opened).last_error.startswith("451")
    outage.unlink()
    sender.now += timedelta(seconds=5)
    assert sender.send(opened) == "sent"
    assert len(sender.inbox()) == 1


def test_a_refused_address_is_a_risk_and_not_tried_again(sender: Sender, opened: int) -> None:
    with sender.database.session() as session:
        session.get_one(Notice, opened).recipient = "bounce@shop.example"
        session.commit()
    assert sender.send(opened) == "refused"
    assert sender.send(opened) == "refused"
    assert sender.inbox() == []
    with sender.database.session() as session:
        assert "550" in session.scalars(select(Backorder.notice_risk)).one()


def test_waits_for_a_sender_that_may_have_died(sender: Sender, opened: int) -> None:
    with sender.database.session() as session:
        assert notices.claim(session, opened, sender.now, sender.settings) is not None
    with pytest.raises(ApplicationError) as raised:
        sender.send(opened)
    assert notices.LEASE <= raised.value.next_retry_delay <= notices.LEASE + timedelta(seconds=5)
    sender.now += notices.LEASE + timedelta(seconds=1)
    assert sender.send(opened) == "sent"
    assert len(sender.inbox()) == 1


def test_a_notice_that_does_not_exist_is_not_tried_again(sender: Sender, opened: int) -> None:
    with pytest.raises(ApplicationError) as raised:
        sender.send(opened + 1000)
    assert raised.value.non_retryable


def test_a_kept_connection_that_was_closed_is_replaced(sender: Sender, opened: int) -> None:
    with sender.database.session() as session:
        outgoing = notices.claim(session, opened, sender.now, sender.settings)
    sender.mail.send(dataclasses.replace(outgoing, message_id="<first@portal.test>"))
    (_, connection) = sender.mail._idle[0]
    connection.sock.close()
    sender.mail.send(outgoing)
    assert len(sender.inbox()) == 2


def test_no_mail_server_is_no_refusal(database: Database, opened: int, tmp_path: Path) -> None:
    settings = Settings.load(home_environ(tmp_path))
    with database.session() as session:
        outgoing = notices.claim(session, opened, NOW, settings)
    with pytest.raises(TransportError) as raised:
        MailTransport.of(settings).send(outgoing)
    assert not raised.value.permanent


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://127.0.0.1:8025", Server("127.0.0.1", 8025, False, None, None)),
        ("smtps://mail.example", Server("mail.example", 465, True, None, None)),
        ("smtp://me%40x:p%3Aw@mail.example:587", Server("mail.example", 587, False, "me@x", "p:w")),
    ],
)
def test_reads_addresses_of_mail_servers(url: str, expected: Server) -> None:
    assert Server.of(url) == expected
    assert expected.here == (expected.host == "127.0.0.1")


def test_an_address_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="SMTP_URL"):
        Server.of("http://mail.example")
