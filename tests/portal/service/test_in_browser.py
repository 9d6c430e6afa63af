"""A service call, from the question to the answer and the cancellation, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.models import Backorder
from tests.browser import VIEWS, browser, check_everywhere, open_page
from tests.portal.orders.scene import Scene, set_up, supplier_moves, today
from tests.portal.orders.site import Site, served

__all__ = ["browser"]  # the fixture, wanted in this module's namespace

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(session: Session) -> Scene:
    return set_up(session)


@pytest.fixture
def site(settings: Settings, session: Session, scene: Scene) -> Iterator[Site]:
    with served(settings, session) as site:
        yield site


@pytest.mark.parametrize("javascript", [False, True], ids=["without scripts", "with scripts"])
def test_a_call_is_answered_and_the_order_cancelled(
    browser: Browser, site: Site, session: Session, scene: Scene, javascript: bool
) -> None:
    supplier_moves(session, scene, 12)
    supplier_moves(session, scene, 30)
    service = site.signed_in("customer_service@staff.example")
    with open_page(browser, VIEWS[1], javascript=javascript, **service) as page:
        page.goto("/service")
        box = page.get_by_label("What is the call about?").and_(page.locator("input"))
        if javascript:
            expect(box).to_be_focused()
        box.fill("nora")
        box.press("Enter")
        answer = page.get_by_role("article", name=scene.number)
        expect(answer).to_contain_text("The supplier moved the date (material shortage)")
        expect(answer).to_contain_text("Spare widget")
        expect(answer).to_contain_text("now expected")
        expect(page.get_by_role("article")).to_have_count(1)
        answer.get_by_role("link", name="Cancel for the customer…").click()
        expect(page.get_by_text("will not be delivered to Nora Shop")).to_be_visible()
        page.get_by_label("The customer asked").check()
        page.get_by_role("button", name="Cancel the backorder").click()
        expect(page.get_by_text("is being cancelled; the customer gets a mail.")).to_be_visible()
    session.refresh(scene.backorder)
    assert scene.backorder.cancel_reason_code == "customer_request"


def test_the_box_in_the_top_bar_finds_a_number(browser: Browser, site: Site, scene: Scene) -> None:
    with open_page(browser, VIEWS[1], **site.signed_in("sales@staff.example")) as page:
        page.goto("/service?concern=late")
        page.locator("html[data-ready]").wait_for()
        page.get_by_role("heading", level=1).click()
        page.keyboard.press("/")
        page.keyboard.type(scene.order_number.lower())
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{site.address}/orders/{scene.order_number}")


def test_the_service_desk_is_fit_for_everybody(
    browser: Browser, site: Site, session: Session, scene: Scene
) -> None:
    supplier_moves(session, scene, 12)
    supplier_moves(session, scene, 30)
    session.execute(
        update(Backorder)
        .where(Backorder.id == scene.backorder.id)
        .values(notice_risk="Mail was refused", promised_date=today(), told_date=None)
    )
    session.commit()
    service = site.signed_in("customer_service@staff.example")
    for path in (
        "/service",
        "/service?q=widget",
        "/service?q=nothing",
        "/service/customers/NORA",
        f"/service/backorders/{scene.number}/cancel",
        "/search?q=wid",
        "/search",
    ):
        check_everywhere(browser, path, **service)
