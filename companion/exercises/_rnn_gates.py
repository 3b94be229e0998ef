"""Two of the checkers on recurrent networks: the memory cell with gates, and clipping."""

from typing import Any

import numpy as np

from companion.exercises._rnn_cases import CELLS, CLIPPED, sigmoid
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, close, compare, parts
from companion.exercises.verdict import Wrong, exercise


@exercise(
    "Your gradients keep their direction and stay within the bound.",
    "What is the length of all gradients together, taken as one long vector?",
    "Add the squares over all arrays, and take one root at the end. One factor serves all arrays.",
    "The factor is min(1, max_norm/norm). Mind a norm of zero.",
)
def check_clip(student: Any) -> None:
    """student(gradients, max_norm) -> the list of arrays, scaled so that their joint 2-norm is at most max_norm."""
    for gradients, limit in CLIPPED:
        answer = ask(student, gradients=gradients, max_norm=limit)
        names = tuple(f"gradient {k + 1}" for k in range(len(gradients)))
        answer = [_clipped(a, name, g) for a, name, g in zip(parts(answer, names), names, gradients, strict=True)]
        norm = _joint(gradients)
        factor = min(1, limit / norm) if norm else 1.0
        given = f"For gradients of joint norm {norm:.4g} and max_norm = {limit:g} yours have norm {_joint(answer):.4g}:"
        compare(
            given,
            _flat(answer),
            factor * _flat(gradients),
            {why: _flat(wrong) for why, wrong in _clip_mistakes(gradients, limit).items()},
            "all must be multiplied by the same min(1, max_norm/norm).",
        )


def _clipped(answer: Any, name: str, g: np.ndarray) -> np.ndarray:
    try:
        return array(answer, name, g.shape)
    except Wrong as wrong:
        if "NaN" in str(wrong) and not g.any():
            raise Wrong(
                "For gradients that are all zero you returned NaN: max_norm/0 is infinite, and infinity times 0 is "
                "NaN. Leave them as they are."
            ) from None
        raise


def _flat(arrays: list) -> np.ndarray:
    return np.concatenate([np.ravel(a) for a in arrays])


def _joint(arrays: list) -> float:
    return float(np.linalg.norm(_flat(arrays)))


def _clip_mistakes(gradients: list, limit: float) -> dict[str, list]:
    flat = _flat(gradients)
    norm = _joint(gradients) or 1.0
    norms = [float(np.linalg.norm(g)) for g in gradients]
    scaled = {
        "you scaled up what was short already. A factor above 1 is never wanted: min(1, …).": limit / norm,
        "you scaled to length 1. The bound is max_norm.": 1 / norm,
        "you forgot the root: the norm is the root of the sum of squares.": min(1, limit / norm**2),
        "you added the norms of the arrays. Add their squares, and take the root at the end.":
            min(1, limit / (sum(norms) or 1)),
        "you took the largest entry as the norm.": min(1, limit / (np.abs(flat).max() or 1)),
        "you took the largest of the arrays' norms. Take the norm of all together.": min(1, limit / (max(norms) or 1)),
        "you took the sum of the absolute values. The 2-norm is wanted.": min(1, limit / (np.abs(flat).sum() or 1)),
        "you took the root of the mean square. Do not divide by the number of entries.":
            min(1, limit / (norm / np.sqrt(flat.size))),
        "the quotient is upside down: what is too long must shrink.": max(1, norm / limit),
    }  # fmt: skip
    return {
        "you returned them unchanged, but they are too long.": gradients,
        "you cut every entry at ±max_norm, which bends the direction. Scale all by one factor.":
            [g.clip(-limit, limit) for g in gradients],
        "you clipped each array on its own, which bends the direction. One factor serves all.":
            [g * min(1, limit / (n or 1)) for g, n in zip(gradients, norms, strict=True)],
        **{why: [factor * g for g in gradients] for why, factor in scaled.items()},
    }  # fmt: skip


