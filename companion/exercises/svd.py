"""Checkers of the chapter on the singular value decomposition."""

from typing import Any

import numpy as np

from companion.exercises._cases import RANGES, TRUNCATIONS
from companion.exercises._explained import check_explained_rank
from companion.exercises._pca import check_pca
from companion.exercises._words import described, listed, plain, shaped
from companion.exercises.answers import array, ask, cause, close
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_explained_rank", "check_pca", "check_range_finder", "check_truncation"]


@exercise(
    "Your matrices have the rank asked for, and none of that rank is nearer to A.",
    "A is a sum of terms sᵢ·uᵢvᵢᵀ, the largest sᵢ first. Which of them would you keep?",
    "Keep the first `rank` columns of U, the first `rank` values of s, the first `rank` rows of Vh; then multiply.",
    "Multiplying U's columns by s is U[:, :rank] * s[:rank]; NumPy's third factor is Vh = Vᵀ already.",
)
def check_truncation(student: Any) -> None:
    """student(A, rank) -> the m × n matrix of rank ≤ `rank` that is nearest to A."""
    for A, rank in TRUNCATIONS:
        answer = ask(student, A=A, rank=rank)
        if isinstance(answer, (tuple, list)) and len(answer) in (2, 3):
            raise Wrong(f"You returned {described(answer)}: the factors. Multiply them and return the one matrix.")
        codes = f"That is the shape of U[:, :{rank}] * s[:{rank}]: multiply by the rows of Vh."
        B = array(answer, "the truncated A", A.shape, {(A.shape[0], rank): codes})
        best = np.linalg.norm(np.linalg.svd(A, compute_uv=False)[rank:])
        error, slack = np.linalg.norm(A - B), 1e-5 * np.linalg.norm(A)
        if _rank(B) > rank or error > best + slack:
            raise Wrong(f"For {listed({'A': A, 'rank': rank})}: {_truncation_mistake(A, B, rank, error, best)}")


def _truncation_mistake(A: np.ndarray, B: np.ndarray, rank: int, error: Any, best: Any) -> str:
    U, s, Vh = np.linalg.svd(A, full_matrices=False)
    terms = [s[i] * np.outer(U[:, i], Vh[i]) for i in range(len(s))]
    first = U[:, :rank]
    mistakes = {
        "you returned A itself, nothing is cut off.": A,
        "you kept the smallest singular values. Keep the first, which are the largest.": sum(terms[-rank:]),
        "you returned what is cut off, A minus its truncation.": sum(terms[rank:]),
        "you multiplied U and Vh alone, the singular values are missing.": first @ Vh[:rank],
        "you multiplied by the singular values twice.": (first * s[:rank] ** 2) @ Vh[:rank],
        f"you kept rank + 1 = {rank + 1} terms. The slice [:rank] has rank entries already.": sum(terms[: rank + 1]),
        f"you kept rank − 1 = {rank - 1} of the terms. The slice [:rank] ends before rank.": sum(terms[: rank - 1]),
    }
    if why := cause(B, mistakes):
        return why
    if ((B == A) | (B == 0)).all():
        return "you set entries of A to 0. Set singular values to 0 instead: entries say little about the rank."
    if close(first @ (first.T @ B), B) and close(np.linalg.svd(B, compute_uv=False)[:rank], s[:rank]):
        return "your U and s are right, your right vectors not. They are the rows of NumPy's Vh = Vᵀ: no transpose."
    if _rank(B) > rank:
        return f"your matrix has rank {_rank(B)}. Cut U, s and Vh to `rank` before you multiply."
    return f"your matrix misses A by {error:.4g} (Frobenius), and {best:.4g} is possible. Print which terms you keep."


def _rank(B: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(B, rtol=1e-5))


@exercise(
    "Your Q has orthonormal columns and holds the range of A, square, tall or wide, for every rng.",
    "A vector that A produces lies in its range. How do you get `size` of them that miss no direction?",
    "Multiply A by a random Gaussian matrix with `size` columns, then make the columns of the product orthonormal.",
    "Ω = rng.standard_normal((n, size)); the Q of a QR factorization of AΩ has the same span, orthonormal.",
)
def check_range_finder(student: Any) -> None:
    """student(A, size, rng) -> Q, m × size with orthonormal columns and A ≈ QQᵀA. rng is a NumPy Generator."""
    for A, size in RANGES:
        for seed in range(3):
            answer = ask(student, A=A, size=size, rng=np.random.default_rng(seed))
            if isinstance(answer, tuple) and answer:
                raise Wrong(f"You returned {described(answer)}; Q is one matrix: np.linalg.qr gives Q and R, return Q.")
            Q = array(answer, "Q", (A.shape[0], size), _range_shapes(A))
            _check_orthonormal(Q)
            error = np.linalg.norm(A - Q @ (Q.T @ A)) / np.linalg.norm(A)
            if error > 0.05:
                raise Wrong(
                    f"Your Q, {shaped(Q.shape)}, is orthonormal, but QQᵀA misses A, {shaped(A.shape)}, by "
                    f"{error:.0%}. {_range_mistake(student, A, Q, seed)}"
                )


ROWS = "Your Q spans the rows of A, not its columns: multiply A, not Aᵀ, by a random matrix with n rows."


def _range_shapes(A: np.ndarray) -> dict[tuple, str]:
    m, n = A.shape
    return {(n, 6): ROWS, (m, m): "Cut it to `size` columns.", (m, min(m, n)): "Cut it to `size` columns."}


def _check_orthonormal(Q: np.ndarray) -> None:
    gram = Q.T @ Q
    off = np.abs(gram - np.eye(len(gram))).max()
    if close(gram, np.eye(len(gram))):
        return
    if close(np.diag(gram), np.ones(len(gram))):
        raise Wrong(
            f"Your columns have length 1, but two of them have the cosine {off:.2f}; it must be 0. "
            "Likely cause: each was normalized by itself. Use a QR factorization."
        )
    raise Wrong(
        f"Your columns are not orthonormal: QᵀQ differs from I by up to {off:.3g}. "
        "Likely cause: you returned AΩ itself. Take the Q of its QR factorization."
    )


def _range_mistake(student: Any, A: np.ndarray, Q: np.ndarray, seed: int) -> str:
    size = Q.shape[1]
    if A.shape[0] == A.shape[1] and np.linalg.norm(A - A @ Q @ Q.T) <= 0.05 * np.linalg.norm(A):
        return ROWS
    other = np.random.default_rng(seed + 100).standard_normal(A.shape)
    if close(plain(ask(student, A=other, size=size, rng=np.random.default_rng(seed))), Q):
        return "It is the same for another A: you made a random matrix orthonormal. Multiply it by A first."
    front = A[:, :size]
    if close(Q @ (Q.T @ front), front):
        return "You took the first columns of A, which may show little of the rest. Mix all columns: AΩ with Ω random."
    return "The best Q misses 0 %. Is Ω Gaussian, with one row for each column of A?"
