"""Checkers of the chapter on recommenders."""

from typing import Any

import numpy as np

from companion.exercises._heldout import check_split
from companion.exercises._ranked import check_ndcg
from companion.exercises._words import described, listed, plain
from companion.exercises.answers import array, ask, cause, close, number
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_ndcg", "check_prediction", "check_split", "check_user_update"]

_rng = np.random.default_rng(3)
# (Q, r, ridge): more ratings than factors, as many, fewer, one; no two mistakes below agree on the first
USERS = tuple(
    (_rng.standard_normal((n, rank)), _rng.standard_normal(n) + 1, ridge)
    for n, rank, ridge in ((7, 3, 0.7), (3, 3, 2.0), (2, 4, 0.1), (1, 2, 1.5))
)


@exercise(
    "Your factors minimize the user's own error plus the penalty, also where there are fewer ratings than factors.",
    "Set the gradient of ‖Qp − r‖² + ridge·‖p‖² to zero. What linear system for p is left?",
    "QᵀQ + ridge·I on the left, Qᵀr on the right. How large is the identity matrix?",
    "np.linalg.solve(Q.T @ Q + ridge * np.eye(Q.shape[1]), Q.T @ r)",
)
def check_user_update(student: Any) -> None:
    """student(Q, r, ridge) -> p, the minimum of ‖Qp − r‖² + ridge·‖p‖²; Q has one row for each rating of the user."""
    for Q, r, ridge in USERS:
        n, rank = Q.shape
        row = "That is one number for each rating: the predictions Qp. Return p itself, one number for each factor."
        p = array(
            ask(student, Q=Q, r=r, ridge=ridge), f"p for {rank} factors", (rank,), {(n,): row} if n != rank else {}
        )
        truth = _ridge(Q, r, ridge)
        if not close(p, truth):
            why = cause(p, _update_mistakes(Q, r, ridge))
            slope = np.linalg.norm(Q.T @ (Q @ p - r) + ridge * p)
            why = why or f"at your p the gradient Qᵀ(Qp − r) + ridge·p has length {slope:.3g}; it must be 0."
            raise Wrong(f"For {listed({'Q': Q, 'ridge': ridge})} your p begins with {p[0]:.4g}: {why}")


def _ridge(Q: np.ndarray, r: np.ndarray, ridge: float) -> np.ndarray:
    return np.linalg.solve(Q.T @ Q + ridge * np.eye(Q.shape[1]), Q.T @ r)


def _update_mistakes(Q: np.ndarray, r: np.ndarray, ridge: float) -> dict[str, Any]:
    n = len(Q)
    everywhere = np.linalg.lstsq(Q.T @ Q + ridge, Q.T @ r)[0]
    centred = _ridge(Q - Q.mean(axis=0), r - r.mean(), ridge)
    return {
        "the penalty is missing. Add ridge to the diagonal of QᵀQ.": np.linalg.lstsq(Q, r)[0],
        "your penalty is ridge times the number of ratings. That is a choice too, but here λ is ridge itself.":
            _ridge(Q, r, ridge * n),
        "your penalty is half of ridge: in the gradient the 2 stands before both terms, and cancels.":
            _ridge(Q, r, ridge / 2),
        "your penalty is twice ridge: in the gradient the 2 stands before both terms, and cancels.":
            _ridge(Q, r, ridge * 2),
        "an intercept was fitted, as a regression does by itself. Here is none: fit_intercept=False.": centred,
        "your penalty is ridge². The sum has ridge·‖p‖², so ridge goes on the diagonal.": _ridge(Q, r, ridge**2),
        "your penalty has the wrong sign: QᵀQ + ridge·I, not minus.": _ridge(Q, r, -ridge),
        "ridge was added to every entry of QᵀQ. Add it to the diagonal: ridge * np.eye(…).": everywhere,
        "your sign is wrong: the right side is Qᵀr.": -_ridge(Q, r, ridge),
        "you divided by n once: the error is a sum here, not a mean.": _ridge(Q, r, ridge) / n,
    }  # fmt: skip


