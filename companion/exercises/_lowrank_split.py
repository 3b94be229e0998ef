"""Two of lowrank's checkers: a layer split by its weights, and by what it says of data."""

from typing import Any

import numpy as np

from companion.exercises._lowrank_cases import LAYERS, SEEN
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, cause, close, parts
from companion.exercises.verdict import Wrong, exercise

EXCHANGED = "B and A are exchanged: A, rank × inputs, comes first in the network, and is returned second."


@exercise(
    "Your two thin matrices multiply to the nearest matrix of that rank.",
    "W x ≈ B (A x): A takes the inputs to `rank` numbers, B takes these to the outputs. What has the SVD for each?",
    "B is made of the first `rank` columns of U, A of the first `rank` rows of Vh; the singular values go somewhere.",
    "U, s, Vh = np.linalg.svd(W, full_matrices=False); B = U[:, :rank] * s[:rank]; A = Vh[:rank].",
)
def check_split(student: Any) -> None:
    """student(W, rank) -> (B, A), outputs × rank and rank × inputs, with BA the nearest matrix to W."""
    for W, rank in LAYERS:
        product = _product(ask(student, W=W, rank=rank), W, rank)
        U, s, Vh = np.linalg.svd(W, full_matrices=False)
        if not close(product, (U[:, :rank] * s[:rank]) @ Vh[:rank]):
            raise Wrong(f"For {listed({'W': W, 'rank': rank})}, look at your BA: {_split_mistake(W, rank, product)}")


def _product(answer: Any, W: np.ndarray, rank: int) -> np.ndarray:
    """BA of an answer (B, A) of the right shapes."""
    q, p = W.shape
    B, A = parts(answer, ("B", "A"))
    side = {
        (rank, p): EXCHANGED,
        (q, min(q, p)): "Cut U to its first `rank` columns.",
        (q, q): "Cut U to its first `rank` columns.",
    }
    known = {shape: why for shape, why in side.items() if shape != (q, rank)}
    B = array(B, "B, outputs × rank,", (q, rank), known)
    across = {
        (p, rank): "A is rank × inputs: rows of Vh, not columns of V.",
        (p, p): "Cut Vh to its first `rank` rows.",
        (min(q, p), p): "Cut it to `rank`.",
    }
    known = {shape: why for shape, why in across.items() if shape != (rank, p)}
    return B @ array(A, "A, rank × inputs,", (rank, p), known)


def _split_mistake(W: np.ndarray, rank: int, product: np.ndarray) -> str:
    U, s, Vh = np.linalg.svd(W, full_matrices=False)
    first, rows = U[:, :rank], Vh[:rank]
    mistakes = {
        "the singular values are missing: it is U·Vh alone.": first @ rows,
        "the singular values stand in both B and A. Put them in one, or their roots in each.":
            (first * s[:rank] ** 2) @ rows,
        "the roots of the singular values stand in one of the two only.": (first * s[:rank] ** 0.5) @ rows,
        "you kept the smallest singular values. Keep the first.": (U[:, -rank:] * s[-rank:]) @ Vh[-rank:],
        "you took columns of W: a part of W is not its best approximation.": W[:, :rank] @ np.eye(rank, W.shape[1]),
        "you took rows of W: a part of W is not its best approximation.": np.eye(len(W), rank) @ W[:rank],
    }  # fmt: skip
    if why := cause(product, mistakes):
        return why
    if close(first @ (first.T @ product), product):
        return "B spans the right columns, A is not right. NumPy's third factor is Vh = Vᵀ already: no transpose."
    best = np.linalg.norm(s[rank:])
    return f"BA misses W by {np.linalg.norm(product - W):.4g} (Frobenius), and {best:.4g} is possible."


@exercise(
    "On these data no two matrices of that rank come nearer to the layer's outputs.",
    "Not W has to be approximated, but Y = XWᵀ. What does Eckart–Young say about Y?",
    "The nearest Y of that rank lies in the span of its first right singular vectors V: Y V Vᵀ. Which B, A give it?",
    "Y = X @ W.T; V = np.linalg.svd(Y, full_matrices=False)[2][:rank].T; then B = V and A = V.T @ W.",
)
def check_on_data(student: Any) -> None:
    """student(W, X, rank) -> (B, A) with ‖X(W − BA)ᵀ‖ least, X one input in each row."""
    for W, X, rank in SEEN:
        product = _product(ask(student, W=W, X=X, rank=rank), W, rank)
        Y = X @ W.T
        best, error = np.linalg.norm(np.linalg.svd(Y, compute_uv=False)[rank:]), np.linalg.norm(Y - X @ product.T)
        if error > best + 1e-5 * np.linalg.norm(Y):
            why = _data_mistake(W, X, rank, product)
            raise Wrong(f"For {listed({'W': W, 'X': X, 'rank': rank})}, look at your BA: {why}")


def _data_mistake(W: np.ndarray, X: np.ndarray, rank: int, product: np.ndarray) -> str:
    U, s, Vh = np.linalg.svd(W, full_matrices=False)
    V = np.linalg.svd(X @ W.T, full_matrices=False)[2]
    Z = np.linalg.svd(X, full_matrices=False)[2][:rank]
    centred = np.linalg.svd((X - X.mean(0)) @ W.T, full_matrices=False)[2][:rank]
    mistakes = {
        "that is the truncated SVD of W: the data make no difference.": (U[:, :rank] * s[:rank]) @ Vh[:rank],
        "you projected onto the principal directions of the inputs. It is the outputs XWᵀ that count.": W @ Z.T @ Z,
        "you kept the last directions of the outputs. Keep the first.": V[-rank:].T @ V[-rank:] @ W,
        "you took the mean off first. Here ‖X(W − BA)ᵀ‖ counts as it is, and there is no bias to mend it.":
            centred.T @ centred @ W,
        "that is the projector VVᵀ alone: multiply it by W.": V[:rank].T @ V[:rank] @ np.eye(*W.shape),
    }  # fmt: skip
    if why := cause(product, mistakes):
        return why
    Y = X @ W.T
    best = np.linalg.norm(np.linalg.svd(Y, compute_uv=False)[rank:])
    return f"your outputs miss by {np.linalg.norm(Y - X @ product.T):.4g} (Frobenius), and {best:.4g} is possible."
