"""What a reader does with a chapter: find it, run it elsewhere, download it, meet the same numbers there."""

import re
from urllib.parse import urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup

from tools.book import BOOK, SITE, chapters, repository
from tools.cache import code_cells
from tools.labels import PROOF_KINDS
from tools.notebook import WHEEL

EVERY_CHAPTER = pytest.mark.parametrize("chapter", [page.stem for page in chapters()])


@pytest.fixture
def html(chapter, browser):  # a browser, so that the site's tests are skipped together
    return BeautifulSoup((SITE / "book" / f"{chapter}.html").read_text(encoding="utf8"), "html.parser")


@EVERY_CHAPTER
def test_the_launch_buttons_open_the_committed_notebook_and_the_sheet(html, chapter):
    links = [str(a["href"]) for a in html.find_all("a", href=re.compile(r"colab\.research|mybinder\.org"))]
    path = urlsplit(repository()).path
    colab = f"https://colab.research.google.com/github{path}/blob/main"
    sheets = html.find_all("a", href=f"../sheets/{chapter}.ipynb")
    assert links[:2] == [
        f"https://mybinder.org/v2/gh{path}/main?urlpath=lab/tree/book/{chapter}.ipynb",
        f"{colab}/book/{chapter}.ipynb",
    ]
    assert len(sheets) == (SITE / "sheets" / f"{chapter}.ipynb").exists() == (chapter != "myths")
    assert links[2:] == [f"{colab}/sheets/{chapter}.ipynb"] * len(sheets)


@EVERY_CHAPTER
def test_the_download_button_gives_the_committed_notebook(html, chapter):
    href = html.select_one('a[href*="_sources/"][href$=".ipynb"]')["href"]
    got = (SITE / "book" / href).read_text(encoding="utf8")
    assert got == (BOOK / f"{chapter}.ipynb").read_text(encoding="utf8")
    assert any("text" in output for cell in code_cells(nbformat.reads(got, as_version=4)) for output in cell.outputs)


@EVERY_CHAPTER
def test_the_notebook_numbers_its_formulas_and_figures_as_the_page_does(html, chapter):
    nb = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4)
    prose = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    on_page = [tag.get_text().strip("()#") for tag in html.select("span.eqno")]
    assert re.findall(r"\\tag\{([\d.]+)\}", prose) == on_page
    captions = [tag.get_text().strip() for tag in html.select("figcaption .caption-number")]
    assert re.findall(r"^\*(Figure [\d.]+)\.\*", prose, re.MULTILINE) == captions
    boxes = [tag.get_text().strip() for tag in html.select(".exercise .caption-number, .proof .caption-number")]
    kinds = "|".join(kind.capitalize() for kind in ("exercise", *PROOF_KINDS))
    assert re.findall(rf"^(?:> )?\*\*((?:{kinds}) [\d.]*\d)(?:\.| \()", prose, re.MULTILINE) == boxes


def test_the_package_lies_where_the_notebooks_look_for_it(browser):
    assert (SITE / WHEEL).stat().st_size > 1000


def test_a_word_is_found(visit):
    page = visit("search.html?q=singular").page
    page.wait_for_selector("ul.search li a", timeout=10_000)
    assert "svd.html" in " ".join(page.eval_on_selector_all("ul.search li a", "all => all.map(a => a.href)"))


def test_a_solution_is_folded_on_the_screen_and_opens(visit):
    page = visit("book/norms.html").page
    solution = page.locator(".solution.dropdown").first
    content = solution.locator("section").first
    assert not content.is_visible()
    solution.locator("button").first.click()
    assert content.is_visible()
