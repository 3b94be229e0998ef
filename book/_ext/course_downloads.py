"""What readers download from the site: the committed notebooks, and the package as a wheel.

The theme's own copy of a notebook has no outputs when they came from the cache; the committed one always has them.
"""

import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.book import BUILD, chapters
from tools.notebook import WHEEL


def copy_downloads(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    for notebook in (page.with_suffix(".ipynb") for page in chapters()):
        if notebook.exists():  # a page that is being written may have none yet; tests/pages/test_book.py asks for it
            shutil.copyfile(notebook, Path(app.outdir, "_sources", "book", notebook.name))
    for old in Path(app.outdir).glob("*.whl"):
        old.unlink()
    shutil.copy2(BUILD / "wheel" / WHEEL, app.outdir)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", copy_downloads)
    return {"parallel_read_safe": True}
