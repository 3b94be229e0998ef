"""Expectation–maximization: two steps that take turns, and neither lets the likelihood fall."""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj
from jaxtyping import Inexact

from companion._array import logsumexp, nonnegative, whole
from companion.matrix.gmm import covariance as cov
from companion.matrix.gmm import moments
from companion.matrix.gmm.collapse import accepted
from companion.matrix.gmm.maximize import Estimate, from_moments, from_responsibilities
from companion.matrix.gmm.mixture import GaussianMixture
from companion.matrix.gmm.points import Points, points, rows_like
from companion.matrix.gmm.starts import start


class Expectation(NamedTuple):
    """log p(k|x) for every point and component, and the mean of log p(x) over the points, in nats."""

    log_responsibilities: Inexact[Any, "n k"]
    log_likelihood: float


class EM(NamedTuple):
    """The mixture, and the mean of log p(x) over the points at the start and after each step, in nats."""

    mixture: GaussianMixture
    log_likelihoods: Inexact[Any, " steps"]


def e_step(X: Points, mixture: GaussianMixture) -> Expectation:
    """log r_ik = log π_k N(x_i; μ_k, Σ_k) − log Σ_j π_j N(x_i; μ_j, Σ_j) (Bishop 2006, §9.2.2)."""
    if not isinstance(mixture, GaussianMixture):
        raise TypeError(f"mixture is a {type(mixture).__name__}; a GaussianMixture is needed: em(...).mixture is one.")
    xp, X = rows_like(X, mixture.means)
    joint = mixture.log_joint(X)
    log_prob = logsumexp(joint, axis=1)
    return Expectation(joint - log_prob[:, None], float(xp.mean(log_prob)))


def m_step(
    X: Points, log_responsibilities: Inexact[Any, "n k"], *, covariance: str = "full", reg: float = 1e-6
) -> GaussianMixture:
    """N_k = Σ_i r_ik, π_k = N_k/n, μ_k = Σ_i r_ik x_i/N_k, Σ_k = Σ_i r_ik (x_i − μ_k)(x_i − μ_k)ᵀ/N_k + reg·I.

    Bishop (2006), §9.2.2. tied: Σ = Σ_k π_k Σ_k; diag: the diagonal; spherical: the mean of the diagonal. `reg`
    has the unit of X squared. A component that holds less than ε of all points gets the weight 0. Raises ValueError if
    one collapses: without reg the likelihood grows without bound as a component shrinks onto a point.
    """
    xp, X = points(X)
    kind, reg = cov.check_kind(covariance), nonnegative(reg, "reg")
    r, data = _exponentiated(xp, X, log_responsibilities), moments.look(xp, X)
    return accepted(data, from_responsibilities(data, r, kind), kind, reg)


def _exponentiated(xp, X: Points, logs: Any) -> Inexact[Any, "n k"]:
    """Responsibilities from their logarithms; −∞ is one of them, so `checked` would refuse too much."""
    name = "log_responsibilities"
    if not is_array_api_obj(logs) or array_namespace(logs) is not xp:
        raise TypeError(f"{name} is a {type(logs).__name__}, X is a {type(X).__name__}: give both of the same library.")
    if logs.ndim != 2 or logs.shape[0] != X.shape[0]:
        raise ValueError(f"{name} has shape {tuple(logs.shape)}; X has {X.shape[0]} rows: give one row for each.")
    r = xp.exp(xp.astype(logs, X.dtype))
    off = float(xp.max(xp.abs(xp.sum(r, axis=1) - 1)))
    if not off < float(xp.finfo(X.dtype).eps) ** 0.5:
        raise ValueError(
            f"{name} has a row whose exponentials miss the sum 1 by {off:.3g}: give logarithms, as e_step does."
        )
    return r


def em(
    X: Points,
    n_components: int,
    *,
    covariance: str = "full",
    init: Any = "k-means++",
    restarts: int = 1,
    reg: float = 1e-6,
    max_iter: int = 200,
    tol: float = 1e-4,
    rng: Any = None,
) -> EM:
    """A mixture of `n_components` Gaussians for the rows of X, by repeated E- and M-steps.

    With reg=0 no step lowers the likelihood. `reg`, in the unit of X squared, is added to every variance; a step may
    then lose up to Σ_j (reg/λ_j)²/4 nats a point, for the variances λ_j along a component's axes before reg is
    added. Stops when a step
    changes the mean log-likelihood by less than `tol` nats, at the latest after `max_iter` steps. `init` is
    "k-means++", an array of means (start: the spread around them) or a GaussianMixture (start: as it is). Of
    `restarts` runs, each from its own start, the one of highest likelihood is returned. `rng` is a seed or a
    numpy.random.Generator. Raises ValueError if a component collapses in every run (see `m_step`).
    """
    xp, X = points(X)
    k, kind = whole(n_components, "n_components", 1, X.shape[0]), cov.check_kind(covariance)
    reg, tol, max_iter = nonnegative(reg, "reg"), nonnegative(tol, "tol"), whole(max_iter, "max_iter", 0)
    if whole(restarts, "restarts", 1) > 1 and not isinstance(init, str):
        raise ValueError(f"restarts is {restarts}, but runs from a given start are all the same: omit one of the two.")
    data, rng = moments.look(xp, X), np.random.default_rng(rng)
    runs, collapse = [], None
    for _ in range(restarts):
        try:
            runs.append(_run(data, start(data, k, kind, init, reg, rng), reg, max_iter, tol))
        except ValueError as error:
            collapse = error
    if collapse and not runs:
        raise collapse
    return max(runs, key=lambda run: float(run.log_likelihoods[-1]))


def _run(data: moments.Data, mixture: GaussianMixture, reg: float, max_iter: int, tol: float) -> EM:
    xp, values = array_namespace(data.X), []
    while True:
        expected = _expect(data, mixture)
        values.append(expected.log_likelihood)
        if len(values) > max_iter or (len(values) > 1 and abs(values[-1] - values[-2]) < tol):
            return EM(mixture, xp.asarray(values, dtype=data.X.dtype))
        mixture = accepted(data, _maximize(data, expected, mixture.covariance), mixture.covariance, reg)


def _expect(data: moments.Data, mixture: GaussianMixture) -> Expectation | moments.Moments:
    return moments.sweep(data, mixture) if moments.safe(data, mixture) else e_step(data.X, mixture)


def _maximize(data: moments.Data, expected: Expectation | moments.Moments, kind: str) -> Estimate:
    if isinstance(expected, moments.Moments):
        return from_moments(data, expected, kind)
    return from_responsibilities(data, array_namespace(data.X).exp(expected.log_responsibilities), kind)
