"""Offers each chapter's exercise sheet: a line below the heading "Exercises", and the file itself in the site."""

import shutil
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.book import repository
from tools.sheets import FOLDER


def _link(text: str, address: str) -> nodes.reference:
    return nodes.reference("", text, refuri=address, internal=False)


def offer(app: Sphinx, doctree: nodes.document) -> None:
    name = app.env.docname.split("/")[-1]
    if not (FOLDER / f"{name}.ipynb").exists():
        return
    for section in doctree.findall(nodes.section):
        if "exercises" in section["ids"]:
            owner = repository().removeprefix("https://github.com/")
            colab = f"https://colab.research.google.com/github/{owner}/blob/main/sheets/{name}.ipynb"
            line = nodes.paragraph("", "", classes=["sheet"])
            line += [
                nodes.Text("With blanks to fill in: "),
                _link("the sheet for your own Jupyter", f"../sheets/{name}.ipynb"),
            ]
            line += [nodes.Text(", or "), _link("the sheet on Colab", colab), nodes.Text(".")]
            section.insert(1, line)  # after its title


def copy(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    target = Path(app.outdir, "sheets")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(FOLDER, target, ignore=lambda folder, names: [n for n in names if not n.endswith(".ipynb")])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", offer)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True}
