"""A day in the warehouse, with a scanner that types like a keyboard, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.models import PurchaseOrderSchedule, Receipt
from portal.services import allocation
from tests.browser import VIEWS, browser, check_everywhere, check_page, open_page
from tests.builders import order
from tests.portal.orders.scene import Scene, context, open_list, set_up, today
from tests.portal.orders.site import Site, served
from workflows.contract import AllocationJob

__all__ = ["browser"]  # the fixture, wanted in this module's namespace

pytestmark = pytest.mark.browser

PHONE = VIEWS[0]


@pytest.fixture
def scene(session: Session) -> Scene:
    scene = set_up(session)
    order(session, context(), "OTTO", 2, sku="SPARE-1")
    session.execute(update(PurchaseOrderSchedule).values(due_date=today() - timedelta(1)))
    session.commit()
    return scene


@pytest.fixture
def site(settings: Settings, session: Session, scene: Scene) -> Iterator[Site]:
    with served(settings, session) as site:
        yield site


def allocate(session: Session) -> None:
    """Decide who gets what was received, as the allocation workflow would."""
    session.rollback()
    receipt = session.scalars(select(Receipt)).one()
    line = receipt.line
    job = AllocationJob(f"receipt-{receipt.number}", "WIDGET", "MAIN", line.po_number, line.line_number)
    allocation.allocate_goods(session, job, context().now)


@pytest.mark.parametrize("javascript", [False, True], ids=["without scripts", "with scripts"])
def test_a_day_from_the_door_to_the_customer(
    browser: Browser, site: Site, session: Session, scene: Scene, javascript: bool
) -> None:
    worker = site.signed_in("fulfilment@staff.example")
    with open_page(browser, PHONE, javascript=javascript, **worker) as page:
        page.goto("/warehouse")
        page.get_by_role("button", name="Receive").first.click()
        expect(page.get_by_text("received. It is being allocated.")).to_be_visible()
        allocate(session)
        page.get_by_role("link", name="Received", exact=True).click()
        expect(page.get_by_text(scene.number)).to_be_visible()

        page.get_by_role("link", name="Pick lists").first.click()
        page.get_by_role("link", name=open_list(session).number).click()
        page.get_by_role("button", name="Start picking").click()
        scanner = page.get_by_label("Scan or type a SKU")

        def scan(code: str) -> None:
            if javascript:  # what a scanner types goes where the focus is
                page.locator("html[data-ready]").wait_for()
                expect(scanner).to_be_focused()
                page.keyboard.type(code)
                page.keyboard.press("Enter")
            else:
                scanner.fill(code)
                scanner.press("Enter")

        scan("GADGET")
        expect(page.get_by_role("alert")).to_contain_text("GADGET is not on this list. Put it back")
        if javascript:
            check_page(page)
        for code, said in (("WIDGET", "Picked: 6"), ("spare-1", "Picked: 2"), ("WIDGET", "Picked: 4")):
            scan(code)
            expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
        expect(scanner).to_have_count(0)  # nothing is left to scan

        first = page.locator(".pick-line").filter(has_text=scene.number)
        first.get_by_role("button", name="Packed").click()
        first.get_by_label("Carrier").fill("DHL")
        first.get_by_label("Tracking number").fill("T-100")
        first.get_by_role("button", name="Ship").click()
        expect(page.get_by_text("has left with DHL")).to_be_visible()
        expect(page.locator(".pick-line")).to_have_count(2)

        page.goto("/warehouse/handed-over")
        expect(page.get_by_text("T-100")).to_be_visible()
        page.get_by_role("button", name="has been delivered").click()
        expect(page.get_by_text("Nothing is on its way")).to_be_visible()
    session.refresh(scene.backorder)
    assert scene.backorder.status == "delivered"


def test_the_list_of_another_scanner_is_seen_at_once(
    browser: Browser, site: Site, session: Session, scene: Scene
) -> None:
    """Two people share a list; what one picks is gone from the other's screen without a reload."""
    worker = site.signed_in("fulfilment@staff.example")
    number = open_list(session).number
    with open_page(browser, **worker) as mine, open_page(browser, **worker) as theirs:
        mine.goto(f"/warehouse/pick-lists/{number}")
        mine.get_by_role("button", name="Start picking").click()
        theirs.goto(f"/warehouse/pick-lists/{number}")
        theirs.locator("html[data-live-by=stream]").wait_for()
        mine.keyboard.type("SPARE-1")
        mine.keyboard.press("Enter")
        line = theirs.locator(".pick-line").filter(has_text="SPARE-1")
        expect(line.get_by_role("button", name="Packed")).to_be_visible()


def test_a_pick_list_goes_on_paper(browser: Browser, site: Site, session: Session, scene: Scene) -> None:
    worker = site.signed_in("fulfilment@staff.example")
    number = open_list(session).number
    with open_page(browser, VIEWS[1], **worker) as page:
        page.goto(f"/warehouse/pick-lists/{number}")
        page.get_by_role("button", name="Start picking").click()
        expect(page.get_by_label("Scan or type a SKU")).to_be_visible()
        page.emulate_media(media="print")
        for hidden in (
            page.get_by_label("Scan or type a SKU"),
            page.locator(".sidebar"),
            page.locator(".pick-act").first,
        ):
            expect(hidden).to_be_hidden()
        expect(page.locator(".pick-box").first).to_be_visible()
        expect(page.get_by_text("SPARE-1")).to_be_visible()


def test_the_warehouse_is_fit_for_everybody(browser: Browser, site: Site, session: Session, scene: Scene) -> None:
    worker = site.signed_in("warehouse_manager@staff.example")
    number = open_list(session).number
    for path in ("/warehouse", "/warehouse/received", "/warehouse/pick-lists", f"/warehouse/pick-lists/{number}"):
        check_everywhere(browser, path, **worker)
    with open_page(browser, PHONE, **worker) as page:
        page.goto(f"/warehouse/pick-lists/{number}")
        page.get_by_role("button", name="Start picking").click()
        page.get_by_role("button", name="Picked: Widget").click()
        page.get_by_role("button", name="Ship").click()
        expect(page.get_by_role("alert")).to_contain_text("Name the carrier.")
        check_page(page)
    for path in ("/warehouse/to-ship", f"/warehouse/pick-lists/{number}", "/warehouse/handed-over"):
        check_everywhere(browser, path, **worker)
