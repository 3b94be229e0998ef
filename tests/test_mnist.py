"""The chapters on real MNIST: the same pages, COMPANION_IMAGES=mnist, and the figures that are known for it."""

import json
import os

import nbformat
import pytest
from known import HAVE_MNIST, MISSING, SPECTRUM
from nbclient import NotebookClient

from tools.book import BOOK
from tools.cache import read

pytestmark = pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)


def _run(chapter: str, question: str) -> str:
    """Execute the chapter's cells on MNIST, and one more that prints the answer to `question`."""
    notebook = read(BOOK / f"{chapter}.md")
    notebook.cells.append(nbformat.v4.new_code_cell(f"import json\nprint(json.dumps({question}))"))
    environment = os.environ | {"COMPANION_IMAGES": "mnist"}
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(BOOK)}}).execute(env=environment)
    return notebook.cells[-1].outputs[0].text


def test_the_svd_chapter_finds_the_known_figures():
    table = json.loads(_run("svd", "table"))
    for kind, known in SPECTRUM.items():
        assert table[kind]["terms"] == known["terms"]
        for quantity in ("norm", "sigma_1", "stable rank"):
            assert table[kind][quantity] == pytest.approx(known[quantity], abs=5.1e-4)
        assert table[kind]["errors"] == pytest.approx(known["errors"], abs=5.1e-6)


def test_the_norms_chapter_reads_handwriting_and_keeps_its_promise():
    """Its own assertions compare the bound with the true stretch; here its network must have learned something."""
    accuracy, count = json.loads(_run("norms", "[net.score(X_test, test.y), len(train.x)]"))
    assert count == 3000
    assert accuracy > 0.85
