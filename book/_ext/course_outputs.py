"""The build takes each chapter's outputs from the book's own cache (tools/cache.py), which the tests fill too."""

import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # jupyter-book does not look for modules where it starts

import myst_nb.core.execute.cache

from tools import cache


def point_to_the_cache(app: Sphinx, config: Config) -> None:
    config.nb_execution_cache_path = str(cache.folder())


def setup(app: Sphinx) -> dict[str, bool]:
    # myst-nb has no setting for what of a cell is hashed: to it, a changed caption is a changed chapter.
    myst_nb.core.execute.cache.get_cache = cache.open_cache
    app.connect("config-inited", point_to_the_cache, priority=100)  # before myst-nb reads its settings
    return {"parallel_read_safe": True}
