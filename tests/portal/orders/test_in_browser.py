"""The customer's choices from a signed link on a phone, and taking an order: in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.links import Tracked, tracking_link
from portal.services.shipping import Parcel, ship_backorder
from tests.browser import VIEWS, browser, check_everywhere, check_page, open_page
from tests.builders import receive
from tests.portal.orders.scene import Scene, context, first_line, set_up, supplier_moves, today
from tests.portal.orders.site import Site, served

__all__ = ["browser"]  # the fixture, wanted in this module's namespace

pytestmark = pytest.mark.browser

PHONE, DESK = VIEWS[0], VIEWS[1]


@pytest.fixture
def scene(session: Session) -> Scene:
    return set_up(session)


@pytest.fixture
def site(settings: Settings, session: Session, scene: Scene) -> Iterator[Site]:
    with served(settings, session) as site:
        yield site


def link(site: Site, scene: Scene) -> str:
    return tracking_link(site.settings, Tracked(scene.backorder.customer_id, scene.number))


def cancel(page: Page) -> None:
    page.get_by_role("link", name="Cancel…").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Cancel 6")
    page.get_by_label("It would come too late").check()
    page.get_by_role("button", name="Cancel it").click()


@pytest.mark.parametrize("javascript", [False, True], ids=["without scripts", "with scripts"])
def test_a_customer_follows_a_link_and_cancels_on_a_phone(
    browser: Browser, site: Site, session: Session, scene: Scene, javascript: bool
) -> None:
    supplier_moves(session, scene, 12)
    day = supplier_moves(session, scene, 30) + timedelta(scene.company.main.handling_days)
    with open_page(browser, PHONE, javascript=javascript) as page:
        page.goto(link(site, scene))
        expect(page.get_by_text("Where is it now?")).to_be_visible()
        expect(page.locator(".answer-day time")).to_have_attribute("datetime", day.isoformat())
        expect(page.locator(".timeline-list")).to_contain_text("Our supplier moved the date (material shortage)")
        cancel(page)
        expect(page.get_by_text("We are cancelling it, and confirm by mail.")).to_be_visible()
        expect(page.get_by_text("You asked us to cancel it.")).to_be_visible()
        expect(page.get_by_role("link", name="Cancel…")).to_have_count(0)
    session.refresh(scene.backorder)
    assert scene.backorder.cancel_reason_code == "too_late"


def test_cancelling_without_a_reason_asks_for_one(browser: Browser, site: Site, scene: Scene) -> None:
    with open_page(browser, PHONE) as page:
        page.goto(link(site, scene) + "/cancel")
        page.get_by_role("button", name="Cancel it").click()
        expect(page.get_by_role("alert")).to_contain_text("Choose a reason.")
        check_page(page)
        page.get_by_role("link", name="Keep it").click()
        expect(page.get_by_text("What can I do?")).to_be_visible()


def test_the_customer_s_pages_are_fit_for_everybody(
    browser: Browser, site: Site, session: Session, scene: Scene
) -> None:
    supplier_moves(session, scene, 12)
    supplier_moves(session, scene, 30)
    nora = site.signed_in("nora@shop.example")
    check_everywhere(browser, link(site, scene))
    check_everywhere(browser, link(site, scene) + "/cancel")
    receive(session, context(), first_line(session), 6)
    ship_backorder(session, context(), scene.number, Parcel(scene.backorder.quantity, "DHL", "T-77"))
    for path in ("/my/orders", f"/my/orders/{scene.order_number}", f"/my/backorders/{scene.number}"):
        check_everywhere(browser, path, **nora)


@pytest.mark.parametrize("javascript", [False, True], ids=["without scripts", "with scripts"])
def test_an_order_of_four_lines_is_taken(
    browser: Browser, site: Site, session: Session, scene: Scene, javascript: bool
) -> None:
    day = (today() + timedelta(20)).isoformat()
    with open_page(browser, DESK, javascript=javascript, **site.signed_in("sales@staff.example")) as page:
        page.goto("/orders")
        page.get_by_role("link", name="New order").click()
        page.get_by_label("Customer", exact=True).fill("OTTO")
        page.get_by_role("button", name="Add a line").click()
        for index in range(4):
            line = page.locator(f"#lines-{index}")
            line.get_by_label("SKU").fill("SPARE-1" if index else "SPARE-2")
            line.get_by_label("Quantity").fill("3")
            line.get_by_label("Wanted on").fill(day)
        page.get_by_role("button", name="Take the order").click()
        expect(page.get_by_role("alert")).to_contain_text("There is no product SPARE-2")
        if javascript:
            check_page(page)
        page.locator("#lines-0").get_by_label("SKU").fill("WIDGET")
        page.get_by_role("button", name="Take the order").click()
        expect(page.get_by_text("is taken.")).to_be_visible()
        expect(page.get_by_text("1 of 4 lines short").or_(page.get_by_text("lines short"))).to_be_visible()


def test_the_pages_of_orders_are_fit_for_everybody(browser: Browser, site: Site, scene: Scene) -> None:
    sales = site.signed_in("sales@staff.example")
    for path in ("/orders", "/orders?state=late", "/orders/new", f"/orders/{scene.order_number}"):
        check_everywhere(browser, path, **sales)
