"""The checker of principal component analysis, by what its three results must do."""

from typing import Any

import numpy as np

from companion.exercises._cases import SAMPLES
from companion.exercises._words import shaped
from companion.exercises.answers import array, ask, close, compare, parts
from companion.exercises.verdict import Wrong, exercise

NOT_CENTRED = "you did not centre X: subtract the mean of every column before the SVD."
SMALLEST = "they are the smallest. Of svd keep the first ones, of eigh, which sorts upwards, the last."
ROW_CENTRED = "you took the mean of each row. A sample is a row, so the mean goes over the rows: X.mean(axis=0)."


@exercise(
    "Your mean, components and variances are those of X, whichever signs you chose.",
    "The components are directions from the cloud's centre. Where is that centre?",
    "Subtract the column means, take the SVD of what remains: its right singular vectors are the components.",
    "The first `rank` rows of Vh are the components, s[:rank]**2 / (m − 1) the variances, for m samples.",
)
def check_pca(student: Any) -> None:
    """student(X, rank) -> (mean, components, variances) of the rows of X: n, rank × n and rank numbers."""
    for X, rank in SAMPLES:
        answer = ask(student, X=X, rank=rank)
        mean, components, variances = parts(answer, ("mean", "components", "variances"))
        _check_mean(X, mean)
        truth = np.linalg.svd(X - X.mean(0), compute_uv=False)[:rank] ** 2 / (len(X) - 1)
        C = _components(X, rank, components)
        _check_variances(X, truth, variances)
        _check_directions(X, C, truth)


def _check_mean(X: np.ndarray, mean: Any) -> None:
    m, n = X.shape
    by_row = f"Likely cause: {ROW_CENTRED}"
    known = {(m,): by_row, (m, 1): by_row, (): "Likely cause: X.mean() without an axis."}
    mean = array(mean, f"the mean of {m} samples", (n,), known)
    mistakes = {ROW_CENTRED: X.mean(1), "it is the mean after centring. Return the one you subtracted.": np.zeros(n)}
    compare("Your mean is not that of the samples:", mean, X.mean(0), mistakes, "add the rows, divide by their number.")


def _components(X: np.ndarray, rank: int, components: Any) -> np.ndarray:
    n = X.shape[1]
    columns = "Your components stand in columns: return the transpose, one component per row."
    every = "Those are all of them: keep the first `rank` rows."
    known = {(n, rank): columns, (n, n): every, (min(X.shape), n): every}
    C = array(components, f"components of rank {rank}", (rank, n), known)
    gram = C @ C.T
    if not close(np.diag(gram), np.ones(rank)):
        raise Wrong(
            f"Your components have the lengths {np.round(np.diag(gram) ** 0.5, 3).tolist()}; each must be 1. "
            "Likely cause: they are multiplied by s."
        )
    if not close(gram, np.eye(rank)):
        raise Wrong("Your components have length 1 but are not orthogonal to each other. Take them from one SVD.")
    return C


def _check_variances(X: np.ndarray, truth: np.ndarray, variances: Any) -> None:
    n, rank = X.shape[1], len(truth)
    every = f"Keep the first `rank`, {rank} here."
    variances = array(variances, f"the variances of {rank} components", (rank,), {(min(X.shape),): every, (n,): every})
    rest = "they are not the variances of X along its components. Compare with np.var(codes, axis=0, ddof=1)."
    compare(f"Your variances begin with {variances[0]:.4g}:", variances, truth, _variance_mistakes(X, rank), rest)


def _variance_mistakes(X: np.ndarray, rank: int) -> dict[str, Any]:
    m, n = X.shape
    s, raw, by_rows = (np.linalg.svd(Y, compute_uv=False) for Y in (X - X.mean(0), X, X - X.mean(1, keepdims=True)))
    first = s[:rank]
    return {
        f"they are s²/m. Nearly: the mean came from the same {m} samples, so divide by m − 1 instead.": first**2 / m,
        "they are the singular values s. A variance is s²/(m − 1).": first,
        "they are s², not yet divided by m − 1.": first**2,
        "they are standard deviations, s/√(m − 1). Square them.": first / (m - 1) ** 0.5,
        "they are s²/n. Divide by m − 1, from the number of samples, not by the number of columns.": first**2 / n,
        "they are shares of the total variance. Return s²/(m − 1) itself.": first**2 / np.sum(s**2),
        "they ascend. The largest variance comes first.": first[::-1] ** 2 / (m - 1),
        SMALLEST: s[-rank:] ** 2 / (m - 1),
        SMALLEST + " Then turn their order round.": s[-rank:][::-1] ** 2 / (m - 1),
        NOT_CENTRED: raw[:rank] ** 2 / (m - 1),
        NOT_CENTRED + " Then divide by m − 1.": raw[:rank] ** 2 / m,
        ROW_CENTRED: by_rows[:rank] ** 2 / (m - 1),
    }


def _check_directions(X: np.ndarray, C: np.ndarray, truth: np.ndarray) -> None:
    codes = (X - X.mean(0)) @ C.T
    if close(np.var(codes, axis=0, ddof=1), truth):  # no other orthonormal rows have these variances, but for signs
        return
    r, V = len(C), np.linalg.svd(X - X.mean(0), full_matrices=False)[2]
    raw, by_rows = (np.linalg.svd(Y)[2] for Y in (X, X - X.mean(1, keepdims=True)))
    found = {
        NOT_CENTRED: close(np.abs(C @ raw[:r].T), np.eye(r)),
        ROW_CENTRED: close(np.abs(C @ by_rows[:r].T), np.eye(r)),
        "they are in the wrong order, or mixed. The one of largest variance comes first.": _same_span(C, V[:r]),
        SMALLEST: _same_span(C, V[-r:]),
        "rows and columns are exchanged. NumPy's svd returns Vh, whose rows are the components; eigh returns them as "
        "columns.": V.shape[0] == V.shape[1] and any(close(np.abs(C), np.abs(W[:r])) for W in (V.T, V.T[:, ::-1])),
    }
    why = next((why for why, is_so in found.items() if is_so), "they are not the right singular vectors of X − mean.")
    raise Wrong(f"Your {r} components are orthonormal, but not those of X, {shaped(X.shape)}: {why}")


def _same_span(C: np.ndarray, V: np.ndarray) -> bool:
    return close(np.linalg.norm(C @ V.T) ** 2, len(C))