MEAN, USER_BIAS, ITEM_BIAS = 3.5, np.array([0.25, -0.5, 1.0]), np.array([-1.0, 0.125, 0.75, -0.3])
P, Q = _rng.standard_normal((3, 2)), _rng.standard_normal((4, 2))
PAIRS = ((0, 1), (2, 3), (1, 2), (None, 1), (2, None), (None, 0), (0, None), (None, None))


@exercise(
    "You predict known pairs, and what is left of the sum for newcomers.",
    "Four things add up. Which of them do you know of a user who came today?",
    "mean + user_bias[u] + item_bias[i] + P[u] @ Q[i]; where u is None, the two terms with u are left out.",
    "Add the terms one by one: if u is not None: …; the product needs both.",
)
def check_prediction(student: Any) -> None:
    """student(mean, user_bias, item_bias, P, Q, u, i) -> the predicted rating; u or i is None for a newcomer."""
    for u, i in PAIRS:
        answer = ask(
            student, mean=MEAN, user_bias=USER_BIAS.copy(), item_bias=ITEM_BIAS.copy(), P=P.copy(), Q=Q.copy(), u=u, i=i
        )
        _check_gained_axis(answer, u, i)
        told = number(answer, "a prediction")
        if not close(told, _predicted(u, i)):
            mistakes = _known_mistakes(u, i) if None not in (u, i) else _cold_mistakes(u, i)
            why = cause(told, mistakes) or "add the four terms by hand."
            raise Wrong(f"For u = {u}, i = {i} you returned {told:.4g}: {why}")


def _check_gained_axis(answer: Any, u: int | None, i: int | None) -> None:
    x = plain(answer)
    if x is not None and x.ndim > 0 and (u is None or i is None):
        name = "u" if u is None else "i"
        raise Wrong(
            f"For u = {u}, i = {i} you returned {described(answer)}: {name} is None here, and an array indexed by None "
            f"gains an axis. Test `if {name} is not None`."
        )


def _predicted(u: int | None, i: int | None) -> float:
    b = 0.0 if u is None else USER_BIAS[u]
    c = 0.0 if i is None else ITEM_BIAS[i]
    return float(MEAN + b + c + (0.0 if u is None or i is None else P[u] @ Q[i]))


ROW_0 = "row 0 was taken for a newcomer: `if u` is False for 0 too. Write `u is not None`."
ITEM_0 = "item 0 was taken for a new one as well: `if i` is False for 0 too. Write `i is not None`."


def _known_mistakes(u: Any, i: Any) -> dict[str, float]:
    b, c, product, truth = USER_BIAS[u], ITEM_BIAS[i], P[u] @ Q[i], _predicted(u, i)
    return {
        **({ROW_0: truth - b - product} if u == 0 else {}),
        "the mean is missing. Biases and factors say how this pair differs from it.": truth - MEAN,
        "the user's bias is missing.": truth - b,
        "the item's bias is missing.": truth - c,
        "both biases are missing.": MEAN + product,
        "the product of the factors is missing.": truth - product,
        "a bias was subtracted. Biases are differences from the mean: add them.": MEAN - b - c + product,
        "only the biases of this pair belong here, not the sum over all of them.":
            float(MEAN + USER_BIAS.sum() + ITEM_BIAS.sum() + product),
    }  # fmt: skip


def _cold_mistakes(u: Any, i: Any) -> dict[str, float]:
    last = USER_BIAS[-1] if u is None else ITEM_BIAS[-1]
    return {
        **({ITEM_0: MEAN} if i == 0 else {}),
        "a newcomer is no reason to say 0: that is a rating nobody gives. Start from the mean.": 0.0,
        "you fall back to the mean alone, but you know the other one's bias.": MEAN,
        "the mean is missing.": _predicted(u, i) - MEAN,
        "you took the last row's bias for the newcomer's, as an index of −1 does.": _predicted(u, i) + last,
        "you took the average of the biases for the newcomer's: being differences from the mean, say 0 instead.":
            _predicted(u, i) + (USER_BIAS if u is None else ITEM_BIAS).mean(),
        "you took the average of the factors for the newcomer's: their taste is not known, leave the product out.":
            _predicted(u, i) + _average_product(u, i),
    }  # fmt: skip


def _average_product(u: int | None, i: int | None) -> float:
    p, q = P.mean(axis=0) if u is None else P[u], Q.mean(axis=0) if i is None else Q[i]
    return float(p @ q)
