"""Write book/X.ipynb from book/X.md, for whoever opens a chapter outside the book: Colab, Binder, JupyterLab, GitHub.

The prose is plain Markdown, text outputs are stored, images are not (they appear when the reader runs the cells). The
same page gives the same bytes. nbval compares exactly these files; tests/pages/test_book.py tells when one is stale.
"""

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from companion import __version__
from tools.book import back_matter, chapters, repository, site_url, title
from tools.cache import look_up, open_cache, read
from tools.execute import bring_up_to_date
from tools.labels import page_url
from tools.plain import Plain

WHEEL = f"companion-{__version__}-py3-none-any.whl"

INSTALL = f"""\
# Installs this course's package where it is missing, on Colab say. (On PyPI another project owns the name companion.)
try:
    import companion.matrix
except ImportError:
    %pip install --quiet {site_url(WHEEL)}"""

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def build(page: Path, executed: NotebookNode) -> NotebookNode:
    """The notebook of a page, with the text outputs of `executed`."""
    cells = [new_markdown_cell(_preamble(page)), new_code_cell(INSTALL)]
    in_solution = False
    for cell in executed.cells:
        in_solution = _in_solution(cell, in_solution)
        cells += _cells(Plain(page), cell, in_solution)
    number(cells)
    return new_notebook(cells=cells, metadata=KERNEL | {"course": dict(executed.metadata["course"])})


def _preamble(page: Path) -> str:
    source = f"[book/{page.name}]({repository()}/blob/main/book/{page.name})"
    kind = "page" if page in back_matter() else "chapter"
    return (
        f"*A {kind} of [{title()}]({site_url()}), best read [as a page]({page_url(page)}). This notebook, generated "
        f"from {source}, is for running and changing it. Pictures appear when you run the cells.*"
    )


def _in_solution(cell: NotebookNode, before: bool) -> bool:
    """Do the code cells after this one belong to a solution, which is folded?"""
    if cell.cell_type == "code":
        return before
    gates = re.findall(r"\{solution-(start|end)\}", cell.source)
    return gates[-1] == "start" if gates else before


def _cells(plain: Plain, cell: NotebookNode, folded: bool) -> list[NotebookNode]:
    """The cell, and below a figure's cell its caption."""
    if cell.cell_type != "code":
        text = plain.text(cell.source)
        return [new_markdown_cell(text)] if text else []
    figure = cell.metadata.get("mystnb", {}).get("figure")
    below = [new_markdown_cell(plain.caption(figure["name"], figure["caption"]))] if figure else []
    return [new_code_cell(cell.source, metadata=_metadata(cell, folded), outputs=_outputs(cell)), *below]


def _metadata(cell: NotebookNode, folded: bool) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": tags} if (tags := cell.metadata.get("tags", [])) else {}
    if folded or {"hide-input", "hide-cell"} & set(tags):
        metadata["jupyter"] = {"source_hidden": True}
    return metadata


def _outputs(cell: NotebookNode) -> list[NotebookNode]:
    """Without images; and nothing of a cell whose text is a timing, which would change at every run."""
    if "nbval-ignore-output" in cell.metadata.get("tags", []):
        return []
    outputs: list[NotebookNode] = []
    for output in map(_without_images, cell.outputs):
        last: Any = outputs[-1] if outputs else {}
        if last and (output.output_type, output.get("name")) == ("stream", last.get("name")):
            last.text += output.text  # how often the kernel sends what was printed depends on the time of day
        else:
            outputs.append(output)
    return outputs


def _without_images(output: NotebookNode) -> NotebookNode:
    output = nbformat.from_dict(output)
    if "data" in output:
        output.data = {mime: data for mime, data in output.data.items() if not mime.startswith("image/")}
        output.metadata = {}
    return output


def number(cells: list[NotebookNode]) -> None:
    """Execution counts 1..n, and ids that depend on a cell's own text, so that an edit changes one id."""
    seen: Counter[str] = Counter()
    count = 0
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] += 1
        cell.id = f"{digest}-{seen[digest]}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count


def without_outputs(page: Path) -> NotebookNode:
    """What the page alone decides about its notebook."""
    return build(page, read(page))


def write(page: Path, executed: NotebookNode) -> bool:
    """Write the page's notebook; False when it was there already, byte for byte."""
    path = page.with_suffix(".ipynb")
    text = nbformat.writes(build(page, executed)) + "\n"
    if path.exists() and path.read_text(encoding="utf8") == text:
        return False
    path.write_text(text, encoding="utf8")
    return True


def main() -> int:
    cache = open_cache()
    failed = bring_up_to_date(cache, chapters())
    for page in chapters():
        if found := look_up(cache, page):
            changed = write(page, found[0])
            print(f"book/{page.stem}.ipynb {'written' if changed else 'unchanged'}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
