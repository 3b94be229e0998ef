"""MyST to the Markdown that Colab, JupyterLab and GitHub show: roles and directives become words, links and quotes.

What is not known here raises an error, so that nothing half translated is ever published.
"""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path

from tools.book import BOOK, site_url
from tools.citations import cite
from tools.labels import PROOF_KINDS, all_labels, heading, page_url
from tools.myst import LABELLED_MATH, TARGET, Fence, blocks

_INLINE = re.compile(
    r"(?P<code>(?<!\{)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|\{(?P<role>[\w:-]+)\}`(?P<content>[^`]+)`"
    r"|(?P<link>(?P<bang>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<to>[^()\s]+)\))",
    re.DOTALL,
)
_TITLED = re.compile(r"^(?P<text>.*?)\s*<(?P<to>[^<>]+)>$", re.DOTALL)
_COMMENT = re.compile(r"^%.*\n?", re.MULTILINE)
_ADMONITIONS = ("note", "tip", "hint", "important", "warning", "caution", "attention", "danger", "seealso")


class Plain:
    """Translates the Markdown of one page."""

    def __init__(self, page: Path):
        self.page = page

    # -- blocks ------------------------------------------------------------------------------------------------

    def text(self, source: str) -> str:
        parts: list[str] = []
        remaining = blocks(source)
        for block in remaining:
            if isinstance(block, str):
                parts.append(self._prose(block))
            elif block.name == "solution-start":
                parts.append(self._gated_solution(block, remaining))
            else:
                parts.append(_indented(self._fence(block), block.indent))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip("\n")

    def _gated_solution(self, start: Fence, remaining: Iterator[str | Fence]) -> str:
        """The prose up to the solution's end, folded. The code cells that follow are folded by tools/notebook.py."""
        inside = takewhile(lambda b: isinstance(b, str) or b.name != "solution-end", remaining)
        prose = self.text("\n".join(b if isinstance(b, str) else _indented(b.source, b.indent) for b in inside))
        exercise = all_labels()[start.argument].text
        return _folded(f"Solution to {exercise}", prose) if prose else f"**Solution to {exercise}**, folded below."

    def _prose(self, source: str) -> str:
        source = TARGET.sub("", _COMMENT.sub("", source))
        tagged = LABELLED_MATH.sub(lambda m: self._tagged(m["tex"], m["label"]), source)
        return _INLINE.sub(self._inline, tagged)

    def _tagged(self, tex: str, label: str) -> str:
        number = all_labels()[label].number
        end = "\n" if tex.endswith("\n") else ""
        return f"$${tex.rstrip()} \\tag{{{number}}}{end}$$"

    def _fence(self, block: Fence) -> str:
        if not block.name:
            return block.source
        if block.name not in _DIRECTIVES:
            raise ValueError(f"{self.page.name}: tools/plain.py does not know the directive {{{block.name}}}")
        return _DIRECTIVES[block.name](self, block)

    def admonition(self, block: Fence) -> str:
        title = self.text(block.argument) if block.name == "admonition" else block.name.capitalize()
        words = block.argument if block.name != "admonition" else ""  # a note may begin on its first line
        return _quoted(f"**{title}.** {self.text(chr(10).join(filter(None, [words, block.body])))}")

    def statement(self, block: Fence) -> str:
        return _quoted(f"**{self._called(block)}.** {self.text(block.body)}")

    def exercise(self, block: Fence) -> str:
        return f"**{self._called(block)}.** {self.text(block.body)}"

    def _called(self, block: Fence) -> str:
        title = f" ({self.text(block.argument)})" if block.argument else ""
        return all_labels()[block.label].text + title

    def proof(self, block: Fence) -> str:
        return f"*Proof.* {self.text(block.body)} ∎"

    def solution(self, block: Fence) -> str:
        return _folded(f"Solution to {all_labels()[block.argument].text}", self.text(block.body))

    def dropdown(self, block: Fence) -> str:
        return _folded(self.text(block.argument), self.text(block.body))

    def nothing(self, block: Fence) -> str:
        return ""

    def math(self, block: Fence) -> str:
        return self._tagged(block.body, block.label) if block.label else f"$$\n{block.body}\n$$"

    def image(self, block: Fence) -> str:
        return f"![{block.options['alt']}]({self._url(block.argument)})"

    def figure(self, block: Fence) -> str:
        return f"{self.image(block)}\n\n{self.caption(block.label, block.body)}"

    def caption(self, name: str, caption: str) -> str:
        return f"*{all_labels()[name].text}.* {self.text(caption)}"

    def code(self, block: Fence) -> str:
        return f"```{block.argument}\n{block.body}\n```"

    def listing(self, block: Fence) -> str:
        source = (self.page.parent / block.argument).read_text(encoding="utf8")
        name = block.options.get("pyobject")
        code = _object(source, name) if name else source.rstrip()
        return f"```{block.options.get('language', 'python')}\n{code}\n```"

    def playground(self, block: Fence) -> str:
        """What runs in the page alone: a link to it."""
        there = page_url(self.page, f"playground-{block.argument}")
        return _quoted(f"**Playground: [{block.options['title']}]({there}).** {self.text(block.body)}")

    def table(self, block: Fence) -> str:
        return f"*{self.text(block.argument)}*\n\n{self.text(block.body)}"

    # -- inside a line -----------------------------------------------------------------------------------------

    def _inline(self, match: re.Match[str]) -> str:
        if match["code"]:
            return match["code"]
        if match["link"]:
            return self._link(match["bang"], match["text"], match["to"])
        if match["role"] not in _ROLES:
            raise ValueError(f"{self.page.name}: tools/plain.py does not know the role {{{match['role']}}}")
        titled = _TITLED.match(match["content"])
        text, target = (titled["text"], titled["to"]) if titled else ("", match["content"])
        return _ROLES[match["role"]](self, text, target)

    def _link(self, bang: str, text: str, to: str) -> str:
        if to.startswith("#"):
            return self.reference(text, to[1:])
        return f"{bang}[{_INLINE.sub(self._inline, text)}]({self._url(to)})"

    def _url(self, to: str) -> str:
        """Where the site serves what the page calls `to`."""
        if re.match(r"[a-z]+:", to):
            return to
        path, _, anchor = to.partition("#")
        if path.endswith(".md"):
            return page_url(BOOK / path, anchor)
        folder = "" if path.startswith("_static/") else "_images/"
        return site_url(folder + (path if not folder else Path(path).name))

    def reference(self, text: str, target: str) -> str:
        """Words when the thing is on this page, a link to the site when it is on another."""
        label = all_labels()[target]
        words = text.replace("%s", label.number) or label.text
        return words if label.page == self.page else f"[{words}]({label.url})"

    def document(self, text: str, target: str) -> str:
        page = BOOK / f"{target.removesuffix('.md')}.md"
        return f"[{text or heading(page.read_text(encoding='utf8'))}]({page_url(page)})"

    def term(self, text: str, target: str) -> str:
        anchor = "term-" + re.sub(r"[^\w]+", "-", target).strip("-")
        return f"[{text or target}]({page_url(BOOK / 'glossary.md', anchor)})"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line if line else line for line in text.split("\n"))


