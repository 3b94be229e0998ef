"""Mends the HTML of the extensions we build on, for readers who use a keyboard, a screen reader or a narrow window."""

import re
from collections.abc import Callable
from typing import Any

from sphinx.application import Sphinx

_CODE = re.compile(r'(?<=<span class="pre">)[^<]*')
_SEAM = re.compile(r"(?<=\w)([._(=])(?=\w)")


def _seams(cell: re.Match[str]) -> str:
    """A column gets as narrow as its longest word: names of code may be broken behind one of the signs . _ ( =."""
    return _CODE.sub(lambda code: _SEAM.sub(r"\1<wbr>", code[0]), cell[0])


_REPAIRS: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    # sphinx-exercise and sphinx-proof give the content of every box the same id. Nothing points to it.
    (re.compile(r' id="(?:exercise|solution|proof)-content"| id="proof"(?=>)'), ""),
    # myst-nb names every fold "Toggle hidden content", whatever stands on it, and puts paragraphs where none are
    # allowed.
    (re.compile(r'<summary aria-label="Toggle hidden content">'), "<summary>"),
    (re.compile(r'<p class="((?:collapsed|expanded) admonition-title)">(.*?)</p>'), r'<span class="\1">\2</span>'),
    # docutils calls the bibliography a list and its entries something that is no item of a list.
    (re.compile(r'role="doc-biblioentry"'), 'role="listitem"'),
    # A line may break at the dashes of an option; course.css forbids it.
    (re.compile(r'<span class="pre">(?=-)'), '<span class="pre option">'),
    # A line may break on either side of a formula, even before a full stop. Those that touch it stay with it.
    (
        re.compile(
            r'([(“‘]+)?(<span class="math notranslate nohighlight">[^<]*</span>)((?(1)[.,;:!?)’”-]*|[.,;:!?)’”-]+))'
        ),
        r'<span class="joined">\1\2\3</span>',
    ),
    (re.compile(r"<td\b.*?</td>", re.DOTALL), _seams),
]


def repair(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    for pattern, replacement in _REPAIRS:
        context["body"] = pattern.sub(replacement, context.get("body", ""))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", repair)
    return {"parallel_read_safe": True}
