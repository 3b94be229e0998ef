"""A browser and the built site, opened from a server on this machine or straight from the disk."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browser import Watched, launch
from playwright.sync_api import Browser, sync_playwright

from tools.book import SITE


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
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
