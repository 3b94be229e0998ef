"""MyST to plain Markdown: what each role and directive becomes in a notebook."""

import pytest

from tools import plain as plain_module
from tools.book import BOOK, site_url
from tools.labels import Label
from tools.plain import Plain

HERE, ELSEWHERE = BOOK / "svd.md", BOOK / "norms.md"

LABELS = {
    "eq-here": Label(HERE, "(2.1)", "2.1", site_url("book/svd.html#equation-eq-here")),
    "eq-there": Label(ELSEWHERE, "(1.3)", "1.3", site_url("book/norms.html#equation-eq-there")),
    "fig-a": Label(HERE, "Figure 2.4", "2.4", site_url("book/svd.html#fig-a")),
    "ex-a": Label(HERE, "Exercise 2.2", "2.2", site_url("book/svd.html#ex-a")),
    "thm-a": Label(HERE, "Theorem 2.1", "2.1", site_url("book/svd.html#thm-a")),
}


@pytest.fixture(autouse=True)
def labels(monkeypatch):
    monkeypatch.setattr(plain_module, "all_labels", lambda: LABELS)


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        ("by {eq}`eq-here`", "by (2.1)"),
        ("by {eq}`eq-there`", f"by [(1.3)]({site_url('book/norms.html#equation-eq-there')})"),
        ("{numref}`Fig. %s <fig-a>` and {numref}`fig-a`", "Fig. 2.4 and Figure 2.4"),
        ("[](#fig-a), [this](#fig-a)", "Figure 2.4, this"),
        ("{term}`norm`", f"[norm]({site_url('book/glossary.html#term-norm')})"),
        ("{math}`x^2`", "$x^2$"),
        ("the role `{eq}` and ``{eq}`eq-here` ``", "the role `{eq}` and ``{eq}`eq-here` ``"),
        ("[norms](norms.md#balls)", f"[norms]({site_url('book/norms.html#balls')})"),
        ("![a map](_static/map.svg)", f"![a map]({site_url('_static/map.svg')})"),
        ("[home](https://example.org)", "[home](https://example.org)"),
        ("(top)=\n# Title\n% a comment\ntext", "\n# Title\ntext"),
        ("$$\na = b\n$$ (eq-here)", "$$\na = b \\tag{2.1}\n$$"),
        ("$$a$$ and $$b$$ (eq-here)", "$$a$$ and $$b \\tag{2.1}$$"),
        ("```python\n{eq}`eq-here`\n```", "```python\n{eq}`eq-here`\n```"),
        (":::{note}\nsee {eq}`eq-here`\n:::", "> **Note.** see (2.1)"),
        ("```{admonition} Why?\nOne.\n\nTwo.\n```", "> **Why?.** One.\n>\n> Two."),
        ("```{prf:theorem} A *name*\n:label: thm-a\nTrue.\n```", "> **Theorem 2.1 (A *name*).** True."),
        ("```{exercise} By hand\n:label: ex-a\nDo.\n```", "**Exercise 2.2 (By hand).** Do."),
        (
            "```{solution} ex-a\n:class: dropdown\nDone.\n```",
            "<details><summary>Solution to Exercise 2.2</summary>\n\nDone.\n\n</details>",
        ),
        (
            "```{solution-start} ex-a\n```\n\nBecause.\n\n```{solution-end}\n```\nAfter.",
            "<details><summary>Solution to Exercise 2.2</summary>\n\nBecause.\n\n</details>\nAfter.",
        ),
        ("```{solution-start} ex-a\n```", "**Solution to Exercise 2.2**, folded below."),
        (
            "```{playground} norms\n:title: Drag\n:fallback: a.png\n:alt: b\n\nTry $x$.\n```",
            f"> **Playground: [Drag]({site_url('book/svd.html#playground-norms')}).** Try $x$.",
        ),
        ("````{note}\n```python\nx\n```\n````", "> **Note.** ```python\n> x\n> ```"),
    ],
)
def test_becomes(myst, markdown):
    assert Plain(HERE).text(myst) == markdown.strip("\n")


@pytest.mark.parametrize("myst", ["{made-up}`x`", "```{made-up}\nx\n```", "```{note}\nnever closed"])
def test_what_is_not_understood_is_never_published(myst):
    with pytest.raises(ValueError, match=r"made-up|never closed"):
        Plain(HERE).text(myst)


def test_a_listing_is_the_function_with_its_decorators(tmp_path):
    (tmp_path / "module.py").write_text("import x\n\n\n@x.y\ndef f():\n    return 1\n\n\ndef g():\n    pass\n")
    (tmp_path / "book").mkdir()
    listing = Plain(tmp_path / "book" / "page.md").text("```{literalinclude} ../module.py\n:pyobject: f\n```")
    assert listing == "```python\n@x.y\ndef f():\n    return 1\n```"
