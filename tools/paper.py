"""The course as one PDF, printed by Chromium from the built pages: python -m tools.paper [PAGE …], or `make pdf`

Each page is printed as a reader would print it, A4, with the style for paper: solutions open, playgrounds as pictures.
The prints are joined in reading order, with an outline of all headings, and links from page to page become links within
the PDF. PAGE is a name such as svd; all pages without one. Chinese terms need a font that has them on the machine that
prints (Debian: fonts-noto-cjk); without one they are boxes.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject

from tools.book import BUILD, SITE, pages, title
from tools.browser import launch, open_page

FOOTER = """<div style="font: 8px sans-serif; width: 100%; padding: 0 16mm; text-align: right; color: #555">
<span class="title"></span> &nbsp; <span class="pageNumber"></span></div>"""
LOOK: dict[str, Any] = {
    "format": "A4", "margin": {"top": "16mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}, "scale": 0.72,
    "print_background": True, "tagged": True, "outline": True,
    "display_header_footer": True, "header_template": "<i></i>", "footer_template": FOOTER,
}  # fmt: skip
OPEN = "() => document.querySelectorAll('details').forEach((fold) => (fold.open = true))"
HEADINGS = """() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter((h) => h.offsetParent)
    .map((h) => h.textContent.replace(/#$/, '').replace(/\\s+/g, ' ').trim())"""


class Print(NamedTuple):
    """A page on paper, and its headings, which Chromium's own outline runs together at line ends."""

    name: str
    path: Path
    headings: list[str]


def printed(browser: Browser, names: list[str], folder: Path) -> Iterator[Print]:
    """One PDF for each of these pages of the site."""
    page = browser.new_page()
    page.emulate_media(media="print")
    for name in names:
        open_page(page, (SITE / "book" / f"{name}.html").as_uri())
        page.evaluate(OPEN)
        path = folder / f"{name}.pdf"
        page.pdf(path=str(path), **LOOK)
        yield Print(name, path, page.evaluate(HEADINGS))
    page.close()


def joined(prints: list[Print]) -> PdfWriter:
    """The prints one after the other; links among them lead to the page they mean."""
    book, first = PdfWriter(), {}
    for name, path, headings in prints:
        first[name] = len(book.pages)
        book.append(PdfReader(path), import_outline=False)
        _outline(book, PdfReader(path), headings, first[name])
    for page in book.pages:
        for annotation in page.get("/Annots", []):
            _lead(book, annotation.get_object(), first)
    book.add_metadata({"/Title": title()})
    book.compress_identical_objects()
    return book


def _outline(book: PdfWriter, own: PdfReader, headings: list[str], first: int) -> None:
    """Chromium's outline of the page, under the names that its headings have."""
    names = iter(headings)

    def add(entries: Any, parent: Any) -> None:
        last = parent
        for entry in entries:
            if isinstance(entry, list):
                add(entry, last)
            else:
                number = own.get_destination_page_number(entry) or 0
                last = book.add_outline_item(title=next(names), page_number=first + number, parent=parent)

    add(own.outline, None)


def _lead(book: PdfWriter, annotation: Any, first: dict[str, int]) -> None:
    """A link to a file of the site becomes one to its first page here."""
    address = urlsplit(str(annotation.get("/A", {}).get("/URI", "")))
    name = Path(unquote(address.path)).stem
    if address.scheme != "file" or name not in first:
        return
    del annotation["/A"]
    annotation[NameObject("/Dest")] = ArrayObject([book.pages[first[name]].indirect_reference, NameObject("/Fit")])


def main(names: list[str]) -> int:
    known = [page.stem for page in pages()]
    if unknown := [name for name in names if name not in known]:
        print(f"There are no pages {', '.join(unknown)}; there are {', '.join(known)}.", file=sys.stderr)
        return 1
    if not (SITE / "index.html").exists():
        print("There is no built site: run `make book` first.", file=sys.stderr)
        return 1
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = launch(playwright)
        book = joined(list(printed(browser, names or known, Path(folder))))
        browser.close()
        path = BUILD / "from-matrices-to-images.pdf"
        book.write(path)
    print(f"{path}: {len(book.pages)} pages, {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
