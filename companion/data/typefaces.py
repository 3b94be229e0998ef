"""The printed digits that matplotlib ships, as polygons: 22 typefaces, no two of them the same shapes slanted.

DejaVu's obliques are left out on purpose: they are the upright face under a shear, and slant is a factor of its own
in `glyphs`. Unicode keeps further faces as "mathematical digits" (U+1D7CE to U+1D7FF) inside DejaVu and STIX.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float64

# name: (font file, character code of its zero); the other nine digits follow the zero
TYPEFACES = {
    "DejaVu Sans": ("DejaVuSans", 0x30),
    "DejaVu Sans Bold": ("DejaVuSans-Bold", 0x30),
    "DejaVu Sans Mono": ("DejaVuSansMono", 0x30),
    "DejaVu Sans Mono Bold": ("DejaVuSansMono-Bold", 0x30),
    "DejaVu Serif": ("DejaVuSerif", 0x30),
    "DejaVu Serif Bold": ("DejaVuSerif-Bold", 0x30),
    "DejaVu Sans Double-Struck": ("DejaVuSans", 0x1D7D8),
    "DejaVu Serif Double-Struck": ("DejaVuSerif", 0x1D7D8),
    "STIX": ("STIXGeneral", 0x30),
    "STIX Bold": ("STIXGeneralBol", 0x30),
    "STIX Italic": ("STIXGeneralItalic", 0x30),
    "STIX Bold Italic": ("STIXGeneralBolIta", 0x30),
    "STIX Double-Struck": ("STIXGeneral", 0x1D7D8),
    "STIX Sans": ("STIXGeneral", 0x1D7E2),
    "STIX Sans Bold": ("STIXGeneral", 0x1D7EC),
    "STIX Mono": ("STIXGeneral", 0x1D7F6),
    "Computer Modern Roman": ("cmr10", 0x30),
    "Computer Modern Bold": ("cmb10", 0x30),
    "Computer Modern Sans": ("cmss10", 0x30),
    "Computer Modern Typewriter": ("cmtt10", 0x30),
    "Computer Modern Italic": ("cmti10", 0x30),
    "Computer Modern Old Style": ("cmmi10", 0x30),
}

HEIGHT = 20.0  # pixels; MNIST, too, fits its digits into a box of 20
POINTS = 200.0  # outlines are read at this size, so that flattened curves err by less than 0.05 pixel at HEIGHT


def outline(typeface: str, digit: int) -> Float64[np.ndarray, "edges 2 2"]:
    """Directed edges (start, end) of a digit's outline, 20 pixels tall, centred on the origin, y downward.

    A digit wider than tall is 20 pixels wide instead. Hinting is off: the shapes are the designer's, on any machine.
    """
    polygons = [_closed(p) for p in _path(typeface, digit).to_polygons(closed_only=True)]
    points = np.concatenate(polygons)
    low, high = points.min(0), points.max(0)
    to_pixels = np.array([1.0, -1.0]) * HEIGHT / (high - low).max()
    edges = np.concatenate([np.stack([p[:-1], p[1:]], 1) for p in polygons])
    edges = (edges - (low + high) / 2) * to_pixels
    return edges[(edges[:, 0] != edges[:, 1]).any(1)]  # an edge without length has no direction


def _path(typeface, digit):
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    file, zero = TYPEFACES[typeface]
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{file}.ttf"
    return TextPath((0, 0), chr(zero + digit), size=POINTS, prop=FontProperties(fname=font))


def _closed(polygon):
    return polygon if (polygon[0] == polygon[-1]).all() else np.vstack([polygon, polygon[:1]])
