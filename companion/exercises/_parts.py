"""Two of nmf's checkers, by properties: the same product in another scale, and the larger half of a term."""

from typing import Any

import numpy as np

from companion.exercises._factors import PAIRS, TERMS
from companion.exercises.answers import array, ask, close, compare, parts
from companion.exercises.verdict import Wrong, exercise


@exercise(
    "Your rows of H add up to 1, and WH is what it was.",
    "WH = (WD)(D⁻¹H) for every diagonal D with positive entries. Which D makes the rows of H add up to 1?",
    "Divide each row of H by its sum, and multiply the column of W that goes with it by the same number.",
    "s = H.sum(axis=1), then W * s and H / s[:, None]. A row of zeros has the sum 0: leave it alone.",
)
def check_normalized(student: Any) -> None:
    """student(W, H) -> (W, H) with the same product and rows of H that add up to 1; rows of zeros stay zero."""
    for W, H in PAIRS:
        first, second = parts(ask(student, W=W, H=H), ("W", "H"))
        dead, sums = ~H.any(1), H.sum(1)
        hint = " Likely cause: a dead component; its row has the sum 0, and 0/0 is NaN." if dead.any() else ""
        new = [_finite(F, hint) for F in (first, second)]
        w, h = array(new[0], "W", W.shape), array(new[1], "H", H.shape, {H.shape[::-1]: "Yours is transposed."})
        if not close(h.sum(1)[~dead], np.ones((~dead).sum())):
            raise Wrong(f"The rows of your H add up to {_numbers(h.sum(1))}; each must add up to 1. {_scale(H, h)}")
        if h[dead].any():
            raise Wrong("You filled a row of H that was all zero. It has no scale: leave the zeros.")
        ratio = np.maximum(sums, 1e-300)
        mistakes = {
            "W was left as it was. Its columns must grow by what the rows of H lost.": W @ h,
            "you divided the columns of W too. Multiply them.": (W / ratio) @ h,
            "the columns of W were normalized by themselves. Multiply them by the sums of H's rows.":
                (W / np.maximum(W.sum(0), 1e-300)) @ h,
        }  # fmt: skip
        compare(
            f"Your WH differs from the WH you were given by up to {np.abs(w @ h - W @ H).max():.3g}:",
            w @ h, W @ H, mistakes, "whatever divides row l of H must multiply column l of W.",
        )  # fmt: skip


def _finite(F: Any, hint: str) -> Any:
    x = np.asarray(F) if isinstance(F, np.ndarray) else F
    if hint and isinstance(x, np.ndarray) and x.dtype.kind == "f" and np.isnan(x).any():
        raise Wrong(f"You returned NaN in {np.isnan(x).sum()} entries.{hint} Divide by 1 there.")
    return x


def _scale(H: np.ndarray, h: np.ndarray) -> str:
    safe = np.where(H.any(1), 1, np.inf)[:, None]
    for why, scale in {
        "You divided by the largest entry of each row. Divide by its sum.": H.max(1, keepdims=True),
        "You divided by the length of each row. Divide by its sum.": np.linalg.norm(H, axis=1, keepdims=True),
        "You normalized the columns of H. Its rows are the parts.": H.sum(0, keepdims=True),
        "You divided by the sum of all entries. Each row has its own.": H.sum(),
        "That is H as it was.": 1.0,
    }.items():
        if close(h, H / np.where(np.isfinite(safe), scale, 1)):
            return why
    return "Print H.sum(axis=1)."


def _numbers(x: np.ndarray) -> list[float]:
    return np.round(x, 3).tolist()


@exercise(
    "Your pair is the larger signless half of the term, whichever way you share the scale.",
    "u vᵀ is positive where u and v have the same sign. There are two such blocks.",
    "Both (u⁺, v⁺) and (−u⁻, −v⁻) make a nonnegative matrix. Keep the one that is larger as a matrix.",
    "‖ab‖ᵀ as a matrix is ‖a‖·‖b‖: compare the products of the norms, not one norm alone. Do not forget sigma.",
)
def check_signless_term(student: Any) -> None:
    """student(u, sigma, v) -> (w, h) ≥ 0 with w hᵀ the larger of sigma·u⁺v⁺ᵀ and sigma·u⁻v⁻ᵀ, in the Frobenius norm."""
    for u, sigma, v in TERMS:
        w, h = parts(ask(student, u=u, sigma=sigma, v=v), ("w", "h"))
        w, h = array(w, "w", u.shape), array(h, "h", v.shape)
        for x, name in ((w, "w"), (h, "h")):
            if (x < 0).any():
                raise Wrong(
                    f"Your {name} has {np.sum(x < 0)} negative entries; both parts must be ≥ 0. Flip their sign."
                )
        plus, minus = ((np.maximum(e * u, 0), np.maximum(e * v, 0)) for e in (1, -1))
        sizes = [np.linalg.norm(a) * np.linalg.norm(b) for a, b in (plus, minus)]
        best, other = (plus, minus) if sizes[0] >= sizes[1] else (minus, plus)
        P, Q, R = np.outer(*best), np.outer(*other), np.outer(np.abs(u), np.abs(v))
        unit = P / np.linalg.norm(P)
        mistakes = {
            "sigma is missing: w hᵀ must have the size of the term.": P,
            "sigma entered twice.": sigma**2 * P,
            "sigma entered three times.": sigma**3 * P,
            "sigma entered as its root: give √sigma to both w and h, or sigma to one.": sigma**0.5 * P,
            "you took absolute values, which mixes both halves. Cut negative entries off instead.": sigma * R,
            "that is the smaller half. Compare the products of the norms, ‖u⁺‖·‖v⁺‖ with ‖u⁻‖·‖v⁻‖.": sigma * Q,
            "you scaled it to the size of the whole term. Only what is kept counts: keep the norms of the parts.":
                sigma * unit,
            "you put the positive part of one vector with the negative part of the other: that block of u vᵀ is "
            "negative.": sigma * np.outer(plus[0], minus[1]),
            "you put the negative part of one vector with the positive part of the other: that block of u vᵀ is "
            "negative.": sigma * np.outer(minus[0], plus[1]),
        }  # fmt: skip
        compare(
            "Your w hᵀ is not the larger nonnegative half of sigma·u vᵀ:",
            np.outer(w, h), sigma * P, mistakes, "print u⁺, u⁻, v⁺ and v⁻ and the four norms.",
        )  # fmt: skip
