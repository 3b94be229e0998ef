"""Chromium for the tests of the site and for paper: the system's, or playwright's own."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "no Chromium here: `apt-get install chromium`, or `.venv/bin/playwright install chromium`"


def launch(playwright: Playwright) -> Browser:
    """SystemExit where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None) or playwright.chromium.executable_path
    if not os.path.exists(path):
        raise SystemExit(MISSING)
    return playwright.chromium.launch(executable_path=path, args=FLAGS)
