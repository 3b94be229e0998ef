"""The directive {results}: what benchmarks/results holds, as tables; its argument names one of TABLES."""

import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools import results

TABLES = {
    "quality": results.quality, "machines": results.machines, "playgrounds": results.playgrounds,
    "speed": results.speed,
}  # fmt: skip


class Results(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        table = TABLES[directives.choice(self.arguments[0], tuple(TABLES))]
        for path in sorted(results.FOLDER.glob("*.json")):
            self.env.note_dependency(str(path))
        box = nodes.container()
        self.state.nested_parse(StringList(table(), self.env.docname), self.content_offset, box)
        return box.children


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("results", Results)
    return {"parallel_read_safe": True}
