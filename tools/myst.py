"""MyST's blocks: the text of a page split into plain text, code fences and directives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

_OPEN = re.compile(r"^(?P<indent>\s*)(?P<fence>`{3,}|~{3,}|:{3,})(?:\{(?P<name>[^}]+)\})?(?P<argument>[^`]*)$")
_OPTION = re.compile(r"^:([\w-]+):\s*(.*)$")

LABELLED_MATH = re.compile(r"\$\$(?P<tex>(?:(?!\$\$).)+)\$\$ *\((?P<label>[\w:-]+)\)", re.DOTALL)
TARGET = re.compile(r"^\((?P<label>[\w:-]+)\)=\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Fence:
    """A fenced block. `name` is the directive's, or empty for a fence that only shows code."""

    name: str
    argument: str
    body: str
    source: str
    indent: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.options.get("label") or self.options.get("name") or ""


def blocks(text: str) -> Iterator[str | Fence]:
    """The text in order: strings are Markdown without fences."""
    lines, plain = text.split("\n"), []
    at = 0
    while at < len(lines):
        opening = _OPEN.match(lines[at])
        if opening is None or (opening["fence"][0] == ":" and not opening["name"]):
            plain.append(lines[at])
            at += 1
            continue
        end = _closing(lines, at, opening["fence"])
        if plain:
            yield "\n".join(plain)
        plain = []
        yield _fence(opening, lines[at : end + 1])
        at = end + 1
    if plain:
        yield "\n".join(plain)


def _closing(lines: list[str], at: int, fence: str) -> int:
    for i in range(at + 1, len(lines)):
        mark = lines[i].strip()
        if set(mark) == {fence[0]} and len(mark) >= len(fence):
            return i
    raise ValueError(f"this fence is never closed: {lines[at]}")


def _fence(opening: re.Match[str], lines: list[str]) -> Fence:
    indent = opening["indent"]
    body = [line.removeprefix(indent) for line in lines[1:-1]]
    options, rest = _options(body) if opening["name"] else ({}, body)
    text = "\n".join(rest).strip("\n")
    source = "\n".join(line.removeprefix(indent) for line in lines)
    return Fence(opening["name"] or "", opening["argument"].strip(), text, source, indent, options)


def _options(body: list[str]) -> tuple[dict[str, str], list[str]]:
    """The directive's options, written as `:key: value` lines or as a YAML block, and the lines after them."""
    if body and body[0].strip() == "---":
        end = body.index("---", 1)
        return {k: str(v) for k, v in yaml.safe_load("\n".join(body[1:end])).items()}, body[end + 1 :]
    options: dict[str, str] = {}
    while len(options) < len(body) and (option := _OPTION.match(body[len(options)])):
        options[option[1]] = option[2].strip()
    return options, body[len(options) :]
