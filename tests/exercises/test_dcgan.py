"""The checkers of the chapter on convolutional GANs: right answers pass, each wrong one is told its own mistake."""

import checkers
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from companion.exercises import dcgan
from companion.nets import cnn
from companion.nets import dcgan as nets_dcgan
from companion.nets import spectral_norm as nets_spectral

# --- right -----------------------------------------------------------------------------------------------------------


def transposed_plain(y, w, stride, padding, *, write=lambda old, new: old + new, start=0.0):
    (h, k), (kh, kw) = y.shape, w.shape
    x = np.full(((h - 1) * stride + kh, (k - 1) * stride + kw), start)
    for i in range(h):
        for j in range(k):
            part = np.s_[stride * i : stride * i + kh, stride * j : stride * j + kw]
            x[part] = write(x[part], y[i, j] * w)
    return x[padding : len(x) - padding, padding : x.shape[1] - padding]


def transposed_by_torch(y, w, stride, padding):
    y, w = (torch.tensor(a)[None, None] for a in (y, w))
    return F.conv_transpose2d(y, w, stride=stride, padding=padding)[0, 0]


def transposed_by_companion(y, w, stride, padding):
    size = [nets_dcgan.enlarged(n, k, stride=stride, padding=padding) for n, k in zip(y.shape, w.shape, strict=True)]
    y, w = (torch.tensor(a)[None, None] for a in (y, w))
    return cnn.transposed(y, w, tuple(size), stride=stride, padding=padding)[0, 0]


def transposed_by_zeros(y, w, stride, padding):
    """As a convolution of y with zeros between its entries."""
    from scipy.signal import convolve2d

    spread = np.zeros([(n - 1) * stride + 1 for n in y.shape])
    spread[::stride, ::stride] = y
    x = convolve2d(spread, w)
    return x[padding : len(x) - padding, padding : x.shape[1] - padding]


def overlaps_plain(size, kernel, stride):
    counts = np.zeros((size - 1) * stride + kernel)
    for i in range(size):
        counts[i * stride : i * stride + kernel] += 1
    return counts


def overlaps_by_place(size, kernel, stride):
    places = range((size - 1) * stride + kernel)
    return [sum(i * stride <= p < i * stride + kernel for i in range(size)) for p in places]


def overlaps_by_companion(size, kernel, stride):
    return nets_dcgan.overlaps(size, kernel, stride=stride)


def batch_norm_plain(x, mean, var, training):
    m, v = mean, var
    if training:
        m, v = x.mean((0, 2, 3)), x.var((0, 2, 3))
        mean, var = 0.9 * mean + 0.1 * m, 0.9 * var + 0.1 * x.var((0, 2, 3), ddof=1)
    m, v = (a.reshape(1, -1, 1, 1) for a in (m, v))
    return (x - m) / np.sqrt(v + 1e-5), mean, var


def batch_norm_by_torch(x, mean, var, training):
    layer = nn.BatchNorm2d(len(mean)).double().train(training)
    layer.running_mean.copy_(torch.tensor(mean))
    layer.running_var.copy_(torch.tensor(var))
    return layer(torch.tensor(x)), layer.running_mean, layer.running_var


def spectral_plain(weight, v):
    W = weight.reshape(len(weight), -1)
    u = W @ v
    u = u / np.linalg.norm(u)
    v = W.T @ u
    v = v / np.linalg.norm(v)
    return weight / (u @ W @ v), u, v


def spectral_by_companion(weight, v):
    layer = nn.Conv2d(weight.shape[1], len(weight), weight.shape[2:], bias=False).double()
    layer.weight.data = torch.tensor(weight)
    nets_spectral.spectral_norm(layer)
    inner = layer.parametrizations.weight[0]
    inner.v = torch.tensor(v)
    return layer.weight, inner.u, inner.v


RIGHT = {
    "check_transposed": [transposed_plain, transposed_by_torch, transposed_by_companion, transposed_by_zeros],
    "check_overlaps": [overlaps_plain, overlaps_by_place, overlaps_by_companion],
    "check_batch_norm": [batch_norm_plain, batch_norm_by_torch],
    "check_spectral_step": [spectral_plain, spectral_by_companion],
}

# --- wrong -----------------------------------------------------------------------------------------------------------


