"""Checkers of the chapter on convolutional GANs."""

from typing import Any

import numpy as np

from companion.exercises._dcgan_cases import LINES, STAMPS, covered, stamped
from companion.exercises._dcgan_norms import check_batch_norm, check_spectral_step
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, compare
from companion.exercises.verdict import exercise

__all__ = ["check_batch_norm", "check_overlaps", "check_spectral_step", "check_transposed"]


@exercise(
    "Your layer stamps, adds where stamps overlap, and cuts the edge off.",
    "Take y with a single 1 and zeros elsewhere. What must come out, and where does it lie?",
    "Begin with zeros of (h − 1)·stride + kernel rows. Each y[i, j] adds y[i, j]·w to a window of them; which one?",
    "x[s·i : s·i + kh, s·j : s·j + kw] += y[i, j] * w for all i, j; at the end cut `padding` off each side.",
)
def check_transposed(student: Any) -> None:
    """student(y, w, stride, padding) -> the transposed convolution of the map y with weights w, both rows × columns."""
    for y, w, stride, padding in STAMPS:
        given = {"y": y, "w": w, "stride": stride, "padding": padding}
        truth = stamped(y, w, stride, padding)
        x = array(ask(student, **given), "the enlarged map", truth.shape, _stamp_shapes(y, w, stride, padding))
        compare(
            f"For {listed(given)}, your map is wrong:",
            x,
            truth,
            _stamp_mistakes(y, w, stride, padding),
            "take a y with a single 1, and see where your copy of w lands.",
        )


def _stamp_shapes(y: np.ndarray, w: np.ndarray, stride: int, padding: int) -> dict[tuple, str]:
    def sides(side: Any) -> tuple[int, ...]:
        return tuple(side(n, k) for n, k in zip(y.shape, w.shape, strict=True))

    full = sides(lambda n, k: (n - 1) * stride + k)
    known = {
        sides(lambda n, k: (n - 1) * stride + 1): "The last copy of w still reaches kernel − 1 entries further.",
        sides(lambda n, k: n * stride): "That is the size times the stride, not (n − 1)·stride + kernel − 2·padding.",
        sides(lambda n, k: n + k - 1 - 2 * padding): "The stride is missing: the copies lie `stride` apart.",
        tuple(n + 2 * padding for n in full): "You added the padding. Here it cuts off: what a convolution would have "
                                              "seen of the zeros around is thrown away.",
        full: "Nothing is cut off: take `padding` entries from each side.",
        (0, 0): "With padding 0 a slice such as x[p:-p] is empty. End it at len(x) − padding.",
        tuple(n - padding for n in full): "You cut the padding off one side only. Cut both.",
        sides(lambda n, k: max((n + 2 * padding - k) // stride + 1, 0)): "That is the size of a convolution. The "
                                                                         "transposed one goes the other way.",
    }  # fmt: skip
    truth = tuple(n - 2 * padding for n in full)
    return {shape: cause for shape, cause in known.items() if shape != truth}


def _stamp_mistakes(y: np.ndarray, w: np.ndarray, stride: int, padding: int) -> dict[str, np.ndarray]:
    mistakes = {
        "later copies overwrite earlier ones. Add them: += where = stands.":
            stamped(y, w, stride, padding, add=lambda _, new: new),
        "you flipped w. It is stamped as it is.": stamped(y, w[::-1, ::-1], stride, padding),
        "your copies are not multiplied by the entry of y they belong to.":
            stamped(np.ones_like(y), w, stride, padding),
        "you kept the larger one where copies overlap. Add them.":
            stamped(y, w, stride, padding, add=np.maximum, start=-np.inf),
        "you divided by the number of copies. Add them, and leave it at that.": _mean(y, w, stride, padding),
        "rows and columns of y are exchanged.": stamped(y.T, w, stride, padding) if y.shape[0] == y.shape[1] else None,
        "rows and columns of w are exchanged.": stamped(y, w.T, stride, padding) if w.shape[0] == w.shape[1] else None,
        "the sign is turned.": -stamped(y, w, stride, padding),
    }  # fmt: skip
    return {why: wrong for why, wrong in mistakes.items() if wrong is not None and np.isfinite(wrong).all()}


def _mean(y: np.ndarray, w: np.ndarray, stride: int, padding: int) -> np.ndarray:
    counts = stamped(np.ones_like(y), np.ones_like(w), stride, padding)
    return stamped(y, w, stride, padding) / np.maximum(counts, 1)


@exercise(
    "You count how many copies reach each place; where that number goes up and down there will be a checkerboard.",
    "Entry i lies from i·stride on. How far does it reach?",
    "Begin with zeros of (size − 1)·stride + kernel places. Each entry adds 1 to `kernel` of them.",
    "counts[i * stride : i * stride + kernel] += 1 for i = 0, …, size − 1.",
)
def check_overlaps(student: Any) -> None:
    """student(size, kernel, stride) -> for each place of the enlarged line, how many of the `size` entries reach it."""
    for size, kernel, stride in LINES:
        given = {"size": size, "kernel": kernel, "stride": stride}
        truth = covered(size, kernel, stride)
        n = len(truth)
        known = {
            (
                size * stride,
            ): "That is size·stride. The last entry lies at (size − 1)·stride and reaches `kernel` places.",
            (
                (size - 1) * stride + 1,
            ): "Your line ends where the last entry begins. It reaches kernel − 1 places further.",
            (size + kernel - 1,): "The stride is missing: the entries lie `stride` apart.",
            (size,): "That is one number for each entry. One for each place of the enlarged line is wanted.",
            (n, n): "Count along one line: a vector.",
        }
        counts = array(ask(student, **given), "the counts", (n,), {k: why for k, why in known.items() if k != (n,)})
        mistakes = {
            "you count `kernel` everywhere. An entry reaches `kernel` places; a place is reached by fewer entries.":
                np.full(n, kernel),
            "you give kernel/stride everywhere. That is the mean inside, and not a count.": np.full(n, kernel / stride),
            "you round kernel/stride up. Inside, every second or third place may get one less.":
                np.full(n, -(-kernel // stride)),
            "you round kernel/stride down. Inside, some places get one more.": np.full(n, kernel // stride),
            "you only say whether a place is reached. Say how often.": (truth > 0).astype(float),
            "each entry reaches kernel places, you let it reach one less.": _shorter(size, kernel, stride, n),
            "your entries lie next to each other. They are `stride` apart.":
                np.pad(covered(size, kernel, 1), (0, n - (size + kernel - 1))),
        }  # fmt: skip
        what = f"For {listed(given)} you count {[round(float(c), 2) for c in counts]}:"
        compare(what, counts, truth, mistakes, "draw the copies below each other for this case, and count by eye.")


def _shorter(size: int, kernel: int, stride: int, n: int) -> np.ndarray:
    counts = covered(size, kernel - 1, stride)
    return np.pad(counts, (0, n - len(counts)))