@exercise(
    "Your cell keeps, writes and shows its memory as the gates say.",
    "Four layers read the same x and h. Three of them answer how much, one answers what. Which bend suits each?",
    "One product with W, one with U, then split the sum into four blocks of columns: input, forget, candidate, output.",
    "c = f·c + i·g with tanh for g and the sigmoid for i and f; then h = o·tanh(c), with the new c.",
)
def check_lstm_step(student: Any) -> None:
    """student(x, h, c, W, U, b) -> (h, c) of the next moment, each sequences × hidden; blocks in the order i f g o."""
    for case in CELLS:
        given = dict(zip(("x", "h", "c", "W", "U", "b"), case, strict=True))
        shape = case[1].shape
        known = {(4 * shape[1], shape[0]): "Sequences come first.", (shape[0], 4 * shape[1]): "Split the four blocks."}
        answer = parts(ask(student, **given), ("h", "c"))
        h, c = (array(a, f"the new {name}", shape, known) for a, name in zip(answer, ("h", "c"), strict=True))
        mistakes = _lstm_mistakes(*case)
        both = np.stack([h, c])
        truth = np.stack(_cell(*case))
        if not close(both, truth):
            why = next(
                (why for why, wrong in mistakes.items() if close(both, np.stack(wrong))), _half_right(both, truth)
            )
            raise Wrong(f"For {listed(given)}, {why}")


def _half_right(both: np.ndarray, truth: np.ndarray) -> str:
    if close(both[1], truth[1]):
        return "your c is right and your h is not. It is o·tanh(c), with the new c."
    return f"your c begins with {both[1, 0, 0]:.4g}, and {truth[1, 0, 0]:.4g} is right. Print i, f, g and o one by one."


def _cell(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, W: Any, U: Any, b: Any, order: Any = "ifgo", bends: Any = None
) -> tuple:
    """(h, c); `order` and `bends` make it a wrong one."""
    gates = dict(zip(order, np.split(x @ W.T + h @ U.T + b, 4, axis=1), strict=True))
    bend = {"i": sigmoid, "f": sigmoid, "g": np.tanh, "o": sigmoid, **(bends or {})}
    i, f, g, o = (bend[name](gates[name]) for name in "ifgo")
    c = f * c + i * g
    return o * np.tanh(c), c


def _lstm_mistakes(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> dict[str, tuple]:
    new_h, new_c = _cell(x, h, c, W, U, b)
    i, f, g, o = np.split(x @ W.T + h @ U.T + b, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    return {
        "you returned c before h. Return h, c.": (new_c, new_h),
        "you exchanged input and forget gate: the first block is i.": _cell(x, h, c, W, U, b, "figo"),
        "you exchanged candidate and output gate: the third block is g, the fourth o.": _cell(x, h, c, W, U, b, "ifog"),
        "you took the blocks in the order f, i, o, g. It is i, f, g, o.": _cell(x, h, c, W, U, b, "fiog"),
        "your candidate has a sigmoid. It may be negative: take tanh.": _cell(x, h, c, W, U, b, bends={"g": sigmoid}),
        "your candidate has no bend: tanh is missing.": _cell(x, h, c, W, U, b, bends={"g": lambda a: a}),
        "your gates have tanh. They are shares between 0 and 1: take the sigmoid.":
            _cell(x, h, c, W, U, b, bends=dict.fromkeys("ifo", np.tanh)),
        "your gates have no sigmoid.": _cell(x, h, c, W, U, b, bends=dict.fromkeys("ifo", lambda a: a)),
        "your h is o·c. The tanh of c is missing.": (o * new_c, new_c),
        "your h is tanh(c). The output gate is missing.": (np.tanh(new_c), new_c),
        "your h is made from the old c. Take the new one.": (o * np.tanh(c), new_c),
        "your forget gate is turned round: f = 1 means keep.": _sum(o, (1 - f) * c + i * g),
        "you keep all of the old c: the forget gate is missing.": _sum(o, c + i * g),
        "you write all of the candidate: the input gate is missing.": _sum(o, f * c + g),
        "you took 1 − f for the input gate. It has weights of its own here.": _sum(o, f * c + (1 - f) * g),
        "your old c is lost. Keep f·c of it.": _sum(o, i * g),
        "your bias is missing.": _cell(x, h, c, W, U, 0 * b),
        "your gates do not see h: U is missing.": _cell(x, h, c, W, 0 * U, b),
        "your gates do not see x: W is missing.": _cell(x, h, c, 0 * W, U, b),
    }  # fmt: skip


def _sum(o: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return o * np.tanh(c), c
