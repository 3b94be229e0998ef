"""A browser and the built site, opened from a server on this machine or straight from the disk."""

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tools.book import SITE

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_FLAGS += ["--disable-component-update", "--disable-sync"]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

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


def _browser(playwright: Playwright) -> Browser:
    path = next(filter(None, map(shutil.which, _NAMES)), None) or playwright.chromium.executable_path
    if not os.path.exists(path):
        message = "no Chromium here: `apt-get install chromium`, or `.venv/bin/playwright install chromium`"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return playwright.chromium.launch(executable_path=path, args=_FLAGS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = _browser(playwright)
        yield browser
        browser.close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator:
    """visit(name, **options) opens a page of the served site in a fresh context."""
    opened: list[Watched] = []

    def open_page(name: str, base: str = server, **options: object) -> Watched:
        watched = Watched.new(browser, (base, "data:", "blob:"), **options)
        opened.append(watched)
        watched.open(base + name)
        return watched

    yield open_page
    for watched in opened:
        watched.page.context.close()
