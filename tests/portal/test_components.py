"""The page of all components, in a real browser under the real policy, with and without scripts."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path

import pytest
from flask import Flask, Response, flash, render_template, render_template_string, request
from flask_wtf import CSRFProtect
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from portal import presentation, showcase
from tests.browser import VIEWS, browser, check_everywhere, check_page, open_page

__all__ = ["browser"]  # the fixture, wanted in this module's namespace

ROOT = Path(presentation.__file__).parents[1]
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
LIVE_PAGE = """{% extends "base.html" %}{% block title %}Live{% endblock %}{% block content %}
<div id="orders" data-live="orders"><p>Version {{ version }}</p><input aria-label="Note" value=""></div>
{% endblock %}"""
HTMX_PAGE = """{% extends "base.html" %}{% block title %}htmx{% endblock %}{% block content %}
<button class="btn" hx-post="/htmx" hx-target="#answer">Send</button><div id="answer"></div>
{% endblock %}"""
_ANSWER = {
    "200": {
        "description": "The orders",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
    }
}
_NUMBER = {"name": "number", "in": "path", "required": True, "schema": {"type": "string"}}
OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "Orders", "version": "1"},
    "paths": {
        "/orders/{number}": {
            method: {"summary": method.title(), "parameters": [_NUMBER], "responses": _ANSWER}
            for method in ("get", "post", "put", "patch", "delete")
        }
    },
    "components": {
        "schemas": {
            "Order": {"type": "object", "properties": {"quantity": {"type": "integer", "format": "int32"}}}
        },
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
    "security": [{"token": []}],
}
CODES = (400, 403, 404, 409, 429, 500)

pytestmark = pytest.mark.browser


@dataclass
class Stage:
    """A server that shows our templates, and what the tests turn on it."""

    address: str = ""
    version: int = 1
    streams: bool = True
    posted: list[dict[str, str]] = field(default_factory=list)
    listeners: list[queue.SimpleQueue[str | None]] = field(default_factory=list)

    def say(self, topic: str | None) -> None:
        for listener in self.listeners:
            listener.put(topic)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    server = make_server("127.0.0.1", 0, _app(stage), threaded=True)
    stage.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield stage
    stage.say(None)
    server.shutdown()
    thread.join()
    server.server_close()


def _app(stage: Stage) -> Flask:
    app = Flask("stage", template_folder=str(ROOT / "templates"), static_folder=None)
    app.secret_key = "for the session cookie of a test"
    CSRFProtect(app)
    presentation.register(app)

    # From memory: Flask leaves a file open when a browser goes away in the middle of it.
    @app.get("/static/<path:filename>", endpoint="static")
    def static(filename: str) -> Response:
        content = (presentation.STATIC / filename).read_bytes()
        return Response(content, mimetype=guess_type(filename)[0])

    @app.context_processor
    def shell() -> dict[str, object]:
        if "stranger" in request.args:
            return {"shell": {"sign_in": "/sign-in", "help": "/help"}}
        item = {"label": "Lines", "href": "/", "icon": "list-checks", "active": True, "count": 12}
        return {
            "shell": {
                "user": {"name": "Dana Field", "role": "Supplier"},
                "home": "/",
                "nav": [item],
                "search_action": "/search",
                "notices": {"href": "/notices", "count": 3},
                "account": "/account",
                "sign_out": "/sign-out",
                "help": "/help",
                "events": "/events",
            }
        }

    @app.route("/", methods=["GET", "POST"])
    def components() -> str:
        if request.method == "POST":
            stage.posted.append({name: ",".join(values) for name, values in request.form.lists()})
        flash("Saved.", "success")
        flash("Refused.", "error")
        return render_template("dev/components.html", **showcase.context(datetime.now(UTC)))

    @app.get("/live")
    def live() -> str:
        return render_template_string(LIVE_PAGE, version=stage.version)

    @app.route("/htmx", methods=["GET", "POST"])
    def htmx() -> str:
        return "<p>Done</p>" if request.method == "POST" else render_template_string(HTMX_PAGE)

    @app.get("/events")
    def events() -> Response:
        if not stage.streams:
            return Response(status=204)
        heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        stage.listeners.append(heard)

        def stream() -> Iterator[str]:
            yield ": listening\n\n"
            while (topic := heard.get()) is not None:
                yield f"event: {topic}\ndata: {{}}\n\n"

        return Response(stream(), mimetype="text/event-stream")

    @app.get("/api-docs")
    def api_docs() -> str:
        return render_template("api/docs.html", specification="/openapi.json")

    @app.get("/openapi.json")
    def openapi() -> dict[str, object]:
        return OPENAPI

    @app.get("/errors/<int:code>")
    def error(code: int) -> str:
        return render_template(f"errors/{code}.html", detail="Line 3 is closed.")

    @app.after_request
    def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return app


@pytest.mark.parametrize("path", ["/", "/live", "/live?stranger=1"])
def test_pages_are_fit_for_people(browser: Browser, stage: Stage, path: str) -> None:
    check_everywhere(browser, stage.address + path)


@pytest.mark.parametrize("code", CODES)
def test_an_error_is_a_page_for_people_and_a_fragment_for_htmx(browser: Browser, stage: Stage, code: int) -> None:
    with open_page(browser) as page:
        page.goto(f"{stage.address}/errors/{code}")
        check_page(page)
        expect(page.get_by_text("Line 3 is closed.")).to_be_visible()
        fragment = page.request.get(f"{stage.address}/errors/{code}", headers={"HX-Request": "true"}).text()
    assert fragment.strip().startswith('<div class="flash')
    assert "Line 3 is closed." in fragment
    assert "<html" not in fragment


def test_the_kit_sees_what_is_wrong(browser: Browser, stage: Stage) -> None:
    with open_page(browser) as page:
        page.goto(stage.address + "/live")
        page.evaluate(
            "document.querySelector('#orders').insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')"
        )
        with pytest.raises(AssertionError, match="policy: style-src"):
            check_page(page)
    with open_page(browser) as page:
        page.goto(stage.address + "/live")
        page.evaluate("document.querySelector('#orders input').removeAttribute('aria-label')")
        with pytest.raises(AssertionError, match="critical label"):
            check_page(page)
    with open_page(browser) as page:
        page.goto(stage.address + "/live")
        page.evaluate("document.querySelector('#orders').style.width = '3000px'")
        with pytest.raises(AssertionError, match="scrolls sideways"):
            check_page(page)


def test_open_menu_and_open_dialog_are_accessible_too(browser: Browser, stage: Stage) -> None:
    for view in (VIEWS[0], VIEWS[3]):
        with open_page(browser, view) as page:
            page.goto(stage.address)
            page.locator("summary.person").click()
            expect(page.get_by_text("Sign out")).to_be_visible()
            check_page(page)
            page.keyboard.press("Escape")
            expect(page.get_by_text("Sign out")).to_be_hidden()
            page.get_by_role("button", name="Cancel", exact=True).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            check_page(page)


def test_keys_walk_the_queue_and_tick_rows(browser: Browser, stage: Stage) -> None:
    with open_page(browser) as page:
        _ready(page, stage.address)
        page.keyboard.press("/")
        expect(page.locator("#search")).to_be_focused()
        page.keyboard.type("jk")  # letters typed into a field are letters
        expect(page.locator("#search")).to_have_value("jk")
        page.locator("main").focus()
        for key, number in (("j", "PO-4500/10"), ("j", "PO-4501/10"), ("k", "PO-4500/10"), ("k", "PO-4500/10")):
            page.keyboard.press(key)
            expect(page.get_by_role("link", name=number)).to_be_focused()
        page.keyboard.press("x")
        expect(page.get_by_label("Select PO-4500/10")).to_be_checked()
        expect(page.locator("[data-bulk-count]")).to_have_text("1 selected")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?line=1")


def test_keys_can_be_turned_off(browser: Browser, stage: Stage) -> None:
    with open_page(browser) as page:
        _ready(page, stage.address)
        page.locator("summary.person").click()
        page.get_by_label("Keyboard").uncheck()
        _ready(page, stage.address)
        page.locator("main").focus()
        page.keyboard.press("j")
        expect(page.locator("main")).to_be_focused()


def test_many_rows_are_sent_with_the_bars_own_fields(browser: Browser, stage: Stage) -> None:
    with open_page(browser) as page:
        _ready(page, stage.address)
        bar = page.locator("[data-bulk]")
        expect(bar).to_be_hidden()
        page.get_by_label("Select all on this page").check()
        expect(page.locator("[data-bulk-count]")).to_have_text("5 selected")
        bar.get_by_role("button", name="Clear").click()
        expect(bar).to_be_hidden()
        page.get_by_label("Select PO-4501/10").check()
        page.get_by_label("Select PO-4503/10").check()
        expect(page.get_by_label("Select all on this page")).not_to_be_checked()
        bar.get_by_role("button", name="Accept as asked").click()
        page.wait_for_load_state()
    assert [sent["selected"] for sent in stage.posted] == ["2,4"]


def test_the_bulk_bar_never_hides_the_row_in_focus(browser: Browser, stage: Stage) -> None:
    with open_page(browser, VIEWS[0]) as page:
        _ready(page, stage.address)
        page.get_by_label("Select PO-4500/10").check()
        for number in range(4500, 4505):
            row = page.get_by_label(f"Select PO-{number}/10")
            row.focus()
            box, bar = row.bounding_box(), page.locator("[data-bulk]").bounding_box()
            assert box is not None
            assert bar is not None
            assert box["y"] + box["height"] <= bar["y"] or box["y"] >= bar["y"] + bar["height"], number


def test_without_scripts_rows_dialogs_and_menus_still_work(browser: Browser, stage: Stage) -> None:
    with open_page(browser, javascript=False) as page:
        page.goto(stage.address)
        page.get_by_label("Select PO-4501/10").check()
        page.get_by_role("button", name="Accept as asked").click()
        assert stage.posted[-1]["selected"] == "2"
        page.locator("summary.person").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        expect(page.locator("[data-theme-choice]").first).to_be_hidden()
        page.locator("summary.person").click()
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_label("Why").fill("Ordered twice")
        page.get_by_role("button", name="Cancel the backorder").click()
        assert stage.posted[-1]["reason_text"] == "Ordered twice"


def test_the_theme_is_kept(browser: Browser, stage: Stage) -> None:
    with open_page(browser) as page:
        _ready(page, stage.address)
        page.locator("summary.person").click()
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        _ready(page, stage.address)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_live_part_follows_the_stream_and_leaves_what_is_being_typed_alone(
    browser: Browser, stage: Stage
) -> None:
    with open_page(browser) as page:
        page.goto(stage.address + "/live")
        expect(page.locator("html")).to_have_attribute("data-live-by", "stream")
        stage.version = 2
        stage.say("orders")
        expect(page.get_by_text("Version 2")).to_be_visible()
        page.get_by_label("Note").fill("half a sent")
        stage.version = 3
        stage.say("orders")
        show = page.get_by_role("button", name="Show")
        expect(show).to_be_visible()
        expect(page.get_by_label("Note")).to_have_value("half a sent")
        expect(page.get_by_text("Version 2")).to_be_visible()
        show.click()
        expect(page.get_by_text("Version 3")).to_be_visible()
        expect(show).to_be_hidden()
        check_page(page)


def test_what_htmx_posts_carries_the_token(browser: Browser, stage: Stage) -> None:
    with open_page(browser) as page:
        page.goto(stage.address + "/htmx")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer")).to_have_text("Done")
        check_page(page)


def test_a_live_part_polls_where_there_is_no_stream(browser: Browser, stage: Stage) -> None:
    stage.streams = False
    with open_page(browser) as page:
        page.clock.install()
        page.goto(stage.address + "/live")
        expect(page.locator("html")).to_have_attribute("data-live-by", "polling")
        stage.version = 2
        page.clock.run_for(21_000)
        expect(page.get_by_text("Version 2")).to_be_visible()


def test_the_api_is_browsable_under_the_policy(browser: Browser, stage: Stage) -> None:
    with open_page(browser) as page:
        page.goto(stage.address + "/api-docs")
        check_page(page)
        for method in ("get", "post", "put", "patch", "delete"):
            page.locator(f".opblock-{method} .opblock-summary-control").click()
            expect(page.locator(f".opblock-{method} .parameters")).to_be_visible()
        check_page(page)


def _ready(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("html")).to_have_attribute("data-ready", "true")
