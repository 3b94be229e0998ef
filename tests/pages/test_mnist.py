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


def test_the_nmf_chapter_says_of_handwriting_what_it_says_of_print():
    """Each comparison that its prose makes, on real digits."""
    plain = "{{k: float({0}) for k, v in {1}.items()}}".format
    asked = [plain("v", "from_light"), plain("v.errors[-1]", "runs"), plain("v", "share")]
    light, errors, share = json.loads(_run("nmf", f"[{', '.join(asked)}]"))
    assert light["Kullback–Leibler"] < 0.95 * light["squared error"]
    assert (
        errors["HALS, two sweeps, ahead"] < errors["HALS"] < errors["multiplicative, ahead"] < errors["multiplicative"]
    )
    assert share["digits, rank 49"] < share["digits, rank 25"] < share["digits, rank 9"] < share["photo, rank 9"]


def test_the_gmm_chapter_prefers_a_mixture_to_one_gaussian():
    """On held-out handwriting, and for the hidden half of a digit."""
    held_out, hidden = json.loads(_run("gmm", "[held_out, {k: float(v) for k, v in hidden_error.items()}]"))
    assert held_out["20"] > held_out["1"] + 1
    assert hidden["mixture"] < hidden["one Gaussian"] < hidden["mean picture"]


def test_the_trifactor_chapter_finds_the_eigenvectors_of_handwriting():
    """The table of pixels that carry ink together, of real digits: the loss of Eckart and Young, and their vectors."""
    excess, cosines = json.loads(_run("trifactor", "[float(pixels.losses[-1] / lowest - 1), same.tolist()]"))
    assert -1e-9 < excess < 1e-6
    assert min(cosines) > 0.999


def test_the_training_chapter_resumes_to_the_bit_on_handwriting():
    """And there, too, the average of the weights makes fewer mistakes than the weights."""
    apart, raw, averaged = json.loads(_run("training", "[apart, raw[15:].mean(), averaged[15:].mean()]"))
    assert [max(distances) == 0 for distances in apart.values()] == [False, False, False, True]
    assert averaged < raw
