"""The directive {chapter-times}: how long each chapter ran, beside what it promises."""

import os
import sys
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.book import chapters
from tools.cache import look_up, open_cache


def table() -> list[str]:
    """The rows, in MyST."""
    cache, total, promised = open_cache(), 0.0, 0
    rows = ["| Chapter | By the clock | Promises, of processor time |", "|:--|--:|--:|"]
    for page in chapters():
        if found := look_up(cache, page):
            notebook, seconds = found
            budget = notebook.metadata["course"]["seconds"]
            rows.append(f"| {{doc}}`{page.stem}` | {seconds:.1f}&nbsp;s | {budget}&nbsp;s |")
            total, promised = total + seconds, promised + budget
    return [*rows, f"| **Together** | **{total:.1f}&nbsp;s** | **{promised}&nbsp;s** |"]


class ChapterTimes(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        vars(self.env).setdefault("pages_with_times", set()).add(self.env.docname)
        box = nodes.container()
        self.state.nested_parse(StringList(table(), self.env.docname), self.content_offset, box)
        box += nodes.paragraph(text=f"Measured when these pages were built, on {os.cpu_count()} CPU cores.")
        return box.children


def read_again(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> set[str]:
    """The times change without the page's text changing, so the page is read at every build."""
    return getattr(env, "pages_with_times", set()) - removed


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("chapter-times", ChapterTimes)
    app.connect("env-get-outdated", read_again)
    return {"parallel_read_safe": True}
