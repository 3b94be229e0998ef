"""Printed digits with known factors: 28×28, light ink on black, any number of them, nothing to download.

A picture is a typeface's digit seen through a small affine map and a smooth elastic jitter,

    grey(p) = clip(scale · d(A⁻¹(p − shift + jitter(p))) + weight + ½, 0, 1)
    A = rotation · slant · diag(scale · width, scale)        jitter = B C Bᵀ

where d is the signed distance to the digit's outline, hence weight adds pixels on each side of a stroke and edges are
one pixel soft, B is a spline basis and C random. Block b draws its factors from (seed, split, b) alone, so that the
first 1,000 of 60,000 are 1,000 alone.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from . import distance
from ._asked import SPLITS, check_count, check_split
from .typefaces import TYPEFACES, outline

SIZE = 28  # pixels
BLOCK = 250  # pictures drawn at once: their arrays stay in the processor's cache
CONTROL = 6  # the jitter is a cubic B-spline over 6 × 6 control points, about 9 pixels apart
AXIS = np.linspace(-13, 13, 79)  # pixels; where the distance is tabulated, three cells to a pixel

RANGES = {  # small enough together that no digit reaches the border
    "slant": (-0.15, 0.3),  # tangent of the angle; positive leans to the right, as handwriting does
    "rotation": (-0.08, 0.08),  # radians, clockwise
    "scale": (0.85, 1.02),  # of 20 pixels
    "width": (0.85, 1.05),  # horizontal stretch on top of scale
    "weight": (-0.2, 0.6),  # pixels added on each side of a stroke
    "shift_x": (-0.8, 0.8),  # pixels, to the right
    "shift_y": (-0.8, 0.8),  # pixels, downward
    "elastic": (0.0, 2.2),  # largest displacement of a control point, pixels
}


class Factors(NamedTuple):
    """What each picture was drawn from; `typeface` counts along `TYPEFACES`, the rest is uniform in `RANGES`."""

    typeface: Int64[np.ndarray, " n"]
    slant: Float64[np.ndarray, " n"]
    rotation: Float64[np.ndarray, " n"]
    scale: Float64[np.ndarray, " n"]
    width: Float64[np.ndarray, " n"]
    weight: Float64[np.ndarray, " n"]
    shift_x: Float64[np.ndarray, " n"]
    shift_y: Float64[np.ndarray, " n"]
    elastic: Float64[np.ndarray, " n"]


class Glyphs(NamedTuple):
    """Pictures, the digits they show, and all else that is known about them."""

    x: UInt8[np.ndarray, "n 1 28 28"]
    y: Int64[np.ndarray, " n"]
    factors: Factors


def render(n: int, *, split: str = "train", seed: int = 0) -> Glyphs:
    """The first `n` pictures of an endless set: the same on any machine, to within two grey levels of 255.

    The two splits share no random number. Raises ValueError for a split other than train and test, n < 1 or seed < 0.
    """
    check_split(split)
    check_count(n)
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be 0 or more.")
    blocks = [_block(min(BLOCK, n - first), seed, split, first // BLOCK) for first in range(0, n, BLOCK)]
    pictures, digits, factors = zip(*blocks, strict=True)
    columns = zip(*factors, strict=True)
    return Glyphs(np.concatenate(pictures), np.concatenate(digits), Factors(*map(np.concatenate, columns)))


def _block(rows, seed, split, block):
    """The first `rows` pictures of one block; drawn one by one, so that more rows change none of them."""
    stream = np.random.Generator(np.random.PCG64([seed, SPLITS.index(split), block]))
    uniform = stream.random((rows, 2 + len(RANGES) + 2 * CONTROL**2))
    digit = (10 * uniform[:, 0]).astype(np.int64)
    typeface = (len(TYPEFACES) * uniform[:, 1]).astype(np.int64)
    low, high = np.array(list(RANGES.values())).T
    factors = Factors(typeface, *(low + (high - low) * uniform[:, 2 : 2 + len(RANGES)]).T)
    control = (2 * uniform[:, 2 + len(RANGES) :] - 1).reshape(rows, 2, CONTROL, CONTROL)
    return draw(digit, factors, control * factors.elastic[:, None, None, None]), digit, factors


def draw(
    digit: Int64[np.ndarray, " n"], factors: Factors, control: Float64[np.ndarray, "n 2 k k"]
) -> UInt8[np.ndarray, "n 1 28 28"]:
    """The equation at the head of this file; `control` holds C in pixels, once for x and once for y."""
    f = Factors(*(factor[:, None, None] for factor in factors))  # one number per picture, against rows and columns
    centre = np.arange(SIZE) - (SIZE - 1) / 2
    jitter = spline(SIZE, CONTROL) @ control @ spline(SIZE, CONTROL).T
    x = centre - f.shift_x + jitter[:, 0]
    y = centre[:, None] - f.shift_y + jitter[:, 1]
    (a, b), (c, d) = np.linalg.inv(affine(factors)).transpose(1, 2, 0)[..., None, None]
    near = _look_up(factors.typeface * 10 + digit, a * x + b * y, c * x + d * y)
    ink = np.clip(f.scale * near + f.weight + 0.5, 0, 1)
    return np.rint(255 * ink).astype(np.uint8)[:, None]


def affine(f: Factors) -> Float64[np.ndarray, "n 2 2"]:
    """A = rotation · slant · diag(scale · width, scale): from the upright digit to the picture, y downward."""
    one, zero = np.ones_like(f.scale), np.zeros_like(f.scale)
    rotation = [[np.cos(f.rotation), -np.sin(f.rotation)], [np.sin(f.rotation), np.cos(f.rotation)]]
    slant = [[one, -f.slant], [zero, one]]
    stretch = [[f.scale * f.width, zero], [zero, f.scale]]
    return np.einsum("ijn,jkn,kln->nil", rotation, slant, stretch)


@lru_cache
def spline(points: int, control: int) -> Float64[np.ndarray, "points control"]:
    """Uniform cubic B-spline basis B: row i weights the control points for pixel i, and sums to one."""
    t = (np.arange(points) + 0.5) / points * (control - 3)
    u = np.abs(t[:, None] - (np.arange(control) - 1))  # distance to each control point, in knots
    return np.where(u < 1, 2 / 3 - u**2 + u**3 / 2, np.where(u < 2, (2 - u) ** 3 / 6, 0))


@lru_cache
def fields() -> Float32[np.ndarray, "glyphs cells cells"]:
    """Signed distance of every (typeface, digit), in pixels, in the order typeface · 10 + digit; computed once."""
    shapes = [distance.signed(outline(name, digit), AXIS) for name in TYPEFACES for digit in range(10)]
    return np.stack(shapes).astype(np.float32)


def _look_up(glyph, x, y):
    """Bilinear interpolation of `fields` at (x, y); beyond the table lies what lies at its edge: no ink."""
    table, cells, cell = fields(), len(AXIS), AXIS[1] - AXIS[0]
    x, y = (np.clip((c - AXIS[0]) / cell, 0, cells - 1.001) for c in (x, y))
    column, row = x.astype(np.int64), y.astype(np.int64)
    x -= column
    y -= row
    corner = (glyph[:, None, None] * cells + row) * cells + column
    north, east, south, south_east = (table.ravel()[corner + step] for step in (0, 1, cells, cells + 1))
    top, bottom = north + x * (east - north), south + x * (south_east - south)
    return top + y * (bottom - top)
