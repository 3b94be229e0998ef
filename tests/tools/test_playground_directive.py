"""The directive {playground}: what it demands, and what it puts on a page and on no other."""

import hashlib
import json
import re
import shutil
import subprocess
import sys

import pytest
from bs4 import BeautifulSoup

from tools.book import BOOK

FOLDER = BOOK / "_web" / "playground"
BLOCK = """\
# A page

```{playground} cgan
:title: A *title*
:fallback: cgan.png
:alt: What is to be seen.

Try **this**.
```
"""


@pytest.fixture
def build(tmp_path):
    """build(page=text, …) → the folder of the site; fails with Sphinx's words where Sphinx warns."""

    def run(builder="html", **texts):
        source = tmp_path / "source"
        (source / "book").mkdir(parents=True)
        for folder in ("_web", "_ext"):
            shutil.copytree(BOOK / folder, source / "book" / folder)
        (source / "conf.py").write_text(
            "import sys; sys.path.insert(0, 'book/_ext')\n"
            "extensions = ['myst_parser', 'playground']\nroot_doc = 'index'\nhtml_theme = 'basic'\n"
            "exclude_patterns = ['book/_web']\n"
        )
        names = "\n".join(f"book/{name}" for name in texts)
        (source / "index.md").write_text(f"# Start\n\n```{{toctree}}\n{names}\n```\n")
        for name, text in texts.items():
            (source / "book" / f"{name}.md").write_text(text)
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", builder, source, tmp_path / "site"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=source)
        if ran.returncode:
            raise ValueError(ran.stderr)
        return tmp_path / "site"

    return run


def page(path):
    return BeautifulSoup(path.read_text(encoding="utf8"), "html.parser")


def test_the_box_has_its_title_its_words_its_picture_and_what_to_load(build):
    site = build(one=BLOCK, two="# Another\n\nNo box.\n")
    html = page(site / "book" / "one.html")
    (box,) = html.select("section.playground")
    assert (box["id"], box["aria-label"], box["data-playground"]) == (
        "playground-cgan", "Playground: A *title*", "cgan",
    )  # fmt: skip
    assert [p.get_text() for p in box.select("p")] == ["A *title*", "Try this."]
    image = box.select_one("img.playground-fallback")
    assert image["alt"] == "What is to be seen."
    assert (site / "book" / image["src"]).resolve().read_bytes() == (FOLDER / "fallback" / "cgan.png").read_bytes()
    assert json.loads(box["data-models"]) == ["cgan"]
    urls = json.loads(box["data-scripts"])
    assert [url.rpartition("/")[2].partition("?")[0] for url in urls] == ["nn.js", "cgan.js", "cgan.js"]
    for url in urls:
        name, _, version = url.partition("?v=")
        content = (site / "book" / name).resolve().read_bytes()
        assert version == hashlib.sha256(content).hexdigest()[:8]
    common = [
        tag.get("src") or tag.get("href") for tag in html.select("[src*=playground\\/core], link[href*=playground]")
    ]
    assert sorted(url.partition("?")[0] for url in common) == [
        "../_static/playground/core.js", "../_static/playground/playground.css",
    ]  # fmt: skip
    assert "playground" not in (site / "book" / "two.html").read_text(encoding="utf8").replace("_web", "")


def test_a_box_may_choose_among_the_models_of_its_script(build):
    text = BLOCK.replace("} cgan", "} gan-sample").replace(":alt:", ":models: gan\n:alt:")
    (box,) = page(build(one=text) / "book" / "one.html").select("section.playground")
    assert json.loads(box["data-models"]) == ["gan"]
    assert not re.search("dcgan", box["data-scripts"])


@pytest.mark.parametrize("builder", ["latex", "text"])
def test_where_nothing_is_live_the_picture_and_the_words_are_left(build, builder):
    site = build(builder, one=BLOCK)
    text = "".join(path.read_text(encoding="utf8") for path in site.rglob("*.t[ex][xt]*") if path.is_file())
    assert "Try" in text
    assert "core.js" not in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (":title: A *title*\n", "", "a playground needs :title:"),
        (":fallback: cgan.png\n", "", "a playground needs :fallback:"),
        (":alt: What is to be seen.\n", "", "a playground needs :alt:"),
        ("cgan.png", "none.png", "_web/playground/fallback/none.png does not exist"),
        ("} cgan", "} gpt", r"there is no playground 'gpt'; there are cgan, draw-a-digit, gan-sample,"),
        ("} cgan", "} nn", r"nn\.js is no playground: its first line must be"),
        (":alt:", ":models: gan\n:alt:", r"cgan\.js does not know the models gan"),
    ],
)
def test_what_is_missing_or_unknown_is_said_and_stops_the_build(build, old, new, said):
    with pytest.raises(ValueError, match=said):
        build(one=BLOCK.replace(old, new))
