"""The checkers of the chapter on convolutional networks: right answers pass, each wrong one is told its own mistake."""

import itertools

import checkers
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from companion.exercises import _cnn_cases, _cnn_sizes, cnn  # noqa: E402
from companion.nets import cnn as nets_cnn  # noqa: E402

# --- right -----------------------------------------------------------------------------------------------------------


def layer_by_loops(x, weight, stride, padding):
    c, height, width = x.shape
    o, _, kh, kw = weight.shape
    rows, columns = (height + 2 * padding - kh) // stride + 1, (width + 2 * padding - kw) // stride + 1
    y = np.zeros((o, rows, columns))
    for q, i, j, p, m, n in itertools.product(*map(range, (o, rows, columns, c, kh, kw))):
        a, b = stride * i + m - padding, stride * j + n - padding
        if 0 <= a < height and 0 <= b < width:
            y[q, i, j] += x[p, a, b] * weight[q, p, m, n]
    return y


def layer_by_shifts(x, weight, stride, padding):
    x = np.pad(x, [(0, 0), (padding, padding), (padding, padding)])
    kh, kw = weight.shape[2:]
    h, w = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    y = sum(np.tensordot(weight[:, :, m, n], x[:, m : m + h, n : n + w], 1) for m, n in np.ndindex(kh, kw))
    return y[:, ::stride, ::stride]


def layer_in_torch(x, weight, stride, padding):
    x, weight = (torch.tensor(t, dtype=torch.float32) for t in (x, weight))
    return F.conv2d(x[None], weight, stride=stride, padding=padding)[0]


def layer_by_companion(x, weight, stride, padding):
    return nets_cnn.correlate(torch.tensor(x)[None], torch.tensor(weight), stride=stride, padding=padding)[0]


def size_by_formula(size, chain):
    for kernel, stride, padding, dilation in chain:
        size = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        if size <= 0:
            return 0
    return size


def size_by_counting(size, chain):
    for kernel, stride, padding, dilation in chain:
        reach = dilation * (kernel - 1)
        size = len([start for start in range(0, size + 2 * padding, stride) if start + reach < size + 2 * padding])
        if not size:
            break
    return size


def size_by_torch(size, chain):
    x = torch.zeros(1, 1, size)
    for kernel, stride, padding, dilation in chain:
        try:
            x = F.conv1d(x, torch.zeros(1, 1, kernel), None, stride, padding, dilation)
        except RuntimeError:
            return 0
    return x.shape[2]


