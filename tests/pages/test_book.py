"""The book's own rules."""

import re
import subprocess
from pathlib import Path

import nbformat
import pytest
import yaml

from tools import notebook
from tools.book import BOOK, ROOT, chapters, pages, parts, repository
from tools.cache import code_cells, read

EVERY_CHAPTER = pytest.mark.parametrize("page", chapters(), ids=lambda page: page.stem)


def _committed(page: Path) -> nbformat.NotebookNode:
    path = page.with_suffix(".ipynb")
    assert path.exists(), f"book/{path.name} is missing: run `make notebooks`"
    return nbformat.read(path, as_version=4)


def _without_outputs(nb: nbformat.NotebookNode) -> str:
    for cell in code_cells(nb):
        cell.outputs = []
    return nbformat.writes(nb)


@EVERY_CHAPTER
def test_the_notebook_is_the_pages(page):
    ours, written = _without_outputs(_committed(page)), _without_outputs(notebook.without_outputs(page))
    assert ours == written, f"book/{page.stem}.ipynb is not what book/{page.name} makes: run `make notebooks`"


@EVERY_CHAPTER
def test_the_notebook_was_executed_from_top_to_bottom_without_an_error(page):
    cells = code_cells(_committed(page))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []
    assert [mime for o in outputs for mime in o.get("data", {}) if mime.startswith("image/")] == []


def test_every_notebook_has_its_page():
    assert {path.stem for path in BOOK.glob("*.ipynb")} == {page.stem for page in chapters()}


def test_the_table_of_contents_lists_every_page_once():
    listed = [page.name for page in pages()]
    assert sorted(listed) == sorted(path.name for path in BOOK.glob("*.md"))


@EVERY_CHAPTER
def test_a_figure_has_a_name_a_caption_and_a_description(page):
    for cell in code_cells(read(page)):
        settings = cell.metadata.get("mystnb", {})
        assert ("figure" in settings) == ("image" in settings), f"caption and alt go together: {cell.source[:60]!r}"
        if "figure" in settings:
            assert set(settings["figure"]) >= {"name", "caption"}
            assert settings["image"]["alt"].strip() not in {"", settings["figure"]["caption"].strip()}


@EVERY_CHAPTER
def test_a_cell_that_draws_is_a_figure(page):
    """In the committed notebook only the text of a picture is left: <Figure size …>."""
    drawn = [
        any("<Figure" in o.get("data", {}).get("text/plain", "") for o in c.outputs)
        for c in code_cells(_committed(page))
    ]
    described = ["figure" in cell.metadata.get("mystnb", {}) for cell in code_cells(read(page))]
    assert drawn[1:] == described


@EVERY_CHAPTER
def test_no_cell_ends_in_a_semicolon(page):
    assert [cell.source for cell in code_cells(read(page)) if cell.source.rstrip().endswith(";")] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_norm_in_a_table_keeps_both_its_bars(page):
    r"""In a row of a table `\|` is the bar of the table, not the double bar of a norm: write \lVert and \rVert."""
    rows = [line for line in page.read_text(encoding="utf8").splitlines() if line.startswith("|")]
    assert [row for row in rows if r"\|" in row] == []


@EVERY_CHAPTER
def test_a_chapter_says_how_long_it_runs(page):
    assert 0 < read(page).metadata["course"]["seconds"] <= 100


# Two chapters teach what stands in several places: companion/train, and a bit of everything.
NAMED = [
    page for numbered, files in parts() if numbered for page in files if page.stem not in ("training", "open_problems")
]


@pytest.mark.parametrize("page", NAMED, ids=lambda page: page.stem)
def test_one_name_runs_through_the_project(page):
    """book/svd.md, companion/matrix/svd.py (or the folder svd), tests/matrix/test_svd.py, checkers with their tests."""
    if (ROOT / "companion" / page.stem / "__init__.py").exists():
        return _a_part_has_tests(page.stem)
    homes = [p for p in (ROOT / "companion").iterdir() if p.is_dir() and p.name not in ("exercises", "recipes")]
    (home,) = [p for p in homes if (p / f"{page.stem}.py").exists() or (p / page.stem / "__init__.py").exists()]
    expected = [
        ROOT / "tests" / home.name / f"test_{page.stem}.py",
        ROOT / "companion" / "exercises" / f"{page.stem}.py",
        ROOT / "tests" / "exercises" / f"test_{page.stem}.py",
    ]
    assert [path.relative_to(ROOT).as_posix() for path in expected if not path.exists()] == []


def _a_part_has_tests(name: str) -> None:
    """A chapter on a whole part of the package: tests for each file of it, and checkers with their tests."""
    files = [p.stem for p in (ROOT / "companion" / name).glob("*.py") if p.stem != "__init__"]
    expected = [ROOT / "tests" / name / f"test_{stem}.py" for stem in files]
    expected += [ROOT / "companion" / "exercises" / f"{name}.py", ROOT / "tests" / "exercises" / f"test_{name}.py"]
    assert [path.relative_to(ROOT).as_posix() for path in expected if not path.exists()] == []


def _project_files() -> list[Path]:
    """What git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_the_address_stands_in_one_place():
    owner, name = (part.encode() for part in repository().split("/")[-2:])
    holders = [
        path.relative_to(ROOT).as_posix()
        for path in _project_files()
        if not (path.parent in (BOOK, ROOT / "sheets") and path.suffix == ".ipynb")
        if owner in (content := path.read_bytes()) or b"github.com/" + name in content
    ]
    assert holders == ["_config.yml"]


def test_the_colab_and_binder_branch_is_the_one_the_notebooks_are_on():
    assert yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))["repository"]["branch"] == "main"
    assert all(re.search(r"/blob/main/book/", _committed(page).cells[0].source) for page in chapters())
