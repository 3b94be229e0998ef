"""A browser and the built site, opened from a server on this machine or straight from the disk."""

from collections.abc import Iterator

import pytest
from browser import TURN, Watched, launch
from playwright.sync_api import Browser, sync_playwright

from tools.book import SITE, pages
from tools.browser import serving


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator:
    """visit(name, **options) opens a page of the served site in a fresh context; see Watched.open for `formulas`."""
    opened: list[Watched] = []

    def open_page(name: str, base: str = server, *, formulas: bool = True, **options: object) -> Watched:
        watched = Watched.new(browser, (base, "data:", "blob:"), **options)
        opened.append(watched)
        watched.open(base + name, formulas=formulas)
        return watched

    yield open_page
    for watched in opened:
        watched.page.context.close()


GENERATED = ("search.html", "prf-prf.html")


@pytest.fixture(scope="session", params=[*(f"book/{page.stem}.html" for page in pages()), *GENERATED])
def opened(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Watched]:
    """Every page in turn, opened from the disk, where less is allowed; once for all tests that change nothing in it."""
    own = SITE.as_uri() + "/"
    watched = Watched.new(browser, (own, "data:", "blob:"))
    watched.open(own + request.param)
    yield watched
    watched.page.context.close()


@pytest.fixture
def look(opened: Watched) -> Iterator:
    """look(scheme="dark", media="print", width=320) is the page as it is seen so; afterwards it is as it was."""

    def seen(scheme: str = "light", media: str = "screen", width: int = 1280) -> object:
        opened.page.set_viewport_size({"width": width, "height": 800})
        opened.page.emulate_media(color_scheme=scheme, media=media)  # type: ignore[arg-type]
        opened.page.evaluate(TURN, scheme)
        return opened.page

    yield seen
    seen()
