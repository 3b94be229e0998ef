"""The browser of the tests, and what a page does in it unseen."""

import os
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
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

    def open(self, url: str, *, formulas: bool = True) -> Page:
        """Load the page and wait until its formulas are set; or load it without MathJax, in half the time."""
        if not formulas:
            self.page.route("**/mathjax/**", lambda route: route.fulfill(body="delete window.MathJax"))
        found.open_page(self.page, url)
        return self.page

    def nothing_amiss(self) -> None:
        assert (self.foreign, self.failed, self.errors) == ([], [], [])


def _is_error(kind: str, text: str) -> bool:
    return kind == "error" and not text.startswith(_KNOWN)


# What the theme's button does; the colours are there at once.
TURN = """scheme => {
    document.documentElement.dataset.theme = scheme;
    document.getAnimations().filter(a => a instanceof CSSTransition).forEach(a => a.finish());
}"""

# axe goes through everything there is, and the tens of thousands of elements that MathJax makes of a chapter's formulas
# took most of its time. A letter stands for each meanwhile, and for each listing but three, which show all its colours.
_TAKE_OUT = """() => {
    const listings = [...document.querySelectorAll('.highlight')].slice(3);
    window.out = [...document.querySelectorAll('mjx-container'), ...listings].map(e => [e, [...e.childNodes]]);
    window.out.forEach(([e]) => e.replaceChildren('x'));
}"""
_PUT_BACK = "() => window.out.forEach(([e, children]) => e.replaceChildren(...children))"


_AXE = {"resultTypes": ["violations"], "preload": False}  # style sheets need not be fetched once more


def violations(page: Page, include: tuple[str, ...] = (), **options: object) -> list[tuple[str, str]]:
    """(rule, element) for all that axe-core finds amiss on the page, or within these selectors."""
    context = {"exclude": [["mjx-container"]]} | ({"include": [[selector] for selector in include]} if include else {})
    page.evaluate(_TAKE_OUT)
    report = Axe().run(page, context=context, options=_AXE | options)
    page.evaluate(_PUT_BACK)
    found = report.response["violations"]
    return [(rule["id"], " ".join(map(str, node["target"]))) for rule in found for node in rule["nodes"]]
