"""Check the built site without a browser: every local link and anchor exists, and nothing is loaded from elsewhere."""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from tools.book import SITE

# What a browser fetches by itself when it opens the page; a plain link is the reader's own decision.
_FETCHED = {"img": "src", "script": "src", "source": "src", "iframe": "src", "audio": "src", "video": "src"}
_FETCHED_RELS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect"}


@cache
def _page(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf8"), "html.parser")


@cache
def _anchors(path: Path) -> set[str]:
    return {str(tag["id"]) for tag in _page(path).find_all(id=True)}


def _references(page: BeautifulSoup) -> Iterator[tuple[str, bool]]:
    """(address, does the browser fetch it by itself?) of everything the page points to."""
    for tag in page.find_all(["a", "link", *_FETCHED]):
        assert isinstance(tag, Tag)
        attribute = _FETCHED.get(tag.name, "href")
        if address := tag.get(attribute):
            yield str(address), tag.name in _FETCHED or bool(_FETCHED_RELS & set(tag.get("rel") or ()))


def _problem(path: Path, address: str, fetched: bool) -> str:
    parts = urlsplit(address)
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        return "is loaded from another host" if fetched else ""
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "does not exist"
    if parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in _anchors(target):
        return "has no such anchor"
    return ""


def broken(site: Path) -> list[str]:
    """One line for every link of the site that leads nowhere, or that loads from elsewhere."""
    found = []
    for path in sorted(site.rglob("*.html")):
        if "_static" in path.relative_to(site).parts:
            continue
        for address, fetched in _references(_page(path)):
            if problem := _problem(path, address, fetched):
                found.append(f"{path.relative_to(site)}: {address} {problem}")
    return found


def main() -> int:
    found = broken(SITE)
    print("\n".join(found) or "links of the site: all lead somewhere, nothing is loaded from elsewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
