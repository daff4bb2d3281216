"""/docs in a real browser that reaches nobody but this server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from api.settings import ApiSettings
from core.database import SessionFactory
from tests.integration.api.conftest import OWNER, issue_key
from tests.integration.api.live import LiveApi, served

NAMED: Final = "CALLSCRIBE_TEST_BROWSER"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NOWHERE: Final = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
VIOLATIONS: Final = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
        window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
    });
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = os.environ.get(NAMED) or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"There is no Chromium or Chrome on the PATH, and {NAMED} names none.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[NOWHERE])
        yield browser
        browser.close()


@pytest.fixture
def api(api_settings: ApiSettings, sessions: SessionFactory) -> Iterator[LiveApi]:
    with served(api_settings, issue_key(sessions, OWNER)) as api:
        yield api


class Visit:
    """A page with all that it asked for and complained of."""

    def __init__(self, page: Page, api: LiveApi) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.add_init_script(VIOLATIONS)
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(f"http://127.0.0.1:{api.port}/docs")

    def try_out(self, operation: str, *, key: str) -> str:
        """Status of what Swagger UI was answered."""
        self.page.get_by_role("button", name="Authorize").click()
        self.page.get_by_label("auth-bearer-value").fill(key)
        self.page.get_by_role("button", name="Apply credentials").click()
        self.page.get_by_role("button", name="Close", exact=True).click()
        block = self.page.locator(f"#operations-{operation}")
        block.locator(".opblock-summary").click()
        block.get_by_role("button", name="Try it out").click()
        block.get_by_role("button", name="Execute").click()
        return block.locator(".live-responses-table tbody .response-col_status").first.inner_text()

    @property
    def violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.violations")
        return found


def test_the_page_shows_the_api_and_asks_it_without_anybody_else(browser: Browser, api: LiveApi) -> None:
    visit = Visit(browser.new_page(), api)

    status = visit.try_out("models-list_models_v1_models_get", key=api.key)

    assert status == "200"
    assert visit.page.locator(".opblock").count() > 30
    assert [
        url for url in visit.asked if not url.startswith((f"http://127.0.0.1:{api.port}/", "data:"))
    ] == []
    assert (visit.violations, visit.complaints) == ([], [])
