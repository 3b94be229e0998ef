"""What every label of the book is called, counted as the site counts: "Figure 1.2", "(2.3)", "Exercise 2.1"."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.book import numbers, pages, site_url
from tools.cache import read
from tools.myst import LABELLED_MATH, TARGET, Fence, blocks

PROOF_KINDS = ("theorem", "lemma", "corollary", "proposition", "definition", "remark", "example", "algorithm")
_NAMES = {"equation": "({})", "figure": "Figure {}", "exercise": "Exercise {}"}
_NAMES |= {f"prf:{kind}": f"{kind.capitalize()} {{}}" for kind in PROOF_KINDS}
_DIRECTIVES = {"math": "equation", "figure": "figure", "exercise": "exercise", "exercise-start": "exercise"}
_DIRECTIVES |= {f"prf:{kind}": f"prf:{kind}" for kind in PROOF_KINDS}
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Label:
    page: Path
    text: str  # how it is called: "Figure 1.2", "(2.3)", or the title of a section
    number: str
    url: str


def heading(text: str) -> str:
    """The first heading in a text."""
    found = _HEADING.search(text)
    return found[1] if found else ""


def page_url(page: Path, anchor: str = "") -> str:
    return site_url(f"book/{page.stem}.html") + (f"#{anchor}" if anchor else "")


def _in_text(text: str) -> Iterator[tuple[str, str, str]]:
    """(kind, label, title) of everything in a page's Markdown that a reference can point to, in reading order."""
    for block in blocks(text):
        if isinstance(block, str):
            marks = [(m.start(), "equation", m["label"], "") for m in LABELLED_MATH.finditer(block)]
            marks += [(m.start(), "section", m["label"], heading(block[m.end() :])) for m in TARGET.finditer(block)]
            yield from (mark[1:] for mark in sorted(marks))
            continue
        if block.name in _DIRECTIVES and (block.label or block.name != "math"):
            yield _DIRECTIVES[block.name], _required(block), ""
        if block.name:
            yield from _in_text(block.body)


def _required(block: Fence) -> str:
    if not block.label:
        raise ValueError(f"give this {block.name} a label, else its number cannot be told: {block.source[:80]!r}")
    return block.label


def _in_page(page: Path) -> Iterator[tuple[str, str, str]]:
    for cell in read(page).cells:
        if cell.cell_type == "markdown":
            yield from _in_text(cell.source)
        elif figure := cell.metadata.get("mystnb", {}).get("figure"):
            yield "figure", figure["name"], ""


def _numbered(page: Path, found: Iterable[tuple[str, str, str]], through: Counter[str]) -> Iterator[tuple[str, Label]]:
    """What has a number on a page. Where the page itself has none, Sphinx counts on from the last such page."""
    counted = Counter[str]() if page in numbers() else through
    prefix = f"{numbers()[page]}." if page in numbers() else ""
    for kind, label, title in found:
        counted[kind] += 1
        number = "" if kind == "section" else f"{prefix}{counted[kind]}"
        text = title if kind == "section" else _NAMES[kind].format(number)
        anchor = f"equation-{label}" if kind == "equation" else label
        yield label, Label(page, text, number, page_url(page, anchor.lower().replace("_", "-")))


@cache
def all_labels() -> dict[str, Label]:
    through: Counter[str] = Counter()
    return {name: label for page in pages() for name, label in _numbered(page, _in_page(page), through)}
