"""The page to read the API in, in a real browser under the strict policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from tests.browser import VIEWS, browser, check_page, open_page

__all__ = ["browser"]  # the fixture, wanted in this module's namespace

pytestmark = pytest.mark.browser


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_api_is_browsable(browser: Browser, address: str) -> None:
    for view in VIEWS:
        with open_page(browser, view) as page:
            page.goto(f"{address}/api/docs")
            expect(page.locator("#operations-Backorders-cancel_backorder")).to_be_visible()
            check_page(page)
            order = page.locator("#operations-Orders-create_order")
            order.locator("button.opblock-summary-control").click()
            expect(order.get_by_text("Idempotency-Key").first).to_be_visible()
            check_page(page)
