"""Pictures shifted, turned, scaled, bent, their strokes thicker or thinner: made on the device in one pass.

Every picture of a batch gets its own map, and one `grid_sample` draws them all. Random numbers are torch's own: `fit`
fixes them for each step. Elastic bending: Simard, Steinkraus & Platt (2003), section 2.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F


def warp(
    *,
    shift: float = 0.0,
    turn: float = 0.0,
    scale: float = 0.0,
    bend: float = 0.0,
    thick: float = 0.0,
    smooth: int = 5,
) -> Callable:
    """A function of x (n, c, h, w) that returns pictures of the same shape, each moved by random amounts.

    `shift` pixels to each side at most, `turn` degrees, `scale` as a share of the size; `bend` is the standard
    deviation in pixels of a displacement that differs from place to place and is smooth over about h/`smooth` pixels.
    Bright strokes grow or shrink by up to `thick` pixels on each side. Outside is 0.
    """
    if min(shift, turn, scale, bend, thick) < 0 or scale >= 1 or thick > 1:
        raise ValueError(
            f"shift {shift}, turn {turn}, scale {scale}, bend {bend}, thick {thick}: all must be ≥ 0, and scale < 1, "
            "and thick ≤ 1."
        )

    def augment(x: torch.Tensor) -> torch.Tensor:
        n, _, h, w = x.shape
        grid = F.affine_grid(_maps(n, h, w, shift, turn, scale, x), list(x.shape), align_corners=False)
        if bend:
            grid = grid + _bends(n, h, w, bend, smooth, x)
        low = x.amin() if x.amin() < 0 else 0  # the ground of signed pictures is −1, and grid_sample fills with 0
        moved = F.grid_sample(x - low, grid, align_corners=False)
        return (_thickened(moved, thick) if thick else moved) + low

    return augment


def _maps(n: int, h: int, w: int, shift: float, turn: float, scale: float, like: torch.Tensor) -> torch.Tensor:
    """n affine maps from places in the new picture to places in the old, both in [−1, 1]²."""
    u = torch.rand(4, n, device=like.device) * 2 - 1
    angle, size = u[0] * math.radians(turn), 1 + u[1] * scale
    c, s, ratio = torch.cos(angle) / size, torch.sin(angle) / size, h / w
    x, y = u[2] * (2 * shift / w), u[3] * (2 * shift / h)
    return torch.stack([torch.stack([c, -s * ratio, x], 1), torch.stack([s / ratio, c, y], 1)], 1)


def _bends(n: int, h: int, w: int, bend: float, smooth: int, like: torch.Tensor) -> torch.Tensor:
    """Smooth displacements (n, h, w, 2): normals on a coarse grid, drawn fine by bicubic interpolation."""
    coarse = torch.randn(n, 2, smooth, smooth, device=like.device)
    fine = F.interpolate(coarse, (h, w), mode="bicubic", align_corners=True)
    return fine.permute(0, 2, 3, 1) * torch.tensor([2 * bend / w, 2 * bend / h], device=like.device)


def _thickened(x: torch.Tensor, thick: float) -> torch.Tensor:
    """Each picture on the way to the largest, or to the smallest, of every pixel and its eight neighbours."""
    t = (torch.rand(len(x), 1, 1, 1, device=x.device) * 2 - 1) * thick
    grown, shrunk = F.max_pool2d(x, 3, 1, 1), -F.max_pool2d(-x, 3, 1, 1)
    return x + t.clamp(min=0) * (grown - x) - t.clamp(max=0) * (shrunk - x)
