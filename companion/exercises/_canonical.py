"""The checker of the canonical form of W and H, by what it must do."""

from typing import Any

import numpy as np

from companion.exercises._tricases import FACTORS
from companion.exercises._words import shaped
from companion.exercises.answers import array, ask, cause, close, parts
from companion.exercises.verdict import Wrong, exercise


@exercise(
    "Your Q and C have the product of W and H, with orthonormal Q and a diagonal that falls in size.",
    "W = QT with orthonormal Q. What must stand between Q and Qᵀ so that the product stays the same?",
    "C = THTᵀ. Then turn Q and C together by an orthogonal V that makes the symmetric part of C diagonal.",
    "V holds the eigenvectors of (C + Cᵀ)/2, ordered by the size of their eigenvalues: QV and VᵀCV.",
)
def check_canonical(student: Any) -> None:
    """student(W, H) -> (Q, C), QCQᵀ = WHWᵀ, QᵀQ = I, the symmetric part of C diagonal, largest |entries| first."""
    for W, H in FACTORS:
        n, d = W.shape
        Q, C = parts(ask(student, W=W, H=H), ("Q", "C"))
        full = {(n, n): "Ask for the thin QR factorization: mode='reduced' keeps d columns."}
        Q, C = array(Q, "Q", (n, d), full), array(C, "C", (d, d), {(n, n): "C is the small core, not the product."})
        _check_orthonormal(W, Q)
        if not close(Q @ C @ Q.T, W @ H @ W.T):
            raise Wrong(f"Your Q, {shaped(Q.shape)}, is orthonormal, but QCQᵀ is not WHWᵀ: {_why(W, H, Q, C)}")
        _check_diagonal(C)


def _check_orthonormal(W: np.ndarray, Q: np.ndarray) -> None:
    gram = Q.T @ Q
    if close(gram, np.eye(len(gram))):
        return
    if close(Q, W):
        raise Wrong("You returned W as it is. Its columns must become orthonormal: begin with its QR factorization.")
    if close(np.diag(gram), np.ones(len(gram))):
        raise Wrong(
            "Your columns have length 1 but are not orthogonal: each was divided by its own length. "
            "Use a QR factorization."
        )
    raise Wrong(f"Your Q is not orthonormal: QᵀQ differs from I by up to {np.abs(gram - np.eye(len(gram))).max():.3g}.")


def _why(W: np.ndarray, H: np.ndarray, Q: np.ndarray, C: np.ndarray) -> str:
    T = Q.T @ W  # W = QT if Q spans what W spans
    if not close(Q @ T, W):
        return "your Q spans something else than W. Take it from W = QT, and turn it by an orthogonal V only."
    S = T @ H @ T.T
    mistakes = {
        "C is H as it was. When W becomes Q, H must become THTᵀ.": H,
        "only the left factor reached H: C = THTᵀ, not TH.": T @ H,
        "only the right factor reached H: C = THTᵀ, not HTᵀ.": H @ T.T,
        "the transposes are exchanged: C = THTᵀ, not TᵀHT.": T.T @ H @ T,
        "C is transposed. WHWᵀ and WHᵀWᵀ differ: keep the order of rows and columns.": S.T,
        "only the symmetric part was kept. The rest of C says who acts on whom: return VᵀCV whole.": (S + S.T) / 2,
        "the inverse of T entered. W = QT puts T itself beside H.": np.linalg.pinv(T) @ H @ np.linalg.pinv(T).T,
    }
    if why := cause(C, mistakes):
        return why
    V = np.linalg.qr(W)[0].T @ Q
    if close(C, V @ V @ S @ V.T @ V.T):
        return "the transposes of V are exchanged: QV goes with VᵀCV, not with VCVᵀ."
    values, V = np.linalg.eigh((S + S.T) / 2)
    if close(np.sort(np.diag(C)), np.sort(values)) or close(C, V.T @ S @ V):
        return "C was turned and Q was not, or not by the same V. Return QV with VᵀCV."
    return "for any invertible B, WB goes with B⁻¹HB⁻ᵀ. Write W = QB⁻¹ and read off what stands beside H."


def _check_diagonal(C: np.ndarray) -> None:
    S = (C + C.T) / 2
    off = np.abs(S - np.diag(np.diag(S))).max()
    if off > 1e-4 * np.abs(C).max():
        raise Wrong(
            f"Your product is right, but the symmetric part of C has the entry {off:.3g} off its diagonal; "
            "there it must be zero. Turn Q and C by the eigenvectors of (C + Cᵀ)/2."
        )
    size = np.abs(np.diag(S))
    if (np.diff(size) > 1e-4 * size.max()).any():
        raise Wrong(
            f"The diagonal of your C has the sizes {np.round(size, 3).tolist()}; they must fall. eigh sorts upwards "
            "and by sign: reorder by np.argsort(-np.abs(values))."
        )
