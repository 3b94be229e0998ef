"""The directive {playground}: a live box in the page, and a picture for paper and for browsers without scripts.

    ```{playground} norms
    :title: Drag a matrix
    :fallback: norms.png
    :alt: What is to be seen on the picture.

    What to try.
    ```

Its files lie in book/_web/playground. Only pages with such a box load any of them. `:models: gan dcgan` chooses among
the models that the first line of NAME.js lists; without it the box has all of them.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

WEB = Path(__file__).resolve().parents[1] / "_web"
FOLDER = WEB / "playground"
COMMON = ("core.js", "playground.css")  # of every page with a box
_NEEDS = re.compile(r"// needs: (.*)\n")


class box(nodes.General, nodes.Element):
    """A playground: its title, what to try and the picture are its children."""


class Playground(SphinxDirective):
    required_arguments = 1
    has_content = True
    option_spec = dict.fromkeys(("title", "fallback", "alt", "models"), directives.unchanged_required)

    def run(self) -> list[nodes.Node]:
        for name in ("title", "fallback", "alt"):
            if not self.options.get(name, "").strip():
                raise self.error(f"a playground needs :{name}:")
        script, picture = f"{self.arguments[0]}.js", FOLDER / "fallback" / self.options["fallback"]
        files = self._scripts(script)
        for path in [picture, *(FOLDER / name for name in (*COMMON, *files))]:
            if not path.is_file():
                raise self.error(f"{path.relative_to(WEB.parent)} does not exist")
            self.env.note_dependency(str(path))
        return [self._box(script, files, picture)]

    def _scripts(self, script: str) -> list[str]:
        """What the box loads, in order: what its script needs, then the script."""
        if not (FOLDER / script).is_file():
            known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.js") if _NEEDS.match(p.read_text("utf8"))))
            raise self.error(f"there is no playground {self.arguments[0]!r}; there are {known}")
        needs = _NEEDS.match((FOLDER / script).read_text("utf8"))
        if not needs:
            raise self.error(f"{script} is no playground: its first line must be `// needs: …`")
        files = [*needs[1].split(), script]
        chosen = self.options.get("models", "").split()
        if unknown := [name for name in chosen if f"models/{name}.js" not in files]:
            raise self.error(f"{script} does not know the models {', '.join(unknown)}")
        return [f for f in files if not chosen or not f.startswith("models/") or Path(f).stem in chosen]

    def _box(self, script: str, files: list[str], picture: Path) -> nodes.Node:
        name = self.arguments[0]
        title = nodes.paragraph("", self.options["title"], classes=["playground-title"])
        uri = "/" + picture.relative_to(self.env.srcdir).as_posix()
        image = nodes.image(uri=uri, alt=self.options["alt"], classes=["playground-fallback"])
        made = box(name=name, title=self.options["title"], files=files, ids=[f"playground-{name}"])
        made += title
        self.state.nested_parse(self.content, self.content_offset, made)
        made += image
        return made


def address(name: str) -> str:
    """Where the site has that file; what it holds is part of the address, so that no old copy is ever used."""
    return f"_static/playground/{name}?v={hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:8]}"


def open_box(self: Any, node: box) -> None:
    """The box of the site; an ePub gets the picture alone."""
    live = {}
    if self.builder.name in ("html", "dirhtml", "singlehtml"):
        here = self.builder.get_target_uri(self.builder.current_docname).partition("#")[0]
        scripts = [relative_uri(here, address(name)) for name in node["files"]]
        models = [Path(name).stem for name in node["files"] if name.startswith("models/")]
        live = {"data-playground": node["name"], "data-scripts": json.dumps(scripts)}
        live["data-models"] = json.dumps(models)
    label = {"aria-label": f"Playground: {node['title']}"}
    self.body.append(self.starttag(node, "section", CLASS="playground", **label, **live))


def close_box(self: Any, node: box) -> None:
    self.body.append("</section>\n")


def nothing(self: Any, node: box) -> None:
    pass


def add_common(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """A page with a box loads the runtime, which loads the rest when the box comes near."""
    if doctree is not None and next(doctree.findall(box), None) is not None:
        app.add_js_file("playground/core.js", loading_method="defer")
        app.add_css_file("playground/playground.css")


def serve_files(app: Sphinx, config: Config) -> None:
    """Only now: jupyter-book puts whatever script lies in the static folders it knows of on every page."""
    config.html_static_path.append(str(WEB))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(
        box, html=(open_box, close_box), **dict.fromkeys(("latex", "text", "man", "texinfo"), (nothing, nothing))
    )
    app.add_directive("playground", Playground)
    app.connect("config-inited", serve_files)
    app.connect("html-page-context", add_common)
    return {"parallel_read_safe": True}
