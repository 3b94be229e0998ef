"""The directive {figures-to-remember}: those of every chapter, each under a link to the place where they are told."""

import sys
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.book import chapters
from tools.figures import table
from tools.labels import heading


class FiguresToRemember(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        found: list[nodes.Node] = []
        for page in chapters():
            if lines := table(page):
                self.env.note_dependency(str(page.with_suffix(".ipynb")))
                box = nodes.container()
                self.state.nested_parse(StringList(lines, self.env.docname), self.content_offset, box)
                found += [self._link(page), *box.children]
        return found

    def _link(self, page: Path) -> nodes.paragraph:
        address = self.env.app.builder.get_relative_uri(self.env.docname, f"book/{page.stem}")
        anchor = "#figures-to-remember" if "#" not in address else ""
        title = nodes.reference("", heading(page.read_text(encoding="utf8")), refuri=address + anchor)
        return nodes.paragraph("", "", nodes.strong("", "", title))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("figures-to-remember", FiguresToRemember)
    return {"parallel_read_safe": True}
