"""Checkers of the chapter on multilayer perceptrons."""

from typing import Any

import numpy as np

from companion.exercises._mlp_build import check_parity, check_start
from companion.exercises._mlp_cases import HUGE, LABELLED, NETWORKS, log_softmax, softmax
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, compare, number, parts
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_backward", "check_cross_entropy", "check_parity", "check_start"]

LOST = "np.exp overflowed, or a logarithm met a probability that had become 0: log p = z − logsumexp(z) does neither"
HIDDEN = "A small number beside p, or a bound on it, hides how wrong the network is. Stay with z − logsumexp(z)."


@exercise(
    "Your loss and your gradient are right, for logits of any size.",
    "The loss needs logarithms of probabilities. Can you have them without the probabilities?",
    "log p = z − log Σ exp z, row by row; take each row's largest logit out of the sum before np.exp.",
    "The gradient is (p − one-hot)/n: np.exp(log_p), minus 1 at [np.arange(n), y], divided by n.",
)
def check_cross_entropy(student: Any) -> None:
    """student(logits, y) -> (loss, gradient): −mean log softmax(logits)[y], and its n × k gradient by the logits."""
    for logits, y in (*LABELLED, HUGE):
        given = {"logits": logits, "y": y}
        loss, gradient = parts(ask(student, **given), ("the loss", "the gradient"))
        if np.ndim(loss) == 2 and np.ndim(gradient) == 0:
            raise Wrong("You exchanged the two: return the loss first, then its gradient.")
        value = number(loss, "the loss", if_not_finite=LOST)
        what = f"For {listed(given)}"
        log_p, p = log_softmax(logits), softmax(logits)
        chosen = log_p[np.arange(len(y)), y]
        otherwise = f"minus the mean of log p at each row's class, {-chosen.mean():.6g}, is wanted."
        if logits is HUGE[0] and 0 < value < -chosen.mean():
            otherwise = f"{-chosen.mean():.6g} is wanted. {HIDDEN}"
        compare(f"{what}, your loss is {value:.6g}:", value, -chosen.mean(), _losses(logits, y), otherwise)
        known = {(len(y),): "Return it for every logit, not only for that of the class."}
        gradient = array(gradient, "the gradient by the logits", logits.shape, known)
        right = (p - _one_hot(logits, y)) / len(y)
        otherwise = "it must be (p − one-hot)/n. Its rows sum to 0."
        compare(f"{what}, your gradient is wrong:", gradient, right, _gradients(logits, y), otherwise)


