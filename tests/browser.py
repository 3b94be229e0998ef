"""The browser of the tests, and what a page does in it unseen."""

import os
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tools import browser as found


def launch(playwright: Playwright) -> Browser:
    """Skips the test where there is none; fails it in CI."""
    try:
        return found.launch(playwright)
    except SystemExit as missing:
        return pytest.fail(str(missing)) if os.environ.get("CI") == "true" else pytest.skip(str(missing))


PATIENCE = 120_000  # milliseconds: long pages set hundreds of formulas, on a machine that has other work

# The theme asks for a stored theme before there is one, and says so.
_KNOWN = ("Got invalid theme mode",)


@dataclass
class Watched:
    """A page and everything it did that a reader does not see."""

    page: Page
    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def new(cls, browser: Browser, own: tuple[str, ...], **options: object) -> "Watched":
        self = cls(browser.new_context(**options).new_page())
        self.page.set_default_timeout(PATIENCE)
        self.page.on("request", lambda r: None if r.url.startswith(own) else self.foreign.append(r.url))
        self.page.on("requestfailed", lambda r: self.failed.append(r.url))
        self.page.on("response", lambda r: self.failed.append(r.url) if r.status >= 400 else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("console", lambda m: self.errors.append(m.text) if _is_error(m.type, m.text) else None)
        return self

    def open(self, url: str) -> Page:
        """Load the page and wait until MathJax has set its formulas."""
        self.page.goto(url, wait_until="load")
        self.page.wait_for_function("!window.MathJax || MathJax.startup && MathJax.startup.promise")
        self.page.evaluate("window.MathJax ? MathJax.startup.promise : 0")
        return self.page

    def nothing_amiss(self) -> None:
        assert (self.foreign, self.failed, self.errors) == ([], [], [])


def _is_error(kind: str, text: str) -> bool:
    return kind == "error" and not text.startswith(_KNOWN)