def pool_by_loops(x, size, stride):
    rows, columns = ((n - size) // stride + 1 for n in x.shape)
    return [
        [x[stride * i : stride * i + size, stride * j : stride * j + size].max() for j in range(columns)]
        for i in range(rows)
    ]


def pool_by_axes(x, size, stride):
    rows, columns = ((n - size) // stride + 1 for n in x.shape)
    lines = np.stack([x[a : a + stride * rows : stride][:rows] for a in range(size)]).max(0)
    return np.stack([lines[:, b : b + stride * columns : stride][:, :columns] for b in range(size)]).max(0)


def ece_by_bins(p, y, bins):
    sure, right, total = p.max(1), p.argmax(1) == y, 0
    for b in range(bins):
        mine = (sure > b / bins) & (sure <= (b + 1) / bins)
        if mine.any():
            total += mine.mean() * abs(right[mine].mean() - sure[mine].mean())
    return total


def ece_by_sums(p, y, bins):
    """share · |mean − mean| is |Σ right − Σ confidence|/n."""
    number = np.ceil(p.max(1) * bins).astype(int) - 1
    return np.abs(np.bincount(number, (p.argmax(1) == y) - p.max(1), bins)).sum() / len(y)


RIGHT = {
    "check_correlate": [layer_by_loops, layer_by_shifts, layer_in_torch, layer_by_companion],
    "check_output_size": [size_by_formula, size_by_counting, size_by_torch,
                          lambda size, chain: float(size_by_formula(size, chain))],
    "check_pool": [pool_by_loops, pool_by_axes,
                   lambda x, size, stride: F.max_pool2d(torch.tensor(x)[None], size, stride)[0],
                   lambda x, size, stride: nets_cnn.pool(torch.tensor(x)[None, None], size, stride=stride)[0, 0]],
    "check_ece": [ece_by_bins, ece_by_sums,
                  lambda p, y, bins: nets_cnn.reliability(torch.tensor(p).log(), torch.tensor(y), bins=bins).error],
}  # fmt: skip


# --- wrong -----------------------------------------------------------------------------------------------------------


def padded(x, padding, mode="constant"):
    return np.pad(x, [(0, 0), (padding, padding), (padding, padding)], mode=mode)


def layer(change=lambda x, w: (x, w), stride=lambda s: s, padding=lambda p: p, after=lambda y: y):
    """A layer with one part of it wrong."""

    def student(x, weight, s, p):
        return after(layer_by_shifts(*change(x, weight), stride(s), padding(p)))

    return student


def layer_padded_by(mode):
    return lambda x, w, stride, p: layer_by_shifts(padded(x, p, mode) if p else x, w, stride, 0)


def layer_without_stride_in_the_start(x, weight, stride, padding):
    x = padded(x, padding)
    kh, kw = weight.shape[2:]
    h, w = ((n - k) // stride + 1 for n, k in zip(x.shape[1:], (kh, kw), strict=True))
    y = np.zeros((len(weight), h, w))
    for i, j in np.ndindex(h, w):
        y[:, i, j] = np.sum(weight * x[:, i : i + kh, j : j + kw], axis=(1, 2, 3))
    return y


def layer_pads_the_channels(x, weight, stride, padding):
    x = np.pad(x, padding)
    return np.sum(weight * x[:, : weight.shape[2], : weight.shape[3]], axis=(1, 2, 3))


def layer_unsummed(x, weight, stride, padding):
    return np.stack([layer_by_shifts(x[[c]], weight[:, [c]], stride, padding) for c in range(len(x))], 1)


def layer_each_channel(x, weight, stride, padding):
    return np.concatenate([layer_by_shifts(x[[c]], weight[:1, [c]], stride, padding) for c in range(len(x))])


def layer_adds_into_x(x, weight, stride, padding):
    x += 1
    return layer_by_shifts(x - 1, weight, stride, padding)


def square(change):
    """A change of the weights that fits square kernels only; others stay."""
    return lambda x, w: (x, change(w) if w.shape[2] == w.shape[3] else w)


def sizes(layer, short=0, pick=lambda chain: chain):
    return lambda size, chain: _cnn_sizes.counted(size, pick(chain), layer, short=short)


P = _cnn_sizes.places


def pooled(pick):
    return lambda x, size, stride: _cnn_cases.pooled(x, size, stride, pick)


def pool_from_zero(x, size, stride):
    return np.maximum(np.array(pool_by_loops(x, size, stride)), 0)


def pool_of_pieces(x, size, stride):
    """Windows that reach over the edge count, cut off."""
    return [[x[i : i + size, j : j + size].max() for j in range(0, x.shape[1], stride)]
            for i in range(0, x.shape[0], stride)]  # fmt: skip


def pool_rounded_up(x, size, stride):
    y = F.max_pool2d(torch.tensor(x)[None], size, stride, ceil_mode=True)[0]
    return y


def pool_by_reshape(x, size, stride):
    h, w = (n // size for n in x.shape)
    return x[: h * size, : w * size].reshape(h, size, w, size).max((1, 3))


def gaps(p, y, bins):
    return _cnn_cases.binned(p, y, bins).T


def ece(rule):
    """rule(share, confidence, accuracy) of the bins that are not empty."""
    return lambda p, y, bins: rule(*gaps(p, y, bins))


def ece_without_skipping(p, y, bins):
    sure, right, total = p.max(1), p.argmax(1) == y, 0.0
    for b in range(bins):
        mine = (sure > b / bins) & (sure <= (b + 1) / bins)
        total += mine.mean() * abs(right[mine].sum() / mine.sum() - sure[mine].sum() / mine.sum())
    return total


def ece_of_the_label(p, y, bins):
    own, right = p[np.arange(len(y)), y], p.argmax(1) == y
    number = np.ceil(own * bins) - 1
    return sum(abs(right[m].mean() - own[m].mean()) * m.mean() for b in range(bins) if (m := number == b).any())


def ece_below(p, y, bins):
    sure, right, total = p.max(1), p.argmax(1) == y, 0.0
    for b in range(bins):
        mine = (sure >= b / bins) & (sure < (b + 1) / bins)
        if mine.any():
            total += mine.mean() * abs(right[mine].mean() - sure[mine].mean())
    return total


def ece_by_middles(p, y, bins):
    sure, right, total = p.max(1), p.argmax(1) == y, 0.0
    for b in range(bins):
        mine = (sure > b / bins) & (sure <= (b + 1) / bins)
        if mine.any():
            total += mine.mean() * abs(right[mine].mean() - (b + 0.5) / bins)
    return total


WRONG = {
    "check_correlate": {
        "you flipped the weights": layer(lambda x, w: (x, w[:, :, ::-1, ::-1])),
        "your windows move by 1. The one": layer_without_stride_in_the_start,
        "only the first input channel": layer(lambda x, w: (x[:1], w[:, :1])),
        "the mean over the channels": layer(lambda x, w: (x, w / len(x))),
        "the mean over the window": layer(lambda x, w: (x, w / w[0, 0].size)),
        "the order of the input channels": layer(lambda x, w: (x[::-1], w)),
        "the sign is turned": layer(after=np.negative),
        "rows and columns of the weights": layer(square(lambda w: w.swapaxes(2, 3))),
        "np.pad's mode 'edge'": layer_padded_by("edge"),
        "np.pad's mode 'reflect'": layer_padded_by("reflect"),
        "np.pad's mode 'wrap'": layer_padded_by("wrap"),
        "work one entry out": layer(after=lambda y: y + 1),
        "The outputs come first": layer(after=lambda y: y.transpose(1, 2, 0)),
        "Return all outputs": layer(after=lambda y: y[0]),
        "Add up over the input channels": layer_unsummed,
        "one map for each input channel": layer_each_channel,
        "The stride is missing: skip places": layer(stride=lambda s: 1),
        "The stride is missing in the columns": lambda x, w, s, p: layer_by_shifts(x, w, 1, p)[:, ::s],
        "The padding is missing": layer(padding=lambda p: 0),
        "You padded twice as much": layer(padding=lambda p: 2 * p),
        "The last place is missing": layer(after=lambda y: y[:, :-1, :-1]),
        "shapes that do not fit": layer_pads_the_channels,
        "changed the x it was given": layer_adds_into_x,
        "returned None. Likely cause: `return` is missing": lambda x, w, stride, padding: None,
    },
    "check_output_size": {
        "the + 1 is missing": sizes(lambda *a: P(*a) - 1),
        "you round up": sizes(lambda n, k, s, p, d: -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1),
        "the padding is on both sides": sizes(lambda n, k, s, p, d: P(n - p, k, s, p, d)),
        "the padding is missing": sizes(lambda n, k, s, p, d: P(n, k, s, 0, d)),
        "the dilation is missing": sizes(lambda n, k, s, p, d: P(n, k, s, p, 1)),
        "you took dilation·k": sizes(lambda n, k, s, p, d: (n + 2 * p - d * k) // s + 1),
        "the stride is missing": sizes(lambda n, k, s, p, d: P(n, k, 1, p, d)),
        "forget the kernel's reach": sizes(lambda n, k, s, p, d: (n + 2 * p - 1) // s + 1),
        "the − 1 is missing": sizes(lambda n, k, s, p, d: (n + 2 * p - d * (k - 1)) // s + 1),
        "only the first layer counts": sizes(P, pick=lambda chain: chain[:1]),
        "every layer of yours starts": sizes(P, pick=lambda chain: chain[-1:]),
        "from the last to the first": sizes(P, pick=lambda chain: chain[::-1]),
        "no layer after it can mend": sizes(P, short=None),
        "not a negative number": lambda size, chain: max(0, sizes(P, short=None)(size, chain)),
        "padding must not revive": sizes(lambda *a: max(0, P(*a)), short=None),
        "with a pencil": lambda size, chain: size,
        "must be one number": lambda size, chain: (size, size),
        "returned None": lambda size, chain: None,
    },
    "check_pool": {
        "you took the mean": pooled(np.mean),
        "you took the smallest": pooled(np.min),
        "you added the entries up": pooled(np.sum),
        "the largest absolute value": lambda x, size, stride: pool_by_axes(np.abs(x), size, stride),
        "you began each maximum at 0": pool_from_zero,
        "you keep the first entry": lambda x, size, stride: np.array(x)[
            : x.shape[0] - size + 1 : stride, : x.shape[1] - size + 1 : stride
        ],
        "your windows move by 1. Row i": lambda x, size, stride: _cnn_cases.pooled(x, size, 1)[
            : (len(x) - size) // stride + 1, : (x.shape[1] - size) // stride + 1
        ],
        "work one window out": lambda x, size, stride: 2 * pool_by_axes(x, size, stride) + 1,
        "That is the shape of x": lambda x, size, stride: np.maximum(x, 1),
        "You count windows that reach over": pool_of_pieces,
        "Your windows lie next to each other": pool_by_reshape,
        "The stride is missing: keep": lambda x, size, stride: pool_by_axes(x, size, 1),
        "The last window is missing": lambda x, size, stride: pool_by_axes(x, size, stride)[:-1, :-1],
        "rows and columns exchanged": lambda x, size, stride: pool_by_axes(x, size, stride).T,
    },
    "check_ece": {
        "you took the mean over the bins": ece(lambda s, c, a: np.abs(a - c).mean()),
        "the sum of the gaps by the number": lambda p, y, bins: ece(lambda s, c, a: np.abs(a - c).sum())(p, y, bins)
        / bins,
        "you added the gaps up": ece(lambda s, c, a: np.abs(a - c).sum()),
        "you added up counts": lambda p, y, bins: len(y) * ece_by_bins(p, y, bins),
        "the largest gap of a bin": ece(lambda s, c, a: np.abs(a - c).max()),
        "cancel in yours. Take": ece(lambda s, c, a: abs(np.sum(s * (c - a)))),
        "and it is negative": ece(lambda s, c, a: -abs(np.sum(s * (c - a)))),
        "you squared the gaps": ece(lambda s, c, a: np.sum(s * (a - c) ** 2)),
        "the root of the mean square": ece(lambda s, c, a: np.sum(s * (a - c) ** 2) ** 0.5),
        "you took the middle of each bin": ece_by_middles,
        "the probability of the class y": ece_of_the_label,
        "belongs to the lower one, and 1": ece_below,
        "yours counts all but 1": lambda p, y, bins: ece_below(np.minimum(p, 1 - 1e-9), y, bins),
        "that is in per cent": lambda p, y, bins: 100 * ece_by_bins(p, y, bins),
        "Print share, accuracy and mean": lambda p, y, bins: 0.5,
        "the mean of an empty bin is 0/0": ece_without_skipping,
        "must be one number": lambda p, y, bins: np.abs(gaps(p, y, bins)[0]),
    },
}  # fmt: skip


TestCheckers = checkers.of(
    cnn, RIGHT, WRONG, calls={"check_correlate": 4, "check_output_size": 8, "check_pool": 4, "check_ece": 4}
)


def test_no_two_size_mistakes_look_alike():
    answers = [[rule(*case) for case in _cnn_cases.CHAINS] for rule in _cnn_sizes.SIZE_MISTAKES.values()]
    answers.append([size_by_torch(*case) for case in _cnn_cases.CHAINS])
    assert not any(one == other for one, other in itertools.combinations(answers, 2))


def test_a_ceiling_counts_one_window_more():
    """Keras and torch's ceil_mode can round up; the cases must see it."""
    verdict = cnn.check_pool(pool_rounded_up)
    assert not verdict.passed
    assert "You round up" in verdict.message
