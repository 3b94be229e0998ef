"""Checkers of the chapter on tri-factorization."""

from typing import Any

import numpy as np

from companion.exercises._canonical import check_canonical
from companion.exercises._tricases import FITS, KNOWN, WAYS
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, close, compare, number, parts
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_backtracking", "check_canonical", "check_gradients", "check_loss"]


@exercise(
    "Your three gradients are right, and what X holds where it is unknown plays no part.",
    "Let W move a little, by D. Which entries of R = K∘(X − WHWᵀ − b) change, and by how much? W stands in it twice.",
    "R changes by −K∘(DHWᵀ + WHDᵀ). In ⟨R, K∘…⟩ the K may be left out, since R is zero where K is.",
    "With R = K∘(X − WHWᵀ − b): ∂W = −2(RWHᵀ + RᵀWH), ∂H = −2WᵀRW, ∂b = −2·(the sum of all entries of R).",
)
def check_gradients(student: Any) -> None:
    """student(X, K, W, H, b) -> (∂W, ∂H, ∂b), the gradients of ‖K∘(X − WHWᵀ − b)‖²_F for one number b.

    K is True where X is known.
    """
    for (X, W, H, b), K in zip(FITS, KNOWN, strict=True):
        given = {"X": X, "K": K, "W": W, "H": H, "b": b}
        dW, dH, db = parts(ask(student, **given), ("∂W", "∂H", "∂b"))
        n, d = W.shape
        R = K * (X - W @ H @ W.T - b)
        what = f"For {listed(given)}"
        dW = array(dW, "∂W", (n, d), {(d, d): "Yours has the shape of H: are the gradients in the order W, H, b?"})
        first, second = R @ W @ H.T, R.T @ W @ H
        otherwise = "it is not −2(RWHᵀ + RᵀWH). Move one entry of W by 1e-6 and see what the loss does."
        compare(f"{what}, your ∂W is wrong:", dW, -2 * (first + second), _by_w(R, W, H, X, K, b), otherwise)
        dH = array(dH, "∂H", (d, d), {(n, n): "That is the size of R: multiply by Wᵀ from the left, W from the right."})
        otherwise = "it is not −2WᵀRW. Move one entry of H by 1e-6 and see what the loss does."
        compare(f"{what}, your ∂H is wrong:", dH, -2 * W.T @ R @ W, _by_h(R, W, H, X, K, b), otherwise)
        db = number(db, "∂b, for one b that all entries share,")
        compare(
            f"{what}, your ∂b is {db:.6g}:",
            db,
            -2 * R.sum(),
            _by_b(R, X - W @ H @ W.T - b),
            "b enters every known entry of R, each with −1.",
        )


ALL = "what X holds where it is unknown takes part. Put zeros there in R: K * (X − WHWᵀ − b)."
HALF = "K is applied to X alone. Where X is unknown the model's value has to leave R too: K * (X − WHWᵀ − b)."


def _by_w(R: np.ndarray, W: np.ndarray, H: np.ndarray, X: np.ndarray, K: np.ndarray, b: float) -> dict[str, Any]:
    first, second = R @ W @ H.T, R.T @ W @ H
    unlevelled, whole, half = R + K * b, X - W @ H @ W.T - b, K * X - W @ H @ W.T - b
    return {
        ALL: -2 * (whole @ W @ H.T + whole.T @ W @ H),
        HALF: -2 * (half @ W @ H.T + half.T @ W @ H),
        "only half of it is there. WHWᵀ holds W twice, so a second term is missing: RᵀWH.": -2 * first,
        "only half of it is there. WHWᵀ holds W twice, so a second term is missing: RWHᵀ.": -2 * second,
        "it is twice the first term, which is right for symmetric X and H only. The second is RᵀWH.": -4 * first,
        "the sign is wrong. R holds −WHWᵀ: more W means less R.": 2 * (first + second),
        "the factor 2 of the square is missing.": -(first + second),
        "the transposes of H are exchanged: R goes with Hᵀ, Rᵀ with H.": -2 * (R @ W @ H + R.T @ W @ H.T),
        "both terms hold H: R goes with Hᵀ.": -2 * (R @ W @ H + second),
        "the second term needs Rᵀ, you have R in both.": -2 * (R @ W @ H.T + R @ W @ H),
        "the bias is missing from R. R = X − WHWᵀ − b.": -2 * (unlevelled @ W @ H.T + unlevelled.T @ W @ H),
        "it is made from X where R belongs. The gradient shrinks with what is left over.":
            -2 * ((K * X) @ W @ H.T + (K * X).T @ W @ H),
        "it is a mean. The loss is the sum over all entries of R²: do not divide.": -2 * (first + second) / R.size,
        "it is a mean over the known entries. The loss is the sum: do not divide.": -2 * (first + second) / K.sum(),
    }  # fmt: skip


