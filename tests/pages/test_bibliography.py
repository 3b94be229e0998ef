"""The bibliography: every entry is cited somewhere, complete for its kind, and what circulates wrongly stands right."""

import re

import pytest
from pybtex.database import parse_file

from tools.book import BOOK, pages

ENTRIES = dict(parse_file(str(BOOK / "references.bib")).entries.items())
TEXT = " ".join(page.read_text(encoding="utf8") for page in pages())
CITED = {key.strip() for keys in re.findall(r"\{cite(?::[pt])?\}`([^`]+)`", TEXT) for key in keys.split(",")}
NEEDED = {
    "article": {"title", "journal", "year"},
    "book": {"title", "publisher", "year"},
    "incollection": {"title", "booktitle", "publisher", "year"},
    "inproceedings": {"title", "booktitle", "year"},
    "misc": {"title", "year"},
    "techreport": {"title", "institution", "year"},
}
FOUND_BY = {"pages", "doi", "eprint", "url", "howpublished", "number", "isbn", "publisher", "note", "volume"}


def test_every_entry_is_cited_and_every_citation_has_an_entry():
    assert sorted(CITED) == sorted(ENTRIES)


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_is_complete(key):
    entry = ENTRIES[key]
    fields = {name.lower() for name in entry.fields}
    assert NEEDED[entry.type] - fields == set()
    assert entry.persons.get("author") or entry.persons.get("editor")
    assert fields & FOUND_BY or "proceedings" in entry.fields["booktitle"].lower() or entry.fields["booktitle"]
    assert re.fullmatch(r"(19|20)\d\d", entry.fields["year"])
    assert entry.fields["year"] in key, "a key is author, year, word"


def test_no_work_stands_there_twice():
    titles = [re.sub(r"[^a-z0-9]", "", entry.fields["title"].lower()) for entry in ENTRIES.values()]
    assert sorted(titles) == sorted(set(titles))


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("kolda2009tensor", {"title": "Tensor Decompositions and Applications", "journal": "SIAM Review",
                             "volume": "51", "number": "3", "pages": "455--500"}),
        ("radford2016unsupervised", {"year": "2016"}),
        ("lee1999learning", {"journal": "Nature", "volume": "401", "pages": "788--791"}),
        ("lee2001algorithms", {"year": "2001"}),
        ("bengio2012practical",
         {"title": "Practical Recommendations for Gradient-Based Training of Deep Architectures"}),
        ("dhillon2001concept", {"year": "2001"}),
        ("mirza2014conditional", {"year": "2014"}),
    ],
)  # fmt: skip
def test_what_circulates_wrongly_is_right_here(key, right):
    fields = ENTRIES[key].fields
    for name, value in right.items():
        assert fields[name].replace("{", "").replace("}", "").lower() == value.lower()
    assert key in CITED