def _one_hot(logits: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.eye(logits.shape[1])[y]


def _losses(logits: np.ndarray, y: np.ndarray) -> dict[str, float]:
    n, k = logits.shape
    rows = np.arange(n)
    chosen, p = log_softmax(logits)[rows, y], softmax(logits)
    return {
        "you added over the rows. Take the mean.": -chosen.sum(),
        "the sign is turned: the logarithm of a probability is negative, the loss positive.": chosen.mean(),
        "you divided by all n·k entries. One entry a row counts: divide by n.": -chosen.mean() / k,
        "you took the logarithm to base 2. Take np.log.": -chosen.mean() / np.log(2),
        "the logarithm is missing.": 1 - p[rows, y].mean(),
        "the logarithm is missing, you averaged the probabilities.": -p[rows, y].mean(),
        "you averaged the probabilities before the logarithm. Take the logarithm of each.": -np.log(p[rows, y].mean()),
        "that is softmax twice: logits go in, so one softmax is enough.": -log_softmax(p)[rows, y].mean(),
        "you took the softmax over the rows. For each row the classes sum to 1: axis=1.":
            -log_softmax(logits.T).T[rows, y].mean(),
        "each logit went through a sigmoid of its own. The softmax makes classes compete.":
            np.logaddexp(0, -logits[rows, y]).mean(),
        "you averaged over all classes. Only that of the label counts.": -log_softmax(logits).mean(),
        "log Σ exp is missing: that is minus the mean logit.": -logits[rows, y].mean(),
    }  # fmt: skip


def _gradients(logits: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    n, p, one_hot = len(y), softmax(logits), _one_hot(logits, y)
    twice = softmax(p) - one_hot
    with np.errstate(divide="ignore"):
        by_p = np.where(one_hot > 0, -1 / p, 0)
    return {
        "the sign is turned: it points uphill, from the one-hot row to p.": (one_hot - p) / n,
        "it is that of the sum over the rows. Divide by n.": p - one_hot,
        "the one-hot row is missing: subtract 1 at each row's class.": p / n,
        "it is minus the one-hot row alone. The logarithm of the sum has a gradient too: p.": -one_hot / n,
        "you divided by n·k. The loss is a mean over n rows.": (p - one_hot) / logits.size,
        "it is the gradient by the probabilities. One step further back are the logits.": by_p / n,
        "it is that of softmax twice.": p * (twice - (twice * p).sum(1, keepdims=True)) / n,
        "you took the softmax over the rows: axis=1 is meant.": (softmax(logits, axis=0) - one_hot) / n,
        "you subtracted 1 everywhere. Only the entry of the label loses 1.": (p - 1) / n,
        "each logit went through a sigmoid of its own.": (1 / (1 + np.exp(-logits.clip(-500, 500))) - one_hot) / n,
    }


@exercise(
    "Your backward pass is right, for every weight and every bias.",
    "Go back through the network one step at a time. Each step needs what the forward pass had there.",
    "Write G for the gradient by the logits and a for the hidden values. ∂W2 = Gᵀa, and a itself receives G W2.",
    "δ = (G W2)·[a > 0], then ∂W1 = δᵀx and ∂b1 = Σδ over the rows. ∂W2 = Gᵀa, ∂b2 = ΣG.",
)
def check_backward(student: Any) -> None:
    """student(x, W1, b1, W2, b2, G) -> (∂W1, ∂b1, ∂W2, ∂b2) of logits = ReLU(x W1ᵀ + b1) W2ᵀ + b2.

    G (n × k) is the gradient of the loss by the logits.
    """
    for case in NETWORKS:
        x, W1, b1, W2, b2, G = case
        given = dict(zip(("x", "W1", "b1", "W2", "b2", "G"), case, strict=True))
        names = ("∂W1", "∂b1", "∂W2", "∂b2")
        answer = parts(ask(student, **given), names)
        known = {(len(x),): "Sum it over the rows, axis=0."}
        if W1.shape != W2.shape and getattr(answer[0], "shape", None) == W2.shape:
            raise Wrong("Your first gradient has the shape of W2: return them in the order ∂W1, ∂b1, ∂W2, ∂b2.")
        dW1, db1, dW2, db2 = (
            array(found, name, like.shape, known)
            for found, name, like in zip(answer, names, (W1, b1, W2, b2), strict=True)
        )
        what = f"For {listed(given)}"
        sums = x @ W1.T + b1
        a = np.maximum(sums, 0)
        compare(f"{what}, your ∂W2 is wrong:", dW2, G.T @ a, _second(x, sums, G, W2), "it must be Gᵀa, a = ReLU(…).")
        compare(f"{what}, your ∂b2 is wrong:", db2, G.sum(0), _sums(G), "it must be the sum of the rows of G.")
        delta = (G @ W2) * (sums > 0)
        otherwise = "it must be δᵀx with δ = (G W2)·[a > 0]. Move one entry of W1 by 1e-6 and see what ΣG·logits does."
        compare(f"{what}, your ∂W1 is wrong:", dW1, delta.T @ x, _first(x, sums, G, W2), otherwise)
        compare(f"{what}, your ∂b1 is wrong:", db1, delta.sum(0), _biases(sums, G, W2), "it must be Σδ over the rows.")


def _second(x: np.ndarray, sums: np.ndarray, G: np.ndarray, W2: np.ndarray) -> dict[str, Any]:
    a = np.maximum(sums, 0)
    return {
        "it is transposed: Gᵀa, not aᵀG.": a.T @ G,
        "you took the sums before the bend. The second layer sees them after ReLU.": G.T @ sums,
        "you took [a > 0] in place of a.": G.T @ (sums > 0),
        "you divided by the number of rows. G holds that factor already.": G.T @ a / len(x),
        "you took x in place of the hidden values.": G.T @ x if x.shape == a.shape else np.nan,
    }


def _sums(G: np.ndarray) -> dict[str, Any]:
    return {
        "you took the mean of the rows. G holds that factor already: add them.": G.mean(0),
        "you added the columns. Add the rows, axis=0.": G.sum(1),
        "you gave every bias the sum of all entries. Each has its own column.": np.full(G.shape[1], G.sum()),
        "it is 1 for every row. A bias enters with 1, times what comes down: G.": np.full(G.shape[1], float(len(G))),
    }


NO_BEND = "the bend is missing. Where a hidden unit was off nothing comes through: times [a > 0]."


def _deltas(sums: np.ndarray, G: np.ndarray, W2: np.ndarray) -> dict[str, np.ndarray]:
    back = G @ W2
    wrong = {
        NO_BEND: back,
        "you bent the gradient itself. The forward pass decides who is off: [a > 0].": np.maximum(back, 0),
        "you multiplied by a. The slope of ReLU is 1 or 0.": back * np.maximum(sums, 0),
        "the bend is turned round: where a > 0 the gradient passes.": back * (sums <= 0),
        "you took the sign of the sums. The slope of ReLU is 1 or 0, never −1.": back * np.sign(sums),
        "you divided by the number of rows. G holds that factor already.": back * (sums > 0) / len(G),
        "the slope is that of tanh, 1 − a². This network bends with ReLU.": back * (1 - np.maximum(sums, 0) ** 2),
    }
    if W2.shape[0] == W2.shape[1]:
        wrong["W2 is transposed: G W2, not G W2ᵀ."] = (G @ W2.T) * (sums > 0)
    return wrong


def _first(x: np.ndarray, sums: np.ndarray, G: np.ndarray, W2: np.ndarray) -> dict[str, Any]:
    delta = (G @ W2) * (sums > 0)
    wrong: dict[str, Any] = {why: d.T @ x for why, d in _deltas(sums, G, W2).items()}
    wrong["it is transposed: δᵀx, not xᵀδ."] = x.T @ delta
    if x.shape == sums.shape:
        wrong["you took the hidden values in place of x."] = delta.T @ np.maximum(sums, 0)
        wrong["you looked at x > 0. The units that were off are told by a > 0."] = ((G @ W2) * (x > 0)).T @ x
    return wrong


def _biases(sums: np.ndarray, G: np.ndarray, W2: np.ndarray) -> dict[str, Any]:
    delta = (G @ W2) * (sums > 0)
    wrong: dict[str, Any] = {why: d.sum(0) for why, d in _deltas(sums, G, W2).items()}
    return wrong | {"you added the columns of δ. Add the rows, axis=0.": delta.sum(1)}