def _by_h(R: np.ndarray, W: np.ndarray, H: np.ndarray, X: np.ndarray, K: np.ndarray, b: float) -> dict[str, Any]:
    right, M = W.T @ R @ W, W @ H @ W.T + b
    return {
        ALL: -2 * W.T @ (X - M) @ W,
        HALF: -2 * W.T @ (K * X - M) @ W,
        "the factor 2 of the square is missing.": -right,
        "the sign is wrong. R holds −WHWᵀ.": 2 * right,
        "the bias is missing from R. R = X − WHWᵀ − b.": -2 * W.T @ (R + K * b) @ W,
        "it is transposed: −2WᵀRW, not −2WᵀRᵀW.": -2 * right.T,
        "it is a mean. The loss is the sum over all entries of R²: do not divide.": -2 * right / R.size,
    }


def _by_b(R: np.ndarray, whole: np.ndarray) -> dict[str, Any]:
    return {
        ALL: -2 * whole.sum(),
        "the factor 2 of the square is missing.": -R.sum(),
        "the sign is wrong. R holds −b.": 2 * R.sum(),
        "it is the mean of R times −2. b is in all known entries: add them up.": -2 * R.mean(),
        "it has the sum of |R|, or of R². The derivative of R² by b is −2R.": -2 * np.abs(R).sum(),
    }


@exercise(
    "Your loss is right to many digits, without the residual.",
    "‖X − M‖² = ‖X‖² − 2⟨X, M⟩ + ‖M‖². Which of these three do you have already?",
    "⟨X, WHWᵀ⟩ = Σ (XW)∘(WH), entry by entry, and ⟨X, b⟩ = b·Σ X.",
    "With G = WᵀW and q = Wᵀ1: ‖M‖² = Σ (GH)∘(HG) + 2b·qᵀHq + n²b².",
)
def check_loss(student: Any) -> None:
    """student(XW, total, energy, W, H, b) -> ‖X − WHWᵀ − b‖²_F from XW, total = ΣX and energy = ‖X‖²_F."""
    for X, W, H, b in FITS:
        given = {"XW": X @ W, "total": float(X.sum()), "energy": float(np.sum(X**2)), "W": W, "H": H, "b": b}
        value = number(ask(student, **given), "the loss")
        received = f"For {listed(given)} you returned {value:.6g}:"
        M = W @ H @ W.T
        otherwise = "it is not the loss. Work with b = 0 first: then ‖X‖² − 2Σ(XW)∘(WH) + Σ(GH)∘(HG) remains."
        compare(received, value, np.sum((X - M - b) ** 2), _loss_mistakes(X, W, H, b), otherwise)


