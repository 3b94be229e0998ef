"""axe-core finds nothing on any page, in light and dark, besides what is listed here with its reason."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tools.book import pages

# (rule, start of the element's selector): the theme's own doing, out of the reach of a style sheet or of book/_ext.
KNOWN = {
    # The book's title lies in the side bar beside the navigation, not in it.
    ("region", ".sidebar-primary-items__start > .sidebar-primary-item:nth-child(1)"),
}

# A formula's markup is MathJax's own. Violations are all we read; listing what passed takes axe most of its time.
CONTEXT = {"exclude": [["mjx-container"]]}
EVERYTHING = {"resultTypes": ["violations"]}
COLOURS = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}

# Three listings show all colours of code; axe needs ten seconds for those of a whole chapter.
FEW_LISTINGS = "[...document.querySelectorAll('.highlight')].slice(3).forEach(e => e.remove())"


def _new(violation):
    known = tuple(selector for rule, selector in KNOWN if rule == violation["id"])
    nodes = [" ".join(map(str, node["target"])) for node in violation["nodes"]]
    return [(violation["id"], node) for node in nodes if not (known and node.startswith(known))]


@pytest.mark.parametrize(("scheme", "options"), [("light", EVERYTHING), ("dark", COLOURS)])
@pytest.mark.parametrize("name", [*(f"book/{page.stem}.html" for page in pages()), "search.html", "prf-prf.html"])
def test_accessible(visit, name, scheme, options):
    page = visit(name, color_scheme=scheme).page
    page.evaluate(FEW_LISTINGS)
    report = Axe().run(page, context=CONTEXT, options=options)
    assert [node for violation in report.response["violations"] for node in _new(violation)] == []
