"""The figures to remember are read as they were printed, and no chapter with such a cell is left out."""

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.book import chapters
from tools.figures import TITLE, printed, rows, table

WITH = [page for page in chapters() if TITLE in page.read_text(encoding="utf8")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a, b      0.5\nlonger, c 1.25\n", [("a, b", "0.5"), ("longer, c", "1.25")]),
        ("one of A  2  2\nthe edge  3.5  8\n", [("one of A", "2  2"), ("the edge", "3.5  8")]),
        ("factor at 0.8      0.41\nthe longest of all 7\n", [("factor at 0.8", "0.41"), ("the longest of all", "7")]),
        ("a      1\n\nbelow 10: True\n", [("a", "1"), ("below 10", "True")]),
        ("short   1\nno more than by a tenth: True\n", [("short", "1"), ("no more than by a tenth", "True")]),
        ("a long name, b:  -1.5\na short one:     0.25\n", [("a long name, b", "-1.5"), ("a short one", "0.25")]),
        ("", []),
    ],
)
def test_each_line_is_a_name_and_a_value(text, found):
    assert rows(text) == found


def test_another_line_is_refused():
    with pytest.raises(ValueError, match="no figure to remember: 'something'"):
        rows("something")


@pytest.mark.parametrize("page", WITH, ids=lambda page: page.stem)
def test_a_chapters_figures_all_have_a_value(page):
    if not page.with_suffix(".ipynb").exists():
        pytest.skip("its notebook is not written yet")
    found = rows(printed(page))
    assert len(found) >= 5
    assert all(
        what and value[0] not in " :" and (value == "True" or value[0] in "-−0123456789") for what, value in found
    )
    assert len(table(page)) == len(found) + 2


def test_several_cells_below_the_title_are_read_and_none_of_the_next_section(tmp_path):
    def says(text):
        return new_code_cell("print()", outputs=[new_output("stream", text=text)])

    cells = [says("before 1\n"), new_markdown_cell(f"An end.\n\n{TITLE}"), says("a: 1\n"), new_markdown_cell("Also:")]
    cells += [new_code_cell("pass"), says("b: 2\n"), new_markdown_cell("## Summary\n\nText."), says("after: 3\n")]
    write(new_notebook(cells=cells), tmp_path / "page.ipynb")
    assert printed(tmp_path / "page.md") == "a: 1\nb: 2\n"
    write(new_notebook(cells=cells[:1]), tmp_path / "page.ipynb")
    assert printed(tmp_path / "page.md") == ""


def test_every_chapter_has_some():
    assert len(WITH) >= 15


def test_what_markdown_would_take_for_a_sign_is_escaped(monkeypatch):
    monkeypatch.setattr("tools.figures.printed", lambda page: "a*b | c_d   1\nalways: True\n")
    assert table(WITH[0])[-2:] == [r"| a\*b \| c\_d | 1 |", "| always | yes |"]
