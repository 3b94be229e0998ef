"""The page of results: every line complete, every figure that of its file, every contest with its peer."""

import json
import re

import pytest

from companion import data
from tools import results
from tools.book import BOOK, playgrounds
from tools.rows import results as contests_of
from tools.rows import spread

ROWS = [line.strip("| ").split(" | ") for line in results.quality()[2:]]


def test_every_line_is_complete_and_leads_to_a_chapter_and_a_work_that_are_there():
    library = (BOOK / "references.bib").read_text(encoding="utf8")
    for row in ROWS:
        assert len(row) == 6
        assert (BOOK / (re.match(r"{doc}`[A-Z ]+ <(\w+)>`: \w", row[0])[1] + ".md")).exists()
        assert all(f"{{{key}," in library for key in re.findall(r"{cite:p}`(\w+)`", row[1]))
        assert int(row[4]) >= 1
        assert row[5] == "–" or 0 < float(row[5]) < 120


def test_figures_are_those_of_the_files():
    table = "\n".join(results.quality())
    runs = [run["test_accuracy"] for run in contests_of("cnn")["full: MNIST, 93,322 parameters, as the recipe is"]]
    assert f"{100 * sum(runs[:-1]) / 5:.2f} ({100 * min(runs):.2f} to {100 * max(runs):.2f})" in table
    assert "| 99.36 (99.33 to 99.38) |" in table, "lowrank, 3.01 times fewer products, three seeds"
    assert f"| {100 * data.record('cnn-drawn-mnist')['metrics']['test accuracy']:.2f} |" in table
    assert f"| {data.record('dcgan-mnist')['metrics']['Fréchet distance']:.1f} |" in table
    assert f"| {100 * data.record('cgan-mnist')['metrics']['conditional accuracy']:.2f} |" in table


def test_the_papers_own_figures():
    """Burda et al. 2016, Table 1; Srivastava et al. 2017, Table 1."""
    paper = {row[0]: row[1] for row in ROWS}
    assert paper["{doc}`VAE <vae>`: NLL, nats"].startswith("86.76 ")
    modes = [row[1] for row in ROWS if row[0].endswith(": modes found")]
    assert [re.findall(r"[\d.]+", row.split("{")[0]) for row in modes] == [["1", "7.6", "8"], ["3.3", "23.6", "24.6"]]


@pytest.mark.parametrize("path", sorted(results.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_every_contest_has_its_peer_as_one(path):
    contests = json.loads(path.read_text(encoding="utf8"))["contests"]
    table = "\n".join(results.speed())
    for title, rows in contests.items():
        ratio = results._ratio(rows)
        assert (f"| {title} |" in table) == bool(ratio)
        if ratio:
            peer = re.sub(r"^(share_of|times) ", "", ratio)
            assert [row[ratio] for row in rows if row["entry"] == peer] == [1.0]


def test_every_file_names_its_machine():
    lines = results.machines()
    named = {name for line in lines for name in line.rpartition(": ")[2].split(", ")}
    assert named >= {path.stem for path in results.FOLDER.glob("*.json")}
    assert {"dcgan-mnist", "vae-mnist", "cnn-mnist"} <= named
    assert all("thread" in line and "torch 2" in line for line in lines)


def test_playgrounds_have_a_line_each():
    lines = results.playgrounds()[2:]
    assert [re.search(r"<(\w+)>`: (\S+)", line).groups() for line in lines] == playgrounds()
    assert all(0 < float(v) < 100 for line in lines for v in re.findall(r"\d+\.\d+", line))


def test_several_seeds_are_given_as_mean_and_range():
    assert spread([1.0, 2.0, 6.0], 1) == "3.0 (1.0 to 6.0)"
    assert spread([1.234], 2) == "1.23"
    assert spread([8, 8, 8], 0) == "8"
