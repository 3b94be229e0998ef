"""A chapter's figures to remember, as tables in MyST: what the cells below that title printed.

Nothing is typed in twice: the lines are those of the committed notebooks, which the tests execute and compare.
"""

import re
from collections import Counter
from itertools import takewhile
from pathlib import Path

import nbformat

TITLE = "## Figures to remember"
_HEADING = re.compile(r"^#{1,2} ", re.MULTILINE)
_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")


def printed(page: Path) -> str:
    """The text below "Figures to remember" in the page's notebook, of all cells; empty where a page has none."""
    path = page.with_suffix(".ipynb")
    if not path.exists():
        return ""
    cells = iter(nbformat.read(path, as_version=4).cells)
    if not any(cell.cell_type == "markdown" and TITLE in cell.source for cell in cells):
        return ""
    section = takewhile(lambda cell: cell.cell_type == "code" or not _HEADING.search(cell.source), cells)
    return "".join(output.get("text", "") for cell in section for output in cell.get("outputs", ()))


def rows(text: str) -> list[tuple[str, str]]:
    """(what, value) of each printed line. Values stand in one column, or after a colon; ValueError for another line."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    starts = Counter(gap.end() for gap in map(_GAP.search, lines) if gap)
    column = starts.most_common(1)[0][0] if starts else 0
    return [_split(line, column) for line in lines]


def _split(line: str, column: int) -> tuple[str, str]:
    what, value = line[:column], line[column:]
    if what.endswith(" ") and value[:1].strip() and ": " not in value:
        pass
    elif gap := _GAP.search(line):
        what, value = line[: gap.start()], line[gap.end() :]
    else:
        what, colon, value = line.rpartition(": ")
        if not colon:
            raise ValueError(f"no figure to remember: {line!r}")
    return what.strip().removesuffix(":"), value.strip()


def table(page: Path) -> list[str]:
    """The page's figures as a table; no lines where it has none."""
    said = [(what, "yes" if value == "True" else value) for what, value in rows(printed(page))]
    lines = [f"| {_escaped(what)} | {_escaped(value)} |" for what, value in said]
    return ["| What | Value |", "|:--|--:|", *lines] if lines else []


def _escaped(text: str) -> str:
    """As it was printed: no character of it is Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>|$#~])", r"\\\1", text)
