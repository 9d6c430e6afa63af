"""Signing in, invitations and the pages around them, in a real browser, with scripts and without."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask_security import hash_password
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from portal.application import create_app
from portal.config import Settings
from portal.database import db, utcnow
from portal.models import Backorder, Notice, OutboxMessage
from portal.services import notices
from portal.services.outbox import post_signal
from portal.services.transaction import Context
from tests.browser import VIEWS, browser, check_everywhere, check_page, open_page
from tests.builders import add_user, make_company, order
from tests.conftest import Database
from workers.devmail import Maildir

__all__ = ["browser"]  # the fixture, wanted in this module's namespace

pytestmark = pytest.mark.browser

PASSWORD = "one long enough to use"
ADMIN, DANA = "ida@promiseline.example", "dana@acme.example"


@dataclass(frozen=True)
class Site:
    address: str
    settings: Settings
    session: Session

    def mailed_link(self) -> str:
        """The link of the newest mail about an account, on this site; sends the mail, as a worker would."""
        self.session.rollback()
        notice = self.session.scalars(select(Notice).order_by(Notice.id.desc()).limit(1)).one()
        outgoing = notices.claim(self.session, notice.id, utcnow(), self.settings)
        assert outgoing is not None
        notices.mark_sent(self.session, notice.id, utcnow())
        mail = EmailMessage()
        mail["Subject"], mail["To"], mail["From"] = outgoing.mail.subject, outgoing.recipient, outgoing.sender
        mail["Message-ID"] = outgoing.message_id
        mail.set_content(outgoing.mail.text)
        mail.add_alternative(outgoing.mail.html, subtype="html")
        Maildir(self.settings.mail_folder).keep(mail.as_bytes())
        return next(word for word in outgoing.mail.text.split() if "/reset-password/" in word)


@pytest.fixture
def site(database: Database, session: Session, tmp_path: Path, who: Any) -> Iterator[Site]:
    settings = Settings.load(
        {
            "PROMISELINE_HOME": str(tmp_path),
            "DATABASE_URL": database.url(),
            "DATABASE_WEB_URL": database.url("promiseline_web"),
            "PROMISELINE_TEMPORAL_PORT": "1",
        }
    )
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    app.config["PROMISELINE"] = settings = replace(settings, base_url=address)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    company = make_company(session)
    with app.app_context():
        hashed = hash_password(PASSWORD)
    add_user(session, ADMIN, "it_admin", password=hashed)
    add_user(session, DANA, "supplier", supplier_id=company.acme.id, password=hashed)
    _something_to_see(session, who())
    yield Site(address, settings, session)
    app.extensions["promiseline_live"].close()
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.engine.dispose()


def _something_to_see(session: Session, who: Context) -> None:
    """A dead letter, a refused notice, a workflow that stands still, a backorder without owner."""
    order(session, who)
    order(session, who, sku="GADGET")
    session.execute(update(OutboxMessage).values(delivered_at=who.now))
    session.execute(update(Backorder).values(owner_id=None, opened_at=who.now, settled_version=0))
    session.execute(
        update(Notice).where(Notice.kind == "opened").values(status="refused", last_error="550 no such mailbox")
    )
    post_signal(session, "backorder-BO-1", "supply_changed")
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.delivered_at.is_(None))
        .values(dead_at=who.now, attempts=12, last_error="the engine refused it")
    )
    session.commit()


def _sign_in(page: Page, site: Site, email: str, password: str = PASSWORD) -> None:
    page.goto(f"{site.address}/sign-in")
    page.get_by_label("Mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def _cookies(browser: Browser, site: Site, email: str) -> Any:
    with open_page(browser) as page:
        _sign_in(page, site, email)
        expect(page.get_by_role("link", name="Sign in")).to_have_count(0)
        return page.context.storage_state()


def test_pages_of_strangers_are_fit_for_people(browser: Browser, site: Site) -> None:
    for path in ("/sign-in", "/reset-password", "/help", "/dev/mail"):
        check_everywhere(browser, site.address + path)


def test_pages_of_administrators_are_fit_for_people(browser: Browser, site: Site) -> None:
    cookies = _cookies(browser, site, ADMIN)
    for path in ("/account", "/account/password", "/admin/users", "/admin/users/invite", "/admin/audit", "/ops"):
        check_everywhere(browser, site.address + path, storage_state=cookies)


@pytest.mark.parametrize("javascript", [True, False])
def test_an_invitation_leads_to_a_password_and_a_first_sign_in(
    browser: Browser, site: Site, javascript: bool
) -> None:
    with open_page(browser, javascript=javascript) as page:
        _sign_in(page, site, ADMIN)
        page.goto(f"{site.address}/admin/users/invite")
        page.get_by_label("Name").fill("Sam Smith")
        page.get_by_label("Mail address").fill("sam")
        page.get_by_label("Role").select_option("supplier")
        page.get_by_role("button", name="Send the invitation").click()
        if javascript:
            check_page(page)
        page.get_by_role("link", name="Mail address: That is not a mail address.").click()
        expect(page.get_by_label("Mail address")).to_be_focused()
        expect(page.get_by_label("Name")).to_have_value("Sam Smith")
        page.get_by_label("Mail address").fill("sam@acme.example")
        page.get_by_label("Code of the supplier").fill("ACME")
        page.get_by_role("button", name="Send the invitation").click()
        expect(page.get_by_text("Sam Smith is invited")).to_be_visible()
    link = site.mailed_link()
    with open_page(browser, VIEWS[0], javascript=javascript) as page:
        page.goto(link)
        if javascript:
            check_page(page)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("The same again").fill(PASSWORD)
        page.get_by_role("button", name="Set the password").click()
        expect(page.get_by_text("Your password is set.")).to_be_visible()
        _sign_in(page, site, "sam@acme.example")
        page.goto(f"{site.address}/account")
        expect(page.get_by_text("sam@acme.example")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_forgotten_password_is_reset_from_the_mail(browser: Browser, site: Site, javascript: bool) -> None:
    with open_page(browser, VIEWS[2], javascript=javascript) as page:
        _sign_in(page, site, DANA, "forgotten")
        expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
        if javascript:
            check_page(page)
        page.get_by_role("link", name="Forgot your password?").click()
        page.get_by_label("Mail address").fill(DANA)
        page.get_by_role("button", name="Send the link").click()
        expect(page.get_by_text("a mail with a link is on its way")).to_be_visible()
        site.mailed_link()
        page.goto(f"{site.address}/dev/mail")
        page.get_by_role("link", name="Choose a new password").click()
        if javascript:
            check_page(page)
        with page.context.expect_page() as opened:
            page.frame_locator("iframe").get_by_role("link", name="Choose a new password").click()
        reset = opened.value
        reset.get_by_label("Password", exact=True).fill("quite another password")
        reset.get_by_label("The same again").fill("quite another password")
        reset.get_by_role("button", name="Set the password").click()
        expect(reset.get_by_text("Your password is set.")).to_be_visible()
        _sign_in(reset, site, DANA, "quite another password")
        expect(reset).to_have_url(f"{site.address}/supplier")


def test_whoever_signs_out_is_out(browser: Browser, site: Site) -> None:
    with open_page(browser, javascript=False) as page:
        _sign_in(page, site, ADMIN)
        page.locator("summary.person").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto(f"{site.address}/ops")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_operator_gives_a_dead_letter_up(browser: Browser, site: Site) -> None:
    with open_page(browser, VIEWS[0]) as page:
        _sign_in(page, site, ADMIN)
        page.goto(f"{site.address}/ops")
        page.get_by_role("button", name="Discard", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        check_page(page)
        dialog.get_by_label("Why").fill("Not needed any more")
        dialog.get_by_role("button", name="Discard it").click()
        expect(page.get_by_text("The message is given up")).to_be_visible()
        expect(page.get_by_text("None. A message that the engine refuses")).to_be_visible()
