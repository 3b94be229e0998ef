"""Some coordinates of a Gaussian mixture alone, and the others when those are known (Bishop 2006, §2.3)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from array_api_compat import device
from jaxtyping import Inexact

from companion.matrix.gmm import covariance as cov


def numbers(columns: Any, name: str, d: int, *, all_too: bool = False) -> np.ndarray:
    """Distinct column numbers below d, from numbers or from a mask of d truth values; all of them only by `all_too`."""
    index = np.asarray(columns.cpu() if hasattr(columns, "cpu") else columns)
    if index.dtype == bool and index.shape == (d,):
        index = np.flatnonzero(index)
    most, fits = d if all_too else d - 1, index.dtype.kind in "iu" and index.ndim == 1
    if not (fits and 1 <= len(set(index.tolist())) == len(index) <= most and 0 <= index.min() <= index.max() < d):
        raise ValueError(
            f"{name} is {columns!r}; give 1 to {most} distinct column numbers between 0 and {d - 1}, or a mask of {d}."
        )
    return index.astype(np.int64)


def part(xp, kind: str, C: cov.Covariances, kept: Any) -> cov.Covariances:
    """The covariances of the coordinates `kept`."""
    if kind == "spherical":
        return C
    C = xp.take(C, kept, axis=-1)
    return C if kind == "diag" else xp.take(C, kept, axis=-2)


def given(xp, mixture: Any, values: Inexact[Any, "n o"], known: Any) -> Iterator[tuple[Any, Any]]:
    """For each component in turn E[others|values] (n, d − o) and Cov[others|values] (d − o, d − o).

    With WΣ_ooWᵀ = I for the known o and Y = WΣ_om:  mean μ_m + YᵀW(x_o − μ_o),  covariance Σ_mm − YᵀY.
    """
    k, d = mixture.means.shape
    o, m = (xp.asarray(index, device=device(values)) for index in split(known, d))
    for j, S in enumerate(cov.matrices(xp, mixture.covariance, mixture.covariances, k, d)):
        S_o, mu = xp.take(S, o, axis=0), mixture.means[j, :]
        W = cov.whiteners(xp, "tied", xp.take(S_o, o, axis=1))
        Y = W @ xp.take(S_o, m, axis=1)
        mean = xp.take(mu, m) + (values - xp.take(mu, o)) @ W.T @ Y
        yield mean, xp.take(xp.take(S, m, axis=0), m, axis=1) - Y.T @ Y


def split(known: Any, d: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the known coordinates, in the order given, and of the others, ascending."""
    o = numbers(known, "known", d)
    return o, np.setdiff1d(np.arange(d), o)


def put_together(xp, values: Inexact[Any, "n o"], others: Inexact[Any, "n m"], known: Any) -> Inexact[Any, "n d"]:
    """Rows with each coordinate back in its place."""
    places = np.argsort(np.concatenate(split(known, values.shape[1] + others.shape[1])))
    return xp.take(xp.concat([values, others], axis=1), xp.asarray(places, device=device(values)), axis=1)
