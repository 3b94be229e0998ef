"""The course as one file: the zip opened from the disk, and the pages on paper."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader

from tools import offline, paper
from tools.book import SITE, chapters


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline")
    offline.write(folder / "all.zip")
    with zipfile.ZipFile(folder / "all.zip") as packed:
        assert packed.testzip() is None
        packed.extractall(folder)
    return folder / offline.NAME


def test_the_zip_holds_pages_notebooks_sheets_and_the_wheel(unpacked):
    for folder in ("notebooks", "sheets"):
        found = sorted((unpacked / folder).glob("*.ipynb"))
        assert found, folder
        assert all(json.loads(path.read_text(encoding="utf8"))["nbformat"] == 4 for path in found)
    assert {path.stem for path in (unpacked / "notebooks").iterdir()} == {page.stem for page in chapters()}
    (wheel,) = unpacked.glob("*.whl")
    words = (unpacked / "READ-ME.txt").read_text(encoding="utf8")
    assert f"pip install {wheel.name}" in words
    assert not re.search(r"^\s*pip install companion$", words, re.M)


def test_the_same_site_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        offline.write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("name", ["index.html", "book/svd.html", "book/cgan.html", "book/results.html"])
def test_the_unpacked_pages_work_from_the_disk(visit, unpacked, name):
    opened = visit(name, base=unpacked.as_uri() + "/")
    page = opened.page
    for box in page.locator(".playground").all():
        box.scroll_into_view_if_needed()
        page.wait_for_function("box => box.dataset.state === 'ready'", arg=box.element_handle())
    opened.nothing_amiss()


@pytest.fixture(scope="module")
def prints(browser, tmp_path_factory):
    return {p.name: p for p in paper.printed(browser, ["norms", "svd", "cgan"], tmp_path_factory.mktemp("paper"))}


@pytest.mark.parametrize("name", ["norms", "svd", "cgan"])
def test_paper_has_text_figures_and_the_playgrounds_picture(prints, name):
    reader = PdfReader(prints[name].path)
    text = " ".join(page.extract_text() for page in reader.pages)
    html = (SITE / "book" / f"{name}.html").read_text(encoding="utf8")
    assert len(reader.pages) > 5
    for number in set(re.findall(r'caption-number">(Figure|Fig\.) ([\d.]+\d)', html)):
        assert number[1] in text
    pictures = sum(len(page.images) for page in reader.pages)
    assert pictures >= len(set(re.findall(r'<img[^>]*src="\.\./_images/([^"]+\.png)"', html))) > 3
    assert "Exercise" in text
    assert "Solution" in text, "solutions are open on paper"


def test_prints_are_joined_with_an_outline_and_links_between_pages(prints):
    book = paper.joined(list(prints.values()))
    length = {name: len(PdfReader(p.path).pages) for name, p in prints.items()}
    assert len(book.pages) == sum(length.values())
    tops = [entry for entry in book.outline if not isinstance(entry, list)]
    assert [entry.title for entry in tops] == [p.headings[0] for p in prints.values()]
    first = {book.pages[number].indirect_reference.idnum for number in (0, length["norms"])}
    links = [a.get_object() for page in book.pages for a in page.get("/Annots", [])]
    led = {a["/Dest"][0].idnum for a in links if "/Dest" in a and not isinstance(a["/Dest"], str)}
    assert first & led, "a link to norms or svd leads to its first page"
    kept = [str(a["/A"].get("/URI", "")) for a in links if "/A" in a]
    assert not any(Path(uri).stem in prints for uri in kept if uri.startswith("file:"))


def test_unknown_pages_are_named(capsys):
    assert paper.main(["svd", "soup"]) == 1
    assert "no pages soup" in capsys.readouterr().err
