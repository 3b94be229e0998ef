"""axe-core finds nothing on any page, in light and dark, besides what is listed here with its reason."""

import pytest
from browser import violations

# (rule, start of the element's selector): the theme's own doing, out of the reach of a style sheet or of book/_ext.
KNOWN = {
    # The book's title lies in the side bar beside the navigation, not in it.
    ("region", ".sidebar-primary-items__start > .sidebar-primary-item:nth-child(1)"),
}

COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


def _known(rule, node):
    return any(rule == of and node.startswith(selector) for of, selector in KNOWN)


@pytest.mark.parametrize(("scheme", "options"), [("light", {}), ("dark", COLOURS)])
def test_accessible(look, scheme, options):
    page = look(scheme)
    assert [found for found in violations(page, **options) if not _known(*found)] == []