def _loss_mistakes(X: np.ndarray, W: np.ndarray, H: np.ndarray, b: float) -> dict[str, Any]:
    M, G, right = W @ H @ W.T, W.T @ W, np.sum((X - W @ H @ W.T - b) ** 2)
    inner, square = np.sum(X * M), np.sum(M**2)
    return {
        "that is the root. The loss is the sum of squares.": right**0.5,
        "that is the mean. The loss is the sum over all n² entries.": right / X.size,
        "the bias is missing: that is ‖X − WHWᵀ‖².": np.sum((X - M) ** 2),
        "the factor 2 before ⟨X, WHWᵀ + b⟩ is missing.": right + inner + b * X.sum(),
        "b·ΣX, the part of ⟨X, WHWᵀ + b⟩ that the bias has, is missing.": right + 2 * b * X.sum(),
        "the sign of 2⟨X, WHWᵀ + b⟩ is wrong: it is taken away.": right + 4 * (inner + b * X.sum()),
        "‖WHWᵀ + b‖² is missing.": np.sum(X**2) - 2 * (inner + b * X.sum()),
        "the term 2b·qᵀHq, where the bias meets WHWᵀ, is missing.": right - 2 * b * M.sum(),
        "the factor 2 of the term b·qᵀHq, where the bias meets WHWᵀ, is missing.": right - b * M.sum(),
        "the square of the bias counts once for each of the n² entries, not once, or n times.":
            right - b**2 * X.size + b**2 * len(X),
        "the square of the bias counts once for each of the n² entries; yours counts once.":
            right - b**2 * (X.size - 1),
        "⟨X, WHWᵀ⟩ is Σ (XW)∘(WH); with Hᵀ in its place it is that of WHᵀWᵀ.":
            right + 2 * inner - 2 * np.sum(X * M.T),
        "‖WHWᵀ‖² is not ‖H‖²: that holds for orthonormal W only. G = WᵀW must enter.": right - square + np.sum(H**2),
        "‖WHWᵀ‖² = Σ (GH)∘(HG). Yours is Σ (GH)∘(GH).": right - square + np.sum((G @ H) ** 2),
    }  # fmt: skip


SHARE = 1e-4


@exercise(
    "Your steps descend enough, and none is shorter than it must be.",
    "A step is good enough if the loss falls by a small share of what the slope at 0 promises.",
    "The slope promises t·fall. Ask for loss(t) < loss(0) − 1e-4·t·fall.",
    "As long as loss(t) >= loss(0) - 1e-4 * t * fall, halve t. The first t that passes is the answer.",
)
def check_backtracking(student: Any) -> None:
    """student(loss, fall, t) -> the first of t, t/2, t/4, … with loss(t) < loss(0) − 1e-4·t·fall."""
    for loss, fall, first, right in WAYS:
        given = {"loss": loss, "fall": fall, "t": first}
        t = number(ask(student, **given), "the length of the step")
        if close(t, right):
            continue
        received = f"For {listed(given)} you returned {t:.6g}:"
        raise Wrong(f"{received} {_length_mistake(loss, fall, first, right, t)}")


def _length_mistake(loss: Any, fall: float, first: float, right: float, t: float) -> str:
    if close(t, loss(right)):
        return "that is the loss at the end of the step. Return its length t."
    if t <= 0:
        return "a step's length is positive."
    halvings = np.log2(first / t)
    if abs(halvings - round(halvings)) > 1e-6 or halvings < -0.5:
        return (
            f"that is none of {first:g}, {first / 2:g}, {first / 4:g}, … Begin with the t you are given, and halve it."
        )
    at, start = loss(t), loss(0)
    if at > start or (close(t, first) and at >= start):
        return f"there the loss is {at:.6g}, higher than {start:.6g} at 0. Halve t until it is lower."
    if at > start - SHARE * t * fall:
        return (
            f"the loss falls, but by {start - at:.3g} only, less than 1e-4·t·fall = {SHARE * t * fall:.3g}. "
            "A decrease of any size is not enough."
        )
    if 10 * SHARE * 2 * t * fall < start - loss(2 * t) <= SHARE * fall:
        return f"too short: {2 * t:g} lowers the loss enough already. The promise grows with t: ask for 1e-4·t·fall."
    return f"right, but too short: {2 * t:g} lowers the loss enough already. Test before you halve, and stop there."
