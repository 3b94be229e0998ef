"""Checkers of the chapter on nonnegative matrix factorization."""

from typing import Any

import numpy as np

from companion.exercises._factors import FITS, swept
from companion.exercises._parts import check_normalized, check_signless_term
from companion.exercises._words import described
from companion.exercises.answers import array, ask, close, compare
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_hals_step", "check_multiplicative_step", "check_normalized", "check_signless_term"]


@exercise(
    "Your update is Lee and Seung's: it keeps every sign and every zero, and lowers the error.",
    "What does the gradient WᵀWH − WᵀX look like where an entry of H should stay as it is?",
    "Each entry of H is multiplied by a quotient: what would raise it, over what would lower it.",
    "H * (W.T @ X) / (W.T @ W @ H): the stars and the bar are entry by entry.",
)
def check_multiplicative_step(student: Any) -> None:
    """student(X, W, H) -> the next H of the multiplicative updates for ‖X − WH‖_F; r × n, a new array."""
    for X, W, H in FITS:
        answer = _factor(student, X, W, H)
        C, G, ones = W.T @ X, W.T @ W, np.ones_like(X)
        mistakes = {
            "the quotient is upside down. What is too small must grow: WᵀX, the data, stands above.": H * (G @ H) / C,
            "H itself is missing: the quotient multiplies the old H.": C / (G @ H),
            "it is the quotient applied with a root. Lee and Seung's has none.": H * (C / (G @ H)) ** 0.5,
            "that is the update for the Kullback–Leibler divergence. This one is for the squared error.":
                H * (W.T @ (X / (W @ H))) / (W.T @ ones),
            "you added the quotient. It multiplies.": H + C / (G @ H),
            "your entries never shrink. A quotient below 1 is right where there is too much.":
                H * np.maximum(C / (G @ H), 1),
            "H is missing in the denominator, which is WᵀWH.": H * C / G.sum(1, keepdims=True),
            "you followed the gradient with a step of 1. Multiply by a quotient instead.": H - (G @ H - C),
            "that is H unchanged.": H,
            "that is one step of HALS. Here every entry is multiplied by a quotient.": swept(X, W, H),
        }  # fmt: skip
        rest = "compare WᵀX/(WᵀWH) with yours, entry by entry. It is 1 where WH = X."
        compare("Your H is not the multiplicative update:", answer, H * C / (G @ H), mistakes, rest)


@exercise(
    "Each of your rows is the best one for the rows around it.",
    "If all rows of H but one stand still, what is left to fit is a matrix of rank one.",
    "The best row l is h_l plus (WᵀX − WᵀWH)_l/(WᵀW)_ll, and 0 where that is negative.",
    "Use the rows already renewed: write into one copy of H, row by row, and use that copy in WᵀWH.",
)
def check_hals_step(student: Any) -> None:
    """student(X, W, H) -> H after each of its rows, from first to last, was set to its best value ≥ 0."""
    for X, W, H in FITS:
        answer = _factor(student, X, W, H)
        G, pivot = W.T @ W, np.diag(W.T @ W)[:, None]
        slope = W.T @ X - G @ H
        mistakes = {
            "all rows were computed from the old ones. Row 2 must already see the new row 1.":
                swept(X, W, H, fresh=False),
            "it has negative entries: the maximum with 0 is missing.": swept(X, W, H, low=-np.inf),
            "you went from the last row to the first. Begin with the first.": swept(X, W, H, order=-1),
            "the division by (WᵀW)_ll is missing.": _clipped(H, slope, 1.0),
            "you divided by a length where its square belongs, (WᵀW)_ll.": _clipped(H, slope, pivot**0.5),
            "the sign of the gradient is wrong: h moves along WᵀX − WᵀWH.": _clipped(H, -slope, pivot),
            "you solved for all rows at once and cut off what was negative. Set one row at a time.":
                np.maximum(np.linalg.lstsq(W, X, rcond=None)[0], 0),
            "that is H unchanged.": H,
            "that is a multiplicative update. Here a row is solved for exactly.": H * (W.T @ X) / (G @ H),
            "you made two sweeps, or more. One is wanted.": swept(X, W, swept(X, W, H)),
            "the row's own part is missing: X − WH lacks what row l gives now. Add h_l back.":
                swept(X, W, H, own=0.0),
            "you cut off negative entries once, at the end. The rows after a row must see it cut.":
                np.maximum(swept(X, W, H, low=-np.inf), 0),
            "your rows go half of the way. The best row is a whole step away.": swept(X, W, H, share=0.5),
            "your rows are fresh, but you forgot to divide by (WᵀW)_ll.": swept(X, W, H, divide=False),
        }  # fmt: skip
        rest = "write down what the last row must be when the others are given, and compare."
        if (answer < -1e-9).any() and not close(answer, swept(X, W, H, low=-np.inf)):
            raise Wrong(f"Your H has {np.sum(answer < 0)} negative entries. Take the maximum with 0 in every row.")
        compare("Your H is not that of a sweep:", answer, swept(X, W, H), mistakes, rest)


def _clipped(H: np.ndarray, slope: np.ndarray, by: Any) -> np.ndarray:
    """The rows in turn would differ; with wrong denominators students mostly update all rows at once."""
    return np.maximum(H + slope / by, 0)


def _factor(student: Any, X: np.ndarray, W: np.ndarray, H: np.ndarray) -> np.ndarray:
    answer = ask(student, X=X, W=W, H=H)
    if isinstance(answer, (tuple, list)) and len(answer) == 2:
        raise Wrong(f"You returned {described(answer)}; the exercise asks for the new H alone.")
    known = {
        W.shape: "That is the shape of W. The exercise renews H.",
        X.shape: "That is the shape of X: WH, or a quotient like X/(WH), must be multiplied by Wᵀ.",
    }
    return array(answer, f"the new H, for an X of {X.shape[0]} × {X.shape[1]},", H.shape, known)