def full(y, w, stride, padding):
    return transposed_plain(y, w, stride, 0)


def one_side(y, w, stride, padding):
    x = full(y, w, stride, padding)
    return x[padding:, padding:]


def added(y, w, stride, padding):
    return np.pad(full(y, w, stride, padding), padding)


def short(y, w, stride, padding):
    x = full(y, w, stride, padding)
    return x[: (y.shape[0] - 1) * stride + 1, : (y.shape[1] - 1) * stride + 1]


def times_stride(y, w, stride, padding):
    return np.zeros([n * stride for n in y.shape])


def shrunk(y, w, stride, padding):
    from scipy.signal import correlate2d

    rows, columns = ((n + 2 * padding - k) // stride + 1 for n, k in zip(y.shape, w.shape, strict=True))
    return correlate2d(np.pad(y, padding + 4), w, "valid")[:rows, :columns]


def mean_of_copies(y, w, stride, padding):
    counts = transposed_plain(np.ones_like(y), np.ones_like(w), stride, padding)
    return transposed_plain(y, w, stride, padding) / np.maximum(counts, 1)


def if_square(change):
    def student(y, w, stride, padding):
        return transposed_plain(*change(y, w), stride, padding)

    return student


def shifted(y, w, stride, padding):
    return np.roll(transposed_plain(y, w, stride, padding), 1, axis=0)


def line(change):
    return lambda size, kernel, stride: change(overlaps_plain(size, kernel, stride), size, kernel, stride)


def batch_norm(*, axes=(0, 2, 3), which=lambda training: training, moves=lambda training: training, ddof=0, own=1,
               old=0.9, new=0.1, bend=lambda x, m, v: (x - m) / np.sqrt(v + 1e-5), spread=lambda v: v,
               by=lambda n, k: 1):  # fmt: skip
    """A layer with one part of it wrong."""

    def student(x, mean, var, training):
        moved = (mean, var)
        if moves(training):
            m, v = x.mean((0, 2, 3)), x.var((0, 2, 3), ddof=own)
            moved = old * mean + new * m, old * var + new * spread(v) * by(len(x), x.size)
        if which(training):
            m, v = x.mean(axes, keepdims=True), x.var(axes, ddof=ddof, keepdims=True)
        else:
            m, v = (a.reshape(1, -1, 1, 1) for a in (mean, var))
        return bend(x, m, v), *moved

    return student


def unlike_in_evaluation(bend):
    def student(x, mean, var, training):
        return (batch_norm() if training else batch_norm(bend=bend))(x, mean, var, training)

    return student


def late_in_training(x, mean, var, training):
    y, mean, var = batch_norm()(x, mean, var, training)
    if training:
        y = (x - mean.reshape(1, -1, 1, 1)) / np.sqrt(var.reshape(1, -1, 1, 1) + 1e-5)
    return y, mean, var


def flat_right(weight):
    return weight.reshape(len(weight), -1)


def spectral(*, divide=lambda weight, W, sigma, u, v, old: weight / sigma, flat=flat_right,
             back=lambda weight, u, v, old: (weight, u, v), steps=1, length=True):  # fmt: skip
    def student(weight, v):
        W, old = flat(weight), v
        for _ in range(steps):
            u = W @ v
            u = u / np.linalg.norm(u) if length else u
            v = W.T @ u
            v = v / np.linalg.norm(v) if length else v
        return back(divide(weight, W, u @ W @ v, u, v, old), u, v, old)

    return student


def exact(sign):
    def student(weight, v):
        U, s, Vh = np.linalg.svd(weight.reshape(len(weight), -1))
        return weight / s[0], sign * U[:, 0], sign * Vh[0]

    return student


def long_v(weight, v):
    W = weight.reshape(len(weight), -1)
    divided, u, _ = spectral_plain(weight, v)
    return divided, u, W.T @ u


def flat_other(weight):
    return np.moveaxis(weight, 1, -1).reshape(len(weight), -1)


WRONG = {
    "check_transposed": {
        "Nothing is cut off": full,
        "With padding 0 a slice": lambda y, w, stride, padding: full(y, w, stride, padding)[
            padding:-padding, padding:-padding
        ],
        "You cut the padding off one side": one_side,
        "You added the padding": added,
        "The last copy of w still reaches": short,
        "That is the size times the stride": times_stride,
        "The stride is missing": lambda y, w, stride, padding: transposed_plain(y, w, 1, padding),
        "That is the size of a convolution": shrunk,
        "later copies overwrite": lambda *given: transposed_plain(*given, write=lambda old, new: new),
        "you flipped w": lambda y, w, stride, padding: transposed_plain(y, w[::-1, ::-1], stride, padding),
        "your copies are not multiplied": lambda y, w, *how: transposed_plain(0 * y + 1, w, *how),
        "you kept the larger one": lambda *given: transposed_plain(*given, write=np.maximum, start=-np.inf),
        "you divided by the number of copies": mean_of_copies,
        "rows and columns of y": if_square(lambda y, w: (y.T if y.shape[0] == y.shape[1] else y, w)),
        "rows and columns of w": if_square(lambda y, w: (y, w.T if w.shape[0] == w.shape[1] else w)),
        "the sign is turned": lambda *given: -transposed_plain(*given),
        "see where your copy of w lands": shifted,
    },
    "check_overlaps": {
        "That is size·stride": line(lambda counts, n, k, s: counts[: n * s]),
        "Your line ends where the last entry begins": line(lambda counts, n, k, s: counts[: (n - 1) * s + 1]),
        "The stride is missing": line(lambda counts, n, k, s: overlaps_plain(n, k, 1)),
        "one number for each entry": line(lambda counts, n, k, s: np.full(n, k)),
        "Count along one line": line(lambda counts, n, k, s: np.outer(counts, counts)),
        "you count `kernel` everywhere": line(lambda counts, n, k, s: 0 * counts + k),
        "you give kernel/stride everywhere": line(lambda counts, n, k, s: 0 * counts + k / s),
        "you round kernel/stride up": line(lambda counts, n, k, s: 0 * counts - (-k // s)),
        "you round kernel/stride down": line(lambda counts, n, k, s: 0 * counts + k // s),
        "you only say whether": line(lambda counts, n, k, s: counts > 0.5 if False else np.minimum(counts, 1)),
        "you let it reach one less": line(
            lambda counts, n, k, s: np.pad(overlaps_plain(n, k - 1, s), (0, 1)) if k > 1 else counts
        ),
        "your entries lie next to each other": line(
            lambda counts, n, k, s: np.pad(overlaps_plain(n, k, 1), (0, len(counts) - (n + k - 1)))
        ),
        "draw the copies below each other": line(lambda counts, n, k, s: counts[::-1] + np.arange(len(counts))),
    },
    "check_batch_norm": {
        "you took the running statistics. In": batch_norm(which=lambda training: False),
        "you took the batch's own statistics. In": batch_norm(which=lambda training: True),
        "you took the running statistics after": late_in_training,
        "you divided by the variance": batch_norm(bend=lambda x, m, v: (x - m) / (v + 1e-5)),
        "you subtracted the mean and did not divide": batch_norm(bend=lambda x, m, v: x - m),
        "you divided and did not subtract": batch_norm(bend=lambda x, m, v: x / np.sqrt(v + 1e-5)),
        "With training = True, your y is wrong: the ε is missing": batch_norm(
            bend=lambda x, m, v: (x - m) / np.sqrt(v)
        ),
        "the ε is outside the root: it": batch_norm(bend=lambda x, m, v: (x - m) / (np.sqrt(v) + 1e-5)),
        "you normalized each picture by itself": batch_norm(axes=(2, 3)),
        "you normalized each place by itself": batch_norm(axes=(0,)),
        "you took one mean for all channels": batch_norm(axes=(0, 1, 2, 3)),
        "you divided by N − 1 for y": batch_norm(ddof=1),
        "print the mean and the standard deviation": batch_norm(bend=lambda x, m, v: 2 * (x - m)),
        "put mean and var of one channel": unlike_in_evaluation(lambda x, m, v: (x + m) / np.sqrt(v + 1e-5)),
        "With training = False, your y is wrong: the ε is missing": unlike_in_evaluation(
            lambda x, m, v: (x - m) / np.sqrt(v)
        ),
        "your ε is another one: 1e-5": batch_norm(bend=lambda x, m, v: (x - m) / np.sqrt(v + 1e-3)),
        "your ε is another one. 1e-5": batch_norm(bend=lambda x, m, v: (x - m) / np.sqrt(v + 1e-8)),
        "N counts all entries of a channel": batch_norm(spread=lambda v: v, own=0, by=lambda n, k: n / (n - 1)),
        "your variance is off": batch_norm(spread=lambda v: 2 * v),
        "they did not move": batch_norm(moves=lambda training: False),
        "in evaluation nothing may move towards the batch": batch_norm(moves=lambda training: True),
        "in evaluation nothing may move:": lambda x, mean, var, training: (
            batch_norm(moves=lambda t: True, own=int(training))(x, mean, var, training)
        ),
        "the shares are exchanged: 0.9 of the old, 0.1 of the new.": batch_norm(old=0.1, new=0.9),
        "0.1 of the new; and its variance takes": batch_norm(old=0.1, new=0.9, own=0),
        "your running variance takes the plain one": batch_norm(own=0),
        "you keep the batch's alone. 0.9 of the old remains.": batch_norm(old=0, new=1),
        "old remains; and its variance takes": batch_norm(old=0, new=1, own=0),
        "your running variance takes the standard deviation": batch_norm(own=0, spread=np.sqrt),
        "the old one is not multiplied by 0.9.": batch_norm(old=1),
        "not multiplied by 0.9; and its variance": batch_norm(old=1, own=0),
        "your mean is off": batch_norm(old=0.5, new=0.5),
        "Flatten it: one number for each channel": lambda *given: (
            lambda y, m, v: (y, m.reshape(1, -1, 1, 1), v)
        )(*batch_norm_plain(*given)),
        "the exercise asks for 3 things": lambda *given: batch_norm_plain(*given)[0],
    },
    "check_spectral_step": {
        "reshape(−1, outputs).T mixes": spectral(flat=lambda weight: weight.reshape(-1, len(weight)).T),
        "you did no step of your own": spectral(back=lambda weight, u, v, old: (weight, u, old)),
        "the lengths are missing": spectral(length=False),
        "its length is missing": long_v,
        "you made two steps": spectral(steps=2),
        "that is the exact singular vector": exact(1),
        "that is minus the exact singular vector": exact(-1),
        "you flattened the other side": spectral(flat=flat_other),
        "you gave the weights back undivided": spectral(divide=lambda weight, *rest: weight),
        "you multiplied by σ": spectral(divide=lambda weight, W, sigma, *rest: weight * sigma),
        "you divided by σ²": spectral(divide=lambda weight, W, sigma, *rest: weight / sigma**2),
        "the Frobenius norm": spectral(divide=lambda weight, W, *rest: weight / np.linalg.norm(W)),
        "with the old v": spectral(divide=lambda weight, W, sigma, u, v, old: weight / np.linalg.norm(W @ old)),
        "you divided by the exact σ₁": spectral(divide=lambda weight, W, *rest: weight / np.linalg.norm(W, 2)),
        "each output by its own length": spectral(
            divide=lambda weight, W, *rest: weight / np.linalg.norm(W, axis=1).reshape(-1, 1, 1, 1)
        ),
        "the sign of u is turned": spectral(back=lambda weight, u, v, old: (weight, -u, v)),
        "Give the weights back in the shape": spectral(
            back=lambda weight, u, v, old: (weight.reshape(len(weight), -1), u, v)
        ),
        "That is as long as v": spectral(back=lambda weight, u, v, old: (weight, v, u)),
        "That is as long as u": spectral(back=lambda weight, u, v, old: (weight, u, u)),
        "Divide by its length": spectral(back=lambda weight, u, v, old: (weight, 2 * u, v)),
        "u comes from the v you were given": spectral(back=lambda weight, u, v, old: (weight, np.roll(u, 1), v)),
        "both of the new vectors": spectral(divide=lambda weight, W, sigma, *rest: weight / (2 * sigma)),
    },
}  # fmt: skip


TestCheckers = checkers.of(
    dcgan,
    RIGHT,
    WRONG,
    calls={"check_transposed": 5, "check_overlaps": 6, "check_batch_norm": 4, "check_spectral_step": 3},
)
