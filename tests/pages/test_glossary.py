"""The glossary: in order, bilingual, each term once; what chapters introduce is in it, and in it alone."""

import re
import unicodedata

import pytest

from tools.book import BOOK, chapters
from tools.cache import read

TEXT = (BOOK / "glossary.md").read_text(encoding="utf8")
BODY = TEXT.split("```{glossary}\n")[1].rsplit("\n```", 1)[0]
ENTRIES = [entry.split("\n") for entry in BODY.split("\n\n")]
TERMS = [name for entry in ENTRIES for name in entry if not name.startswith(" ")]

# Words that chapters are known to introduce without a role, which an earlier reader missed here.
INTRODUCED = """
update gate; reset gate; Jacobian; exploding gradient; epoch; autocast; loss scaling; half-life; data parallel;
loss; optimizer; channel; kernel; feature; prior; posterior; entropy; eigenvalue; eigenvector; unit ball; seed;
early stopping; hinge loss; occlusion map; reliability diagram; underflow; autoencoder; nat; process rank; ensemble;
Inception score; energy; distributed data parallel; Tucker decomposition
"""


def key(term):
    """As a reader looks a word up: without accents, marks and capitals."""
    plain = unicodedata.normalize("NFKD", term).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", " ", re.sub(r"[–—-]", " ", plain)).strip()


def test_the_entries_stand_in_alphabetical_order():
    firsts = [entry[0] for entry in ENTRIES]
    assert firsts == sorted(firsts, key=key)


def test_every_term_is_there_once():
    assert sorted({term.lower() for term in TERMS}) == sorted(term.lower() for term in TERMS)
    assert len(ENTRIES) > 240


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry[0])
def test_an_entry_has_its_term_in_chinese_and_says_what_it_means(entry):
    names = [line for line in entry if not line.startswith(" ")]
    assert entry[: len(names)] == names
    (told,) = entry[len(names) :]
    chinese = re.match(r'  <span lang="zh-Hans">([^<]+)</span>\. (.+)$', told)
    assert chinese, told[:60]
    assert re.search(r"[\u4e00-\u9fff]", chinese[1]), "a term in Chinese characters"
    assert len(chinese[2].split()) >= 5
    assert chinese[2].endswith((".", "?", ".)")), told[-40:]


def test_what_the_chapters_introduce_is_in_it():
    assert [word for word in map(str.strip, INTRODUCED.split(";")) if word not in TERMS] == []


@pytest.mark.parametrize("page", chapters(), ids=lambda page: page.stem)
def test_every_term_a_page_points_to_is_in_it(page):
    text = "\n".join(cell.source for cell in read(page).cells if cell.cell_type == "markdown")
    targets = [re.sub(r"^.*<(.+)>$", r"\1", found, flags=re.DOTALL) for found in re.findall(r"\{term\}`([^`]+)`", text)]
    known = {term.lower() for term in TERMS}
    assert [target for target in targets if " ".join(target.split()).lower() not in known] == []
