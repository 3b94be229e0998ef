"""Checkers of the chapter on convolutional networks."""

from typing import Any

import numpy as np

from companion.exercises._cnn_cases import LAYERS, POOLS, pooled, slid
from companion.exercises._cnn_sizes import check_output_size
from companion.exercises._cnn_sure import check_ece
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, compare
from companion.exercises.verdict import exercise

__all__ = ["check_correlate", "check_ece", "check_output_size", "check_pool"]


@exercise(
    "Your layer slides, multiplies and adds as it should, with stride, padding and any number of channels.",
    "What does one entry of the output see? Write that patch down first, then put loops around it.",
    "Pad height and width, not the channels. Row i starts at stride·i of the padded input.",
    "y[:, i, j] = np.sum(weight * x[:, stride·i : stride·i + kh, stride·j : stride·j + kw], axis=(1, 2, 3)).",
)
def check_correlate(student: Any) -> None:
    """student(x, weight, stride, padding) -> outputs × rows × columns, from c × h × w and o × c × kh × kw."""
    for x, weight, stride, padding in LAYERS:
        given = {"x": x, "weight": weight, "stride": stride, "padding": padding}
        answer = ask(student, **given)
        truth = slid(x, weight, stride, padding)
        y = array(answer, "the output, outputs × rows × columns,", truth.shape, _layer_shapes(x, weight, truth, given))
        compare(
            f"For {listed(given)}, your output is wrong:",
            y,
            truth,
            _layer_mistakes(x, weight, stride, padding),
            "work one entry out by hand, say y[0, 0, 0], and compare.",
        )


def _layer_shapes(x: np.ndarray, weight: np.ndarray, truth: np.ndarray, given: dict) -> dict[tuple, str]:
    (o, h, w), stride, padding = truth.shape, given["stride"], given["padding"]
    known = {
        (h, w, o): "The outputs come first, as in torch.",
        (h, w): "Those are one output's rows and columns. Return all outputs.",
        (o, len(weight[0]), h, w): "Add up over the input channels.",
        (len(x), h, w): "You return one map for each input channel. There is one for each output.",
    }
    if stride > 1:
        known[slid(x, weight, 1, padding).shape] = "The stride is missing: skip places."
        known[slid(x, weight, stride, padding, columns=1).shape] = "The stride is missing in the columns."
    if padding:
        known[slid(x, weight, stride, 0).shape] = "The padding is missing."
        known[slid(x, weight, stride, 2 * padding).shape] = "You padded twice as much as asked for."
    kept = {shape: cause for shape, cause in known.items() if shape != truth.shape}
    kept.setdefault((o, h - 1, w - 1), "The last place is missing: there are (n − k)//stride + 1 of them.")
    return kept


def _layer_mistakes(x: np.ndarray, weight: np.ndarray, stride: int, padding: int) -> dict[str, np.ndarray]:
    def layer(a: np.ndarray, w: np.ndarray, **change: Any) -> np.ndarray:
        return slid(a, w, stride, padding, **change)

    mistakes = {
        "you flipped the weights. That is the convolution of mathematics; here they are not flipped.":
            layer(x, weight[:, :, ::-1, ::-1]),
        "your windows move by 1. The one of row i, column j starts at stride·i, stride·j.": layer(x, weight, step=1),
        "only the first input channel is used. Add up over all.": layer(x[:1], weight[:, :1]),
        "you took the mean over the channels. Add them up.": layer(x, weight) / len(x),
        "you took the mean over the window. Add the products up.": layer(x, weight) / weight[0, 0].size,
        "the order of the input channels is turned round.": layer(x[::-1], weight),
        "the sign is turned.": -layer(x, weight),
    }  # fmt: skip
    if weight.shape[2] == weight.shape[3]:
        why = "rows and columns of the weights are exchanged."
        mistakes[why] = layer(x, weight.swapaxes(2, 3))
    if padding:
        for mode in ("edge", "reflect", "wrap"):
            why = f"your padding is not zeros but like np.pad's mode {mode!r}."
            mistakes[why] = layer(x, weight, mode=mode)
    return mistakes


@exercise(
    "Your pooling takes the largest entry of each window, wherever the windows lie.",
    "Write down one window of the map first. Where does the next one begin, and where the last?",
    "A window is x[a : a + size, b : b + size] with a = stride·i, i = 0, 1, … as long as a + size ≤ the height.",
    "np.lib.stride_tricks.sliding_window_view(x, (size, size))[::stride, ::stride] holds all windows; max over the "
    "last two axes.",
)
def check_pool(student: Any) -> None:
    """student(x, size, stride) -> the largest entry of each size × size window of x, one every `stride` entries."""
    for x, size, stride in POOLS:
        given = {"x": x, "size": size, "stride": stride}
        answer, truth = ask(student, **given), pooled(x, size, stride)
        y = array(answer, "the pooled map", truth.shape, _pool_shapes(x, size, stride, truth.shape))
        compare(
            f"For {listed(given)}, your map is wrong:",
            y,
            truth,
            _pool_mistakes(x, size, stride),
            "work one window out by hand, say the first of the second row, and compare.",
        )


def _pool_shapes(x: np.ndarray, size: int, stride: int, shape: tuple[int, ...]) -> dict[tuple, str]:
    h, w = x.shape
    known = {
        x.shape: "That is the shape of x: one entry for each window, not for each pixel.",
        (-(-h // stride), -(-w // stride)): "You count windows that reach over the edge. Without padding they must "
                                            "lie inside: (n − size)//stride + 1.",
        (-((size - h) // stride) + 1, -((size - w) // stride) + 1): "You round up: a window that is cut off at the "
                                                                    "edge does not count.",
        (h // stride, w // stride): "You count n//stride windows. With windows of `size` there are "
                                    "(n − size)//stride + 1.",
        (h // size, w // size): "Your windows lie next to each other. They start every `stride` entries, "
                                "and may overlap.",
        (h - size + 1, w - size + 1): "The stride is missing: keep a window every `stride` entries.",
        (shape[0] - 1, shape[1] - 1): "The last window is missing: there are (n − size)//stride + 1 of them.",
    }  # fmt: skip
    return {other: cause for other, cause in known.items() if other != shape}


def _pool_mistakes(x: np.ndarray, size: int, stride: int) -> dict[str, np.ndarray]:
    h, w = pooled(x, size, stride).shape
    return {
        "you took the mean. The largest entry is asked for.": pooled(x, size, stride, np.mean),
        "you took the smallest entry.": pooled(x, size, stride, np.min),
        "you added the entries up.": pooled(x, size, stride, np.sum),
        "you took the largest absolute value. Signs count.": pooled(np.abs(x), size, stride),
        "you began each maximum at 0, which is larger than every entry here. Begin at −∞, or with the window's first.":
            np.maximum(pooled(x, size, stride), 0),
        "you keep the first entry of each window.": x[: stride * h : stride, : stride * w : stride],
        "your windows move by 1. Row i starts at stride·i.": pooled(x, size, 1)[:h, :w],
    }  # fmt: skip
