"""Where the book's parts lie, the order of its chapters, and the addresses that all derive from `_config.yml`."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
BUILD = ROOT / "_build"
SITE = BUILD / "html"


@cache
def _yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf8"))


def title() -> str:
    return str(_yaml("_config.yml")["title"])


def repository() -> str:
    return str(_yaml("_config.yml")["repository"]["url"])


def site_url(page: str = "") -> str:
    """Where GitHub Pages serves `page`: https://OWNER.github.io/REPOSITORY/page."""
    owner, name = repository().rstrip("/").split("/")[-2:]
    return f"https://{owner}.github.io/{name}/{page}"


def parts() -> list[tuple[bool, list[Path]]]:
    """(are its chapters numbered?, its pages) for each part of the table of contents."""
    return [
        (bool(part.get("numbered")), [ROOT / (c["file"] + ".md") for c in part["chapters"]])
        for part in _yaml("_toc.yml")["parts"]
    ]


def pages() -> list[Path]:
    """Every page, in reading order."""
    return [ROOT / (_yaml("_toc.yml")["root"] + ".md"), *(page for _, files in parts() for page in files)]


def back_matter() -> list[Path]:
    """The pages of the last part, which are no chapters even where they have code."""
    return parts()[-1][1]


def chapters() -> list[Path]:
    """The pages with code, in reading order."""
    return [page for page in pages() if "```{code-cell}" in page.read_text(encoding="utf8")]


def playgrounds() -> list[tuple[str, str]]:
    """(page, name) of every `{playground}` block, in reading order."""
    block = re.compile(r"^```\{playground\} (\S+)$", re.MULTILINE)
    return [(page.stem, name) for page in pages() for name in block.findall(page.read_text(encoding="utf8"))]


def numbers() -> dict[Path, int]:
    """The number each chapter bears in the site: counted through all numbered parts."""
    numbered = [page for is_numbered, files in parts() if is_numbered for page in files]
    return {page: i for i, page in enumerate(numbered, 1)}
