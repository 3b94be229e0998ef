"""Two of the checkers on convolutional GANs: batch norm in its two modes, and a step of spectral normalization."""

from typing import Any

import numpy as np

from companion.exercises._dcgan_cases import EPS, KERNELS, MAPS, MOMENTUM, normalized, stepped, unit
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, close, compare, parts
from companion.exercises.verdict import exercise

BY_HAND = {
    True: "print the mean and the standard deviation of each channel of your y: are they 0 and 1? (A little less than "
    "1 where the variance is as small as ε.)",
    False: "put mean and var of one channel into (x − mean)/√(var + 1e-5), and compare one entry.",
}


@exercise(
    "Your layer uses the batch's statistics in training, the running ones in evaluation, and keeps those up to date.",
    "Which numbers may a picture's answer depend on, in each of the two modes? And when may the running ones change?",
    "In training: mean and variance of each channel over pictures and places, axes 0, 2, 3. In evaluation: mean and "
    "var as they were given.",
    "y = (x − m)/√(v + 1e-5) with the plain variance. Running: 0.9·old + 0.1·new, with the variance divided by N − 1.",
)
def check_batch_norm(student: Any) -> None:
    """student(x, mean, var, training) -> (y, mean, var), for x of pictures × channels × rows × columns."""
    for x, mean, var, training in MAPS:
        given = {"x": x, "mean": mean, "var": var, "training": training}
        answer = parts(ask(student, **given), ("y", "mean", "var"))
        shapes = (x.shape, mean.shape, var.shape)
        y, m, v = (array(a, f"the {name}", s, {(1, len(mean), 1, 1): "Flatten it: one number for each channel."})
                   for a, name, s in zip(answer, ("normalized map", "running mean", "running variance"), shapes,
                                         strict=True))  # fmt: skip
        where = f"With training = {training}"
        truth = normalized(x, mean, var, training)
        compare(f"{where}, your y is wrong:", y, truth[0], _y_mistakes(x, mean, var, training),
                BY_HAND[training])  # fmt: skip
        mistakes = _running_mistakes(x, mean, var, training)
        both = np.concatenate([m, v])
        off = "variance" if close(m, truth[1]) else "mean"
        compare(f"{where}, y is right and your running statistics are not:", both, np.concatenate(truth[1:]), mistakes,
                f"your {off} is off. Work it out by hand for one channel.")  # fmt: skip


def _y_mistakes(x: Any, mean: Any, var: Any, training: bool) -> dict[str, np.ndarray]:
    def y(**how: Any) -> np.ndarray:
        return normalized(x, mean, var, training, **how)[0]

    channel = (1, -1, 1, 1)
    m, v = (x.mean((0, 2, 3)), x.var((0, 2, 3))) if training else (mean, var)
    m, v = m.reshape(channel), v.reshape(channel)
    moved = normalized(x, mean, var, True)[1:]
    mistakes = {
        "you took the running statistics. In training the batch's own are used.": y(use=False),
        "you took the batch's own statistics. In evaluation the running ones are used, so that a picture does not "
        "depend on its company.": y(use=True),
        "you took the running statistics after moving them.":
            (x - moved[0].reshape(channel)) / np.sqrt(moved[1].reshape(channel) + EPS),
        "you divided by the variance. Divide by its root.": (x - m) / (v + EPS),
        "you subtracted the mean and did not divide.": x - m,
        "you divided and did not subtract the mean.": x / np.sqrt(v + EPS),
        "the ε is missing, or outside the root: √(v + 1e-5).": (x - m) / np.sqrt(v),
        "the ε is outside the root: it belongs to the variance.": (x - m) / (np.sqrt(v) + EPS),
        "your ε is another one: 1e-5 is added to the variance.": (x - m) / np.sqrt(v + 1e-3),
        "your ε is another one. 1e-5 is added to the variance.": (x - m) / np.sqrt(v + 1e-8),
    }  # fmt: skip
    if training:
        mistakes |= {
            "you normalized each picture by itself. Take axis 0 too.": y(axes=(2, 3)),
            "you normalized each place by itself. Take the rows and columns too: axes 0, 2, 3.": y(axes=(0,)),
            "you took one mean for all channels. Each has its own.": y(axes=(0, 1, 2, 3)),
            "you divided by N − 1 for y. The batch's plain variance normalizes; N − 1 is for the running one.":
                y(own_unbiased=True),
        }  # fmt: skip
    truth = normalized(x, mean, var, training)[0]
    return {why: wrong for why, wrong in mistakes.items() if not close(wrong, truth)}


def _running_mistakes(x: Any, mean: Any, var: Any, training: bool) -> dict[str, np.ndarray]:
    m, v = x.mean((0, 2, 3)), x.var((0, 2, 3))
    n = x.size / x.shape[1]
    sample = v * n / (n - 1)

    def mixed(old: float, new: float, variance: Any = sample) -> np.ndarray:
        return np.concatenate([old * mean + new * m, old * var + new * variance])

    if not training:
        why = "in evaluation nothing may move{}: measuring would change what is measured."
        new = {" towards the batch": mixed(1 - MOMENTUM, MOMENTUM), "": mixed(1 - MOMENTUM, MOMENTUM, v)}
        return {why.format(words): moved for words, moved in new.items()}
    counted = v * len(x) / max(len(x) - 1, 1)
    root = np.concatenate([(1 - MOMENTUM) * mean + MOMENTUM * m, (1 - MOMENTUM) * var + MOMENTUM * np.sqrt(v)])
    return {
        "they did not move. In training 0.1 of the batch's enters.": np.concatenate([mean, var]),
        "the shares are exchanged: 0.9 of the old, 0.1 of the new.": mixed(MOMENTUM, 1 - MOMENTUM),
        "the shares are exchanged: 0.9 of the old, 0.1 of the new; and its variance takes N − 1.":
            mixed(MOMENTUM, 1 - MOMENTUM, v),
        "your running variance takes the plain one. The batch's is divided by N − 1 for it, as torch does.":
            mixed(1 - MOMENTUM, MOMENTUM, v),
        "N counts all entries of a channel: pictures × rows × columns.": mixed(1 - MOMENTUM, MOMENTUM, counted),
        "you keep the batch's alone. 0.9 of the old remains.": mixed(0, 1),
        "you keep the batch's alone. 0.9 of the old remains; and its variance takes N − 1.": mixed(0, 1, v),
        "your running variance takes the standard deviation.": root,
        "the old one is not multiplied by 0.9.": mixed(1, MOMENTUM),
        "the old one is not multiplied by 0.9; and its variance takes N − 1.": mixed(1, MOMENTUM, v),
    }  # fmt: skip


