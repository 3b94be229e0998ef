"""Every page of the built site in a browser: what it loads, its formulas, its width, its colours, and on paper."""

import pytest

from tools.book import SITE


def _formulas(page):
    """(formulas in the source, formulas typeset, what MathJax could not read or, in red, does not know)."""
    return page.evaluate(
        """() => [
            document.querySelectorAll('.math').length,
            document.querySelectorAll('.math mjx-container').length,
            [...document.querySelectorAll('mjx-merror, [data-mjx-error], mjx-container [style*="color: red"]')]
                .map(e => e.textContent),
        ]"""
    )


def test_page_loads_from_its_own_folder_alone_and_sets_its_formulas(opened):
    expected, typeset, errors = _formulas(opened.page)
    assert (typeset >= expected, errors) == (True, [])
    heading = opened.page.locator(".bd-article h1, main h1").first
    assert heading.evaluate("e => getComputedStyle(e).fontSize") != "32px"
    opened.nothing_amiss()


@pytest.mark.parametrize("name", ["index.html", "book/index.html", "book/svd.html", "book/glossary.html"])
def test_page_loads_from_a_server(visit, name):
    opened = visit(name)
    expected, typeset, errors = _formulas(opened.page)
    assert (typeset >= expected, errors) == (True, [])
    opened.nothing_amiss()


def test_dark_is_what_the_reader_has_chosen(visit):
    page = visit("book/index.html", color_scheme="dark").page
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


# The page itself, and whatever reaches beyond the window without a box around it that scrolls.
TOO_WIDE = """() => {
    const scrolls = e => e && (getComputedStyle(e).overflowX.match(/auto|scroll/) || scrolls(e.parentElement));
    const wide = [...document.querySelectorAll('.bd-article *')].filter(e =>
        e.getBoundingClientRect().right > innerWidth + 1 && e.getClientRects().length && !e.closest('mjx-container')
        && !scrolls(e.parentElement.closest('.bd-article *')));
    const page = document.documentElement.scrollWidth;
    return wide.map(e => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 40)}`)
        .concat(page > innerWidth ? [`the page: ${page}`] : []);
}"""


def test_nothing_is_wider_than_the_window(look):
    for width in (1280, 390, 320):
        assert look(width=width).evaluate(TOO_WIDE) == [], f"at {width} px"


# What scrolls within its own box, so that a part of it is out of sight.
CUT = """() => [...document.querySelectorAll(
        '.bd-article :is(div.math mjx-container, .cell_input pre, .cell_output pre, .pst-scrollable-table-container)')]
    .filter(e => e.scrollWidth > e.clientWidth + 1)
    .map(e => `${e.scrollWidth - e.clientWidth} px of ${e.tagName}: ${e.textContent.trim().slice(0, 60)}`)"""


def test_on_a_laptop_formulas_cells_and_tables_are_seen_whole(look):
    for width in (1440, 1280):
        assert look(width=width).evaluate(CUT) == [], f"at {width} px"


def test_a_formula_keeps_the_stop_that_follows_it(look):
    """Else a line may begin with a full stop. On the narrowest page each such pair must have the same line."""
    apart, loose = look(width=320).evaluate(
        """() => [
            [...document.querySelectorAll('.bd-article span.joined')].filter(e => e.getClientRects().length > 1)
                .map(e => e.textContent),
            [...document.querySelectorAll('.bd-article span.math')]
                .filter(e => !e.closest('.joined') && /^[.,;:!?)]/.test(e.nextSibling?.textContent ?? ''))
                .map(e => e.nextSibling.textContent),
        ]"""
    )
    assert (apart, loose) == ([], [])


def test_every_picture_is_described_and_keeps_its_colours_in_the_dark(look):
    page = look("dark")
    pictures = page.evaluate(
        """() => [...document.querySelectorAll('.bd-article img')]
            .map(i => [i.src, i.alt.trim().length > 20, i.naturalWidth > 0, getComputedStyle(i).filter])"""
    )
    assert [p for p in pictures if p[1:] != [True, True, "none"]] == []


def test_paper_shows_the_text_and_no_controls(look):
    page = look(media="print")
    shown = "e => [...document.querySelectorAll(e)].filter(x => x.offsetParent !== null).length"
    assert page.evaluate(shown, ".bd-sidebar-primary, .bd-header-article, .copybtn, .prev-next-footer") == 0
    assert page.evaluate(shown, "h1") == 1
    assert page.evaluate(shown, ".bd-article p") > 0 or not page.url.startswith(f"{SITE.as_uri()}/book/")
