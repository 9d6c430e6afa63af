"""A supplier's day in a real browser: on a phone, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.replenishment import Action, Answer, LineStatus
from portal.config import Settings
from portal.models import PurchaseOrderLine
from portal.services import answers
from portal.services.transaction import Context
from tests.browser import VIEWS, browser, check_everywhere, check_page, open_page
from tests.portal.orders.site import Site, served
from tests.portal.planning.world import World, add_asked_lines, make_world

__all__ = ["browser"]  # the fixture, wanted in this module's namespace

pytestmark = pytest.mark.browser

PHONE, DESK = VIEWS[0], VIEWS[1]
SUE = "sue@acme.example"


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session)


@pytest.fixture
def site(settings: Settings, session: Session, world: World) -> Iterator[Site]:
    with served(settings, session) as site:
        yield site


def line_of(session: Session, line_id: int) -> PurchaseOrderLine:
    session.expire_all()
    return session.get_one(PurchaseOrderLine, line_id)


def flash_says(page: Page, words: str) -> None:
    expect(page.locator("#flashes")).to_contain_text(words)


@pytest.mark.parametrize("javascript", [False, True], ids=["without scripts", "with scripts"])
def test_a_supplier_answers_on_a_phone(
    browser: Browser, site: Site, session: Session, world: World, javascript: bool
) -> None:
    accepted, split = line_of(session, world.asked), line_of(session, world.unanswered)
    number = f"{split.po_number}/{split.line_number}"
    with open_page(browser, PHONE, javascript=javascript, **site.signed_in(SUE)) as page:
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Needs your answer")
        page.get_by_role("button", name=f"Accept {accepted.po_number}/1 as requested").click()
        flash_says(page, "1 line agreed.")

        page.get_by_role("link", name=f"Answer {number}").click()
        later = (split.requested_date + timedelta(days=9)).isoformat()
        page.get_by_label("Quantity 1").fill("4")
        page.get_by_label("Quantity 2").fill("6")
        page.get_by_label("Date 2").fill(later)
        page.get_by_role("button", name="Send the proposal").click()
        expect(page.locator(".error-summary")).to_contain_text("Choose a reason.")
        expect(page.get_by_label("Date 2")).to_have_value(later)
        if javascript:
            check_page(page)
        page.get_by_label("Reason").first.select_option(label="Material shortage")
        page.get_by_role("button", name="Send the proposal").click()
        flash_says(page, "Sent to the buyer, who decides")
        expect(page.get_by_text("Your proposal waits for the buyer.")).to_be_visible()
    assert line_of(session, world.asked).status == LineStatus.CONFIRMED
    assert line_of(session, world.unanswered).status == LineStatus.AWAITING_BUYER


@pytest.mark.parametrize("javascript", [False, True], ids=["without scripts", "with scripts"])
def test_many_lines_are_answered_at_once(
    browser: Browser, site: Site, session: Session, world: World, javascript: bool
) -> None:
    add_asked_lines(session, world, world.company.acme, 3)
    with open_page(browser, DESK, javascript=javascript, **site.signed_in(SUE)) as page:
        page.goto("/supplier?tab=answer&q=MORE")
        boxes = page.get_by_role("checkbox", name="Select PO-")
        expect(boxes).to_have_count(3)
        for box in boxes.all():
            box.check()
        page.get_by_label("or move by days").fill("5")
        page.get_by_role("button", name="Propose").click()
        expect(page.locator(".error-summary")).to_contain_text("Choose a reason.")
        expect(page.get_by_label("or move by days")).to_have_value("5")
        page.get_by_label("Reason").select_option(label="No capacity")
        page.get_by_role("button", name="Propose").click()
        flash_says(page, "3 lines sent to the buyer, who decides.")
        expect(page.get_by_role("link", name="Waiting on buyer")).to_contain_text("4")
    waiting = session.scalars(
        select(PurchaseOrderLine).where(PurchaseOrderLine.status == LineStatus.AWAITING_BUYER)
    ).all()
    assert len(waiting) == 4


def test_an_open_queue_follows_what_colleagues_answer(
    browser: Browser, site: Site, session: Session, world: World
) -> None:
    line = line_of(session, world.asked)
    with open_page(browser, DESK, **site.signed_in(SUE)) as page:
        page.goto("/supplier?tab=answer")
        row = page.get_by_role("link", name=f"{line.po_number}/1", exact=True)
        expect(row).to_be_visible()
        expect(page.locator("html[data-live-by=stream]")).to_be_attached()
        answers.answer_line(session, Context("Sam", "web", world.now), line.id, Answer(Action.ACCEPT))
        expect(row).to_have_count(0)


def test_pages_are_fit_for_people(browser: Browser, site: Site, session: Session, world: World) -> None:
    signed_in = site.signed_in(SUE)
    for path in ("/supplier", "/supplier?tab=due", f"/supplier/lines/{world.proposed}"):
        check_everywhere(browser, site.address + path, **signed_in)