@exercise(
    "One step of power iteration, and the weights are divided by what it found.",
    "The power iteration of the first chapter needs a matrix. Which axis of the weights counts its rows?",
    "W = weight.reshape(outputs, −1). First u from v, then the new v from u, each of length 1.",
    "u = Wv/‖Wv‖, v = Wᵀu/‖Wᵀu‖, σ = uᵀWv with the new v; the answer is weight/σ, u, v.",
)
def check_spectral_step(student: Any) -> None:
    """student(weight, v) -> (weight/σ, u, v) after one step; weight is outputs × channels × rows × columns."""
    for weight, v in KERNELS:
        given = {"weight": weight, "v": v}
        answer = parts(ask(student, **given), ("weight/σ", "u", "v"))
        rows, columns = len(weight), len(v)
        flat: dict[tuple, str] = {(rows, columns): "Give the weights back in the shape in which they came."}
        names = {columns: "That is as long as v: u has one entry for each output.", rows: "That is as long as u."}
        shapes = (weight.shape, (rows,), (columns,))
        known: tuple[dict[tuple, str], ...] = (flat, {(columns,): names[columns]}, {(rows,): names[rows]})
        found = [
            array(a, name, shape, causes)
            for a, name, shape, causes in zip(answer, ("weight/σ", "u", "the new v"), shapes, known, strict=True)
        ]
        truth, mistakes = stepped(weight, v), _step_mistakes(weight, v)
        for i, name in ((1, "u"), (2, "v"), (0, "weight/σ")):
            vectors = range(1, 3) if name == "weight/σ" else ()  # those are right by then
            wrong = {why: w[i] for why, w in mistakes.items() if all(close(w[j], truth[j]) for j in vectors)}
            compare(f"For {listed(given)}, your {name} is wrong:", found[i], truth[i], wrong, _rest(name, found[i]))


def _rest(name: str, found: np.ndarray) -> str:
    length = np.linalg.norm(found)
    if name == "weight/σ":
        return "the σ is uᵀWv with both of the new vectors."
    if abs(length - 1) > 1e-6:
        return f"it has length {length:.4g}. Divide by its length."
    return "u comes from the v you were given, the new v from that u."


def _step_mistakes(weight: np.ndarray, v: np.ndarray) -> dict[str, tuple]:
    W = weight.reshape(len(weight), -1)
    right, u, w = stepped(weight, v)
    sigma = u @ W @ w
    exact = np.linalg.svd(W)
    mistakes = {
        "you did no step of your own: that v is the one you were given.": (right, u, v),
        "the lengths are missing: divide by the norm.": (right, W @ v, W.T @ (W @ v)),
        "its length is missing: divide by the norm.": (right, u, W.T @ u),
        "you made two steps.": stepped(weight, w),
        "that is the exact singular vector. One step of power iteration is wanted.":
            (weight / exact[1][0], exact[0][:, 0], exact[2][0]),
        "that is minus the exact singular vector. One step of power iteration is wanted.":
            (weight / exact[1][0], -exact[0][:, 0], -exact[2][0]),
        "you flattened the other side: outputs are the rows of W, the first axis.": _sideways(weight, v),
        "reshape(−1, outputs).T mixes the outputs: reshape(outputs, −1) keeps each one's weights together.":
            _mixed(weight, v),
        "you gave the weights back undivided.": (weight, u, w),
        "you multiplied by σ. Divide.": (weight * sigma, u, w),
        "you divided by σ².": (weight / sigma**2, u, w),
        "you divided by the Frobenius norm, the length of all weights.": (weight / np.linalg.norm(W), u, w),
        "you divided by ‖Wv‖ with the old v. The new v gives a better estimate.":
            (weight / np.linalg.norm(W @ v), u, w),
        "you divided by the exact σ₁. The step's own estimate is wanted.": (weight / exact[1][0], u, w),
        "you divided each output by its own length.":
            (weight / np.linalg.norm(W, axis=1).reshape(-1, 1, 1, 1), u, w),
        "the sign of u is turned.": (right, -u, -w),
    }  # fmt: skip
    return mistakes


def _mixed(weight: np.ndarray, v: np.ndarray) -> tuple:
    """The axes were not moved, but the entries cut into columns."""
    W = weight.reshape(-1, len(weight)).T
    u = unit(W @ v)
    w = unit(W.T @ u)
    return weight / (u @ W @ w), u, w


def _sideways(weight: np.ndarray, v: np.ndarray) -> tuple:
    """Columns of W in another order: the axes were moved before flattening."""
    W = np.moveaxis(weight, 1, -1).reshape(len(weight), -1)
    u = unit(W @ v)
    w = unit(W.T @ u)
    return weight / (u @ W @ w), u, w
