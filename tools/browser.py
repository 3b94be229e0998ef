"""Chromium for the tests of the site and for paper: the system's, or playwright's own; and a server for the site."""

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Browser, Page, Playwright

from tools.book import SITE

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A page that has loaded, sends nobody on to another one, and has started MathJax or does without.
THERE = """() => document.readyState === 'complete' && !document.querySelector('meta[http-equiv="refresh" i]')
    && (!window.MathJax || MathJax.startup && MathJax.startup.promise)"""
MISSING = "no Chromium here: `apt-get install chromium`, or `.venv/bin/playwright install chromium`"


def launch(playwright: Playwright) -> Browser:
    """SystemExit where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None) or playwright.chromium.executable_path
    if not os.path.exists(path):
        raise SystemExit(MISSING)
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def open_page(page: Page, url: str) -> None:
    """Load it, follow it where it leads, and wait until MathJax, where the page has it, has set its formulas."""
    page.goto(url, wait_until="load")
    page.wait_for_function(THERE)
    page.evaluate("window.MathJax ? MathJax.startup.promise : 0")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The built site on a free port of this machine; yields its address, with a slash at the end."""
    handler = functools.partial(_Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()
