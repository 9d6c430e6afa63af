"""The development mail server over real SMTP."""

from __future__ import annotations

import asyncio
import email
import email.policy
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from portal.config import Settings
from tests.embedded import home_environ
from workers.devmail import OUTAGE_FILE
from workers.supervisor import probes
from workers.supervisor.supervise import NotReady


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Settings]:
    environ = home_environ(tmp_path)
    settings = Settings.load(environ)
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.devmail"], env=environ, stderr=subprocess.PIPE, text=True
    )
    try:
        assert "taking mail" in process.stderr.readline()
        yield settings
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stderr.close()


def send(settings: Settings, recipient: str) -> None:
    message = EmailMessage()
    message["Subject"] = "Neuer Termin für Auftrag 7"
    message["From"] = "promises@promiseline.example"
    message["To"] = recipient
    message.set_content("Grüße\n.\nvon uns")
    with smtplib.SMTP("127.0.0.1", settings.smtp_port, local_hostname="localhost") as client:
        client.send_message(message)


def kept(settings: Settings) -> list[EmailMessage]:
    files = sorted((settings.mail_folder / "new").iterdir())
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


def test_a_mail_is_kept_whole_with_its_envelope(server: Settings) -> None:
    send(server, "ada@customer.example")
    (mail,) = kept(server)
    assert mail["Delivered-To"] == "ada@customer.example"
    assert mail["Return-Path"] == "<promises@promiseline.example>"
    assert mail["Subject"] == "Neuer Termin für Auftrag 7"
    assert mail.get_content() == "Grüße\n.\nvon uns\n"
    assert list((server.mail_folder / "tmp").iterdir()) == []


def test_a_bouncing_address_is_refused_for_good(server: Settings) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(server, "bounce-1@customer.example")
    assert refused.value.recipients["bounce-1@customer.example"][0] == 550
    assert kept(server) == []


def test_an_outage_refuses_for_now_and_ends(server: Settings) -> None:
    outage = server.home / OUTAGE_FILE
    outage.touch()
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(server, "ada@customer.example")
    assert refused.value.recipients["ada@customer.example"][0] == 451
    outage.unlink()
    send(server, "ada@customer.example")
    assert len(kept(server)) == 1


def test_the_probe_sees_the_server(server: Settings, tmp_path: Path) -> None:
    assert asyncio.run(probes.mail(server)) == f"127.0.0.1:{server.smtp_port}"
    nobody = Settings.load(home_environ(tmp_path))
    with pytest.raises(NotReady):
        asyncio.run(probes.mail(nobody))
