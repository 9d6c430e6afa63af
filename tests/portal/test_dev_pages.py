"""The pages for those who build; not there in production."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.application import create_app
from portal.config import Settings
from portal.database import db
from workers.devmail import Maildir


@pytest.fixture
def development(settings: Settings, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(replace(settings, environment="development", home=tmp_path))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def client(development: Flask) -> FlaskClient:
    return development.test_client()


def _keep(folder: Path, subject: str, recipient: str, html: str = "<p>Hello</p>") -> str:
    message = EmailMessage()
    message["Subject"], message["To"], message["From"] = subject, recipient, "us@promiseline.example"
    message["Message-ID"] = make_msgid(domain="promiseline.example")
    message.set_content("Choose: http://127.0.0.1/reset-password/abc")
    message.add_alternative(html, subtype="html")
    return Maildir(folder).keep(f"Delivered-To: {recipient}\n".encode() + message.as_bytes())


def test_in_production_there_is_nothing(app: Flask) -> None:
    for path in ("/dev/mail", "/dev/mail/1.P1Q1.promiseline", "/dev/components"):
        assert app.test_client().get(path).status_code == 404


def test_mails_are_listed_newest_first_and_found_by_recipient(client: FlaskClient, tmp_path: Path) -> None:
    assert "No mail" in client.get("/dev/mail").text
    _keep(tmp_path / "mail", "First", "dana@acme.example")
    _keep(tmp_path / "mail", "Über die Straße", "nils@shop.example")
    page = client.get("/dev/mail").text
    assert page.index("Über die Straße") < page.index("First")
    page = client.get("/dev/mail?to=DANA").text
    assert "First" in page
    assert "Straße" not in page


def test_a_mail_is_shown_as_text_and_in_a_sandbox(client: FlaskClient, tmp_path: Path) -> None:
    name = _keep(tmp_path / "mail", "<b>Bold</b>", "x@y.example", "<script>alert(1)</script><p>Dear</p>")
    page = client.get(f"/dev/mail/{name}").text
    assert "&lt;b&gt;Bold" in page
    assert 'href="http://127.0.0.1/reset-password/abc"' in page
    assert "alert(1)" not in page
    html = client.get(f"/dev/mail/{name}/html")
    policy = html.headers["Content-Security-Policy"]
    assert "<p>Dear</p>" in html.text
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy


@pytest.mark.parametrize("name", ["..", "..%2f..%2fsecrets.json", "1.P1Q1.promiseline", "x", "%00"])
def test_nothing_but_mails_is_read(client: FlaskClient, tmp_path: Path, name: str) -> None:
    _keep(tmp_path / "mail", "First", "dana@acme.example")
    assert client.get(f"/dev/mail/{name}").status_code == 404
    assert client.get(f"/dev/mail/{name}/html").status_code == 404


def test_every_component_is_on_one_page(client: FlaskClient) -> None:
    assert client.get("/dev/components").status_code == 200
