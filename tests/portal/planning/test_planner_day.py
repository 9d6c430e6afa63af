"""A planner's day in a real browser, and every page of our own people under axe and the policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.replenishment import LineStatus
from portal.config import Settings
from portal.models import Backorder, PurchaseOrderLine
from tests.browser import VIEWS, browser, check_everywhere, open_page
from tests.portal.orders.site import Site, served
from tests.portal.planning.world import World, address_of

__all__ = ["browser"]  # the fixture, wanted in this module's namespace

pytestmark = pytest.mark.browser

PHONE, DESK = VIEWS[0], VIEWS[1]


@pytest.fixture
def site(settings: Settings, session: Session, world: World) -> Iterator[Site]:
    with served(settings, session) as site:
        yield site


@pytest.mark.parametrize(
    ("view", "javascript"), [(PHONE, False), (DESK, True)], ids=["phone without scripts", "desk with scripts"]
)
def test_a_planner_decides_orders_and_cancels(
    browser: Browser, site: Site, session: Session, world: World, view: object, javascript: bool
) -> None:
    proposed = session.get_one(PurchaseOrderLine, world.proposed)
    with open_page(browser, view, javascript=javascript, **site.signed_in(address_of("buyer"))) as page:
        page.goto("/planning")
        parts = page.get_by_role("navigation", name="Parts of this list")
        parts.get_by_role("link", name="To decide").click()
        page.get_by_role("button", name="Turn down").click()
        expect(page.locator(".error-summary")).to_contain_text("Say why")
        page.get_by_label("Reason").fill("We need it in December")
        page.get_by_role("button", name="Turn down").click()
        expect(page.locator("#flashes")).to_contain_text("turned down; the supplier is asked again")

        parts.get_by_role("link", name="Uncovered").click()
        page.get_by_role("link", name="Order supply").click()
        expect(page.get_by_label("SKU", exact=True)).to_have_value("GADGET")
        page.get_by_label("Supplier's code").fill("ACME")
        page.get_by_label("Wanted on").fill((world.now.date() + timedelta(days=9)).isoformat())
        page.get_by_role("button", name="Order it").click()
        expect(page.locator("#flashes")).to_contain_text("covers 1 backorder.")
        page.get_by_role("link", name=world.uncovered).click()

        expect(page.get_by_role("heading", level=1)).to_contain_text(world.uncovered)
        page.get_by_role("link", name="Cancel").click()
        expect(page.get_by_role("main")).to_contain_text("is free for others")
        page.get_by_label("Why").select_option(label="The customer asked")
        page.get_by_role("button", name="Cancel the backorder").click()
        expect(page.locator("#flashes")).to_contain_text("is being cancelled")
    session.expire_all()
    assert proposed.status == LineStatus.AWAITING_SUPPLIER
    cancelled = session.scalars(select(Backorder).where(Backorder.number == world.uncovered)).one()
    assert cancelled.cancel_reason_code == "customer_request"


def test_pages_are_fit_for_people(browser: Browser, site: Site, session: Session, world: World) -> None:
    proposed = session.get_one(PurchaseOrderLine, world.proposed)
    signed_in = site.signed_in(address_of("buyer"))
    for path in (
        "/planning",
        "/planning?tab=proposed",
        "/planning?tab=bottlenecks",
        "/planning/lines",
        f"/planning/order?backorder={world.uncovered}",
        "/planning/suppliers/ACME",
        f"/purchase-orders/{proposed.po_number}/{proposed.line_number}",
        "/backorders",
        f"/backorders/{world.allocated}",
        f"/backorders/{world.slipped}",
        f"/backorders/{world.allocated}/cancel",
        "/products/HOSE",
    ):
        check_everywhere(browser, site.address + path, **signed_in)
