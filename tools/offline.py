"""The course as one file for readers without a network: python -m tools.offline, or `make zip`

_build/from-matrices-to-images.zip holds the built pages, which work straight from the disk, the notebooks, the exercise
sheets, the package as a wheel, and READ-ME.txt. The same site gives the same bytes.
"""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tools.book import BUILD, SITE, chapters, title
from tools.notebook import WHEEL

NAME = "from-matrices-to-images"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest date that the format knows
WORDS = f"""{title()}

Open index.html in a browser: every page works without a network.

notebooks/   the chapters, to run in Jupyter
sheets/      the exercises with blanks, to solve in Jupyter

Both need the package, whose wheel lies here:

    pip install {WHEEL}

Name the file, as above: `pip install companion` would fetch somebody else's project of that name.
"""


def files() -> Iterator[tuple[str, Path]]:
    """(name in the zip, file) for everything but READ-ME.txt."""
    for path in sorted(SITE.rglob("*")):
        if path.is_file() and path.name != ".buildinfo":
            yield path.relative_to(SITE).as_posix(), path
    for notebook in sorted(page.with_suffix(".ipynb") for page in chapters()):
        yield f"notebooks/{notebook.name}", notebook


def write(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, content in [("READ-ME.txt", WORDS.encode()), *((name, p.read_bytes()) for name, p in files())]:
            entry = zipfile.ZipInfo(f"{NAME}/{name}", LONG_AGO)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(entry, content)


def main() -> int:
    if not (SITE / "index.html").exists():
        print("There is no built site: run `make book` first.", file=sys.stderr)
        return 1
    path = BUILD / f"{NAME}.zip"
    write(path)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
