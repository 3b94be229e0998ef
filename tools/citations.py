"""A citation as a reader says it, "Halko et al. (2011)", linked to the published bibliography."""

from functools import cache

from pybtex.database import Entry, parse_file
from pybtex.richtext import Text

from tools.book import BOOK, site_url


@cache
def _entries() -> dict[str, Entry]:
    return dict(parse_file(str(BOOK / "references.bib")).entries.items())


def _authors(entry: Entry) -> str:
    persons = entry.persons.get("author") or entry.persons.get("editor")
    names = [str(Text.from_latex(" ".join([*p.prelast_names, *p.last_names]))) for p in persons]
    if len(names) > 2:
        return f"{names[0]} et al."
    return " and ".join(names)


def cite(keys: str, textual: bool) -> str:
    """`keys` as in a role, separated by commas; textual: Name (year), else (Name, year)."""
    entries = [_entries()[key.strip()] for key in keys.split(",")]
    form = "{} ({})" if textual else "{}, {}"
    text = "; ".join(form.format(_authors(e), e.fields["year"]) for e in entries)
    link = f"[{text}]({site_url('book/references.html')})"
    return link if textual else f"({link})"
