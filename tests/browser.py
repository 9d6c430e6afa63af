"""The browser test kit: a real Chromium, the axe rules and a trap for violations of the security policy.

    def test_page(browser, server):
        check_everywhere(browser, f"{server}/supplier")

Never wait with page.wait_for_function: it needs eval, which the policy refuses. Use locators and expect.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
BLOCKING = {"serious", "critical"}

# A binding outlives navigation, so that a violation on any page of a walk is kept.
TRAP = """
document.addEventListener("securitypolicyviolation", (event) => {
  window.reportToTest(`${event.violatedDirective} refused ${event.blockedURI || "inline"}: ${event.sample}`);
});
"""


@dataclass(frozen=True)
class View:
    """One way to look at a page. Width is in CSS pixels."""

    theme: str
    width: int

    @property
    def height(self) -> int:
        return 844 if self.width < 600 else 900


VIEWS = tuple(View(theme, width) for theme in ("light", "dark") for width in (390, 1280))

_problems: WeakKeyDictionary[Page, list[str]] = WeakKeyDictionary()


def chromium_path() -> str | None:
    given = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, NAMES)), None)
    return given if given and os.access(given, os.X_OK) else None


# Playwright's loop counts as running in this thread until it is stopped, and no asynchronous test can run
# meanwhile: so one Chromium (half a second) for each module, and none for the whole run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for a module without asynchronous tests. Where there is none the tests fail if
    PROMISELINE_REQUIRE_BROWSER is 1, and else are skipped, loudly."""
    path = chromium_path()
    if path is None:
        message = "NO CHROMIUM WAS FOUND, so this page was not tested: install it or set CHROMIUM_PATH"
        if os.environ.get("PROMISELINE_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with launch(path) as started:
        yield started


@contextmanager
def launch(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield started
        finally:
            started.close()


@contextmanager
def open_page(
    browser: Browser, view: View = VIEWS[1], *, javascript: bool = True, **context: Any
) -> Iterator[Page]:
    """A page in a context of its own, with the traps set. `context` goes to Browser.new_context
    (storage_state, say, to stay signed in, or base_url)."""
    opened = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme=view.theme,
        reduced_motion="reduce",
        java_script_enabled=javascript,
        service_workers="block",
        **context,
    )
    problems: list[str] = []
    opened.expose_binding("reportToTest", lambda _source, text: problems.append(f"policy: {text}"))
    opened.add_init_script(TRAP)
    page = opened.new_page()
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    _problems[page] = problems
    try:
        yield page
    finally:
        opened.close()


def check_page(page: Page) -> None:
    """Fail on a serious or critical axe finding, a refused resource, a script error or sideways scrolling."""
    result = Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
    findings = [
        f"{finding['impact']} {finding['id']}: {finding['help']}\n" + "\n".join(_where(finding))
        for finding in result.response["violations"]
        if finding["impact"] in BLOCKING
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        findings.append(f"the page scrolls sideways by {wide} px")
    problems = findings + _problems[page]
    assert not problems, f"{page.url} is not fit for people:\n" + "\n".join(problems)


def _where(finding: dict[str, Any]) -> list[str]:
    return [
        f"    {node['html'][:160]}\n      {' '.join(node.get('failureSummary', '').split())}"
        for node in finding["nodes"][:5]
    ]


def check_everywhere(browser: Browser, url: str, **context: Any) -> None:
    """Check the page at `url` in light and dark, on a phone and on a desk."""
    for view in VIEWS:
        with open_page(browser, view, **context) as page:
            answer = page.goto(url)
            assert answer is not None, f"{url} gave no answer"
            assert answer.ok, f"{url} answered {answer.status}"
            check_page(page)
