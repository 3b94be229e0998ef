"""Parzen windows: a Gaussian of width σ on every sample, taken for the generator's density. Here to show why not.

The protocol of Goodfellow et al. (2014), as in their program: 10,000 samples; of ten widths from 0.1 to 1 the one that
suits 1,000 validation pictures best; then the mean over the test set. In many dimensions the number says how near the
*nearest* sample is to a test picture, and tame samples are nearer than real ones ("A Note on the Evaluation of
Generative Models", arXiv 1511.01844).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Inexact

from companion._array import logsumexp, positive
from companion.evaluate.rows import Others, Rows, pair, squared_distances

SIGMAS = tuple(float(s) for s in np.logspace(-1, 0, 10))


def log_likelihood(samples: Rows, x: Others, sigma: float) -> Inexact[Any, " m"]:
    """log (1/n Σᵢ N(x; sᵢ, σ²I)) for every row x, in nats; sᵢ are the n samples. Their mean is the number in tables."""
    xp, samples, x = pair(samples, x, ("samples", "x"))
    sigma = positive(sigma, "sigma")
    return xp.concat([_logs(samples, squares, sigma) for _, squares in squared_distances(xp, x, samples)])


class Bandwidth(NamedTuple):
    """The σ with the largest mean log-likelihood, and that mean for each σ tried, in their order."""

    sigma: float
    log_likelihoods: tuple[float, ...]


def bandwidth(samples: Rows, validation: Others, *, sigmas: Any = SIGMAS) -> Bandwidth:
    """The σ that suits `validation` best, rows of neither training nor test set; by default of ten from 0.1 to 1."""
    xp, samples, x = pair(samples, validation, ("samples", "validation"))
    if not (sigmas := [positive(sigma, "sigmas") for sigma in sigmas]):
        raise ValueError("sigmas is empty; at least one width is needed.")
    totals = np.zeros(len(sigmas))
    for _, squares in squared_distances(xp, x, samples):
        totals += [float(xp.sum(_logs(samples, squares, sigma))) for sigma in sigmas]
    means = totals / x.shape[0]
    return Bandwidth(sigmas[int(means.argmax())], tuple(means.tolist()))


def _logs(samples: Any, squares: Any, sigma: float) -> Any:
    n, d = samples.shape
    return logsumexp(-squares / (2 * sigma**2), axis=1) - math.log(n) - d * math.log(sigma * math.sqrt(2 * math.pi))