def _folded(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def _object(source: str, name: str) -> str:
    """The source of a function, class or method, decorators included."""
    node: ast.AST = ast.parse(source)
    for part in name.split("."):
        node = next(n for n in ast.iter_child_nodes(node) if getattr(n, "name", None) == part)
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return "\n".join(source.split("\n")[first - 1 : node.end_lineno])


_DIRECTIVES: dict[str, Callable[[Plain, Fence], str]] = {
    **dict.fromkeys((*_ADMONITIONS, "admonition"), Plain.admonition),
    **dict.fromkeys((f"prf:{kind}" for kind in PROOF_KINDS), Plain.statement),
    **dict.fromkeys(("exercise", "exercise-start"), Plain.exercise),
    **dict.fromkeys(("exercise-end", "solution-end"), Plain.nothing),
    **dict.fromkeys(("code-block", "code"), Plain.code),
    "dropdown": Plain.dropdown,
    "figure": Plain.figure,
    "image": Plain.image,
    "literalinclude": Plain.listing,
    "math": Plain.math,
    "playground": Plain.playground,
    "prf:proof": Plain.proof,
    "solution": Plain.solution,
    "table": Plain.table,
}

_ROLES: dict[str, Callable[[Plain, str, str], str]] = {
    **dict.fromkeys(("eq", "numref", "ref", "prf:ref"), lambda plain, text, target: plain.reference(text, target)),
    **dict.fromkeys(("cite", "cite:p"), lambda plain, text, target: cite(target, textual=False)),
    "cite:t": lambda plain, text, target: cite(target, textual=True),
    "doc": Plain.document,
    "term": Plain.term,
    "math": lambda plain, text, target: f"${target}$",
    "abbr": lambda plain, text, target: target,
}
