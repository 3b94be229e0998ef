"""An output is found again as long as nothing that it depends on has changed, and not a moment longer."""

import pytest
from nbformat.v4 import new_output

from tools import cache as cache_module
from tools.cache import code_cells, folder, look_up, open_cache, store

PAGE = """\
---
jupytext: {text_representation: {format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---

Some prose.

```{code-cell}
---
tags: [some-tag]
mystnb:
  figure: {caption: A caption, name: fig-a}
---
draw(1)
```
"""


@pytest.fixture
def kept(tmp_path):
    """A cache with the outputs of a page, and the page."""
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    cache = open_cache(tmp_path / "cache")
    store(cache, page, [[new_output("stream", text="drawn")]], seconds=2.5)
    return cache, page


def test_the_outputs_come_back(kept):
    notebook, seconds = look_up(*kept)
    assert [o.text for o in code_cells(notebook)[0].outputs] == ["drawn"]
    assert seconds == 2.5


@pytest.mark.parametrize(("old", "new"), [("A caption", "Another"), ("Some prose", "Other"), ("some-tag", "rtol=0.1")])
def test_prose_captions_and_tags_are_free_to_change(kept, old, new):
    cache, page = kept
    page.write_text(PAGE.replace(old, new))
    notebook, _ = look_up(cache, page)
    assert code_cells(notebook)[0].outputs != []
    assert new in str(notebook)  # the page's own words, not those kept with the outputs


def test_changed_code_is_not_found(kept):
    cache, page = kept
    page.write_text(PAGE.replace("draw(1)", "draw(2)"))
    assert look_up(cache, page) is None


@pytest.mark.parametrize("name", ["companion/matrix/svd.py", "constraints.txt"])
def test_a_changed_package_or_version_leaves_all_outputs_behind(tmp_path, monkeypatch, name):
    monkeypatch.setattr(cache_module, "ROOT", tmp_path)
    (tmp_path / "companion" / "matrix").mkdir(parents=True)
    for file in ("companion/matrix/svd.py", "constraints.txt"):
        (tmp_path / file).write_text("before")
    before = folder()
    assert folder() == before
    (tmp_path / name).write_text("after")
    assert folder() != before
