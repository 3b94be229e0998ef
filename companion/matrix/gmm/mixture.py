"""p(x) = Σ_k π_k N(x; μ_k, Σ_k): a weighted sum of Gaussian densities, and what can be asked of it."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device
from jaxtyping import Inexact

from companion._array import Scalar, Vector, logsumexp, normal, whole
from companion.matrix.gmm import conditioning
from companion.matrix.gmm import covariance as cov
from companion.matrix.gmm.points import Points, blocks, check_mixture, rows_like


class Samples(NamedTuple):
    """Points, and the number of the component that each was drawn from."""

    X: Inexact[Any, "n d"]
    components: Any


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """p(x) = Σ_k π_k N(x; μ_k, Σ_k) (Bishop 2006, §9.2), covariances stored as `companion.matrix.gmm.covariance` says.

    Weights are ≥ 0 and sum to one; a component of weight 0 takes no part. Raises ValueError for shapes that do not fit,
    and for a covariance that is not symmetric and positive definite, naming its component.
    """

    weights: Inexact[Any, " k"]
    means: Inexact[Any, "k d"]
    covariances: Inexact[Any, "..."]
    covariance: str = "full"

    def __post_init__(self) -> None:
        check_mixture(self)

    @cached_property
    def whiteners(self) -> Any:
        """W with WΣWᵀ = I, stored as the covariances are."""
        return cov.whiteners(array_namespace(self.means), self.covariance, self.covariances)

    @cached_property
    def log_constants(self) -> Any:
        """log π_k − ½ log|2πΣ_k|: the logarithm of each weighted density at its mean."""
        xp, d = array_namespace(self.means), self.means.shape[1]
        with np.errstate(divide="ignore"):
            log_weights = xp.log(self.weights)
        return log_weights + cov.log_det(xp, self.covariance, self.whiteners, d) - d / 2 * math.log(2 * math.pi)

    @property
    def free_parameters(self) -> int:
        """How many numbers an estimate may choose: k − 1 weights, k·d coordinates of means, and the covariances'."""
        k, d = self.means.shape
        return k - 1 + k * d + cov.free_numbers(self.covariance, k, d)

    @property
    def matrices(self) -> Inexact[Any, "k d d"]:
        """All k covariances written out as d × d matrices, of whichever kind they are."""
        return cov.matrices(array_namespace(self.means), self.covariance, self.covariances, *self.means.shape)

    def log_joint(self, X: Points) -> Inexact[Any, "n k"]:
        """log π_k N(x; μ_k, Σ_k) for every row x of X and every component, however far apart they are."""
        xp, X = rows_like(X, self.means)
        k, d = self.means.shape
        squares = []
        for rows in blocks(X.shape[0], d):
            z = (cov.whitened(self.covariance, self.whiteners, j, X[rows, :] - self.means[j, :]) for j in range(k))
            squares.append(xp.stack([xp.sum(each * each, axis=1) for each in z], axis=1))
        return self.log_constants - xp.concat(squares, axis=0) / 2

    def log_prob(self, X: Points) -> Vector:
        """log p(x) for every row x of X, in nats."""
        return logsumexp(self.log_joint(X), axis=1)

    def responsibilities(self, X: Points) -> Inexact[Any, "n k"]:
        """p(k|x) = π_k N(x; μ_k, Σ_k)/p(x): which component is behind each row of X (Bishop 2006, §9.2)."""
        joint = self.log_joint(X)
        return array_namespace(joint).exp(joint - logsumexp(joint, axis=1)[:, None])

    def predict(self, X: Points) -> Any:
        """The most probable component of each row of X."""
        joint = self.log_joint(X)
        return array_namespace(joint).argmax(joint, axis=1)

    def bic(self, X: Points) -> Scalar:
        """p·ln n − 2 ln L for p free parameters and n rows: the lower the better (Schwarz 1978, times −2)."""
        logs = self.log_prob(X)
        return self.free_parameters * math.log(logs.shape[0]) - 2 * array_namespace(logs).sum(logs)

    def aic(self, X: Points) -> Scalar:
        """2p − 2 ln L for p free parameters: the lower the better (Akaike 1974)."""
        logs = self.log_prob(X)
        return 2 * self.free_parameters - 2 * array_namespace(logs).sum(logs)

    def sample(self, n: int, *, rng: Any = None) -> Samples:
        """n independent points: draw a component by its weight, then a point of it. `rng` is a seed or a Generator."""
        xp, (k, d) = array_namespace(self.means), self.means.shape
        n, rng = whole(n, "n", 1), np.random.default_rng(rng)
        weights = np.array([float(w) for w in self.weights])
        chosen = rng.choice(k, n, p=weights / weights.sum())
        z, order = normal(rng, (n, d), like=self.means), np.argsort(chosen, kind="stable")
        ends = np.searchsorted(chosen[order], range(k + 1))
        roots = cov.roots(xp, self.covariance, self.covariances)
        drawn = [
            cov.whitened(self.covariance, roots, j, z[ends[j] : ends[j + 1], :]) + self.means[j, :] for j in range(k)
        ]
        back, components = (xp.asarray(index, device=device(z)) for index in (np.argsort(order), chosen))
        return Samples(xp.take(xp.concat(drawn, axis=0), back, axis=0), components)

    def marginal(self, columns: Any) -> "GaussianMixture":
        """The density of some coordinates alone: `columns` are their numbers, or a mask of d truth values."""
        xp, d = array_namespace(self.means), self.means.shape[1]
        kept = xp.asarray(conditioning.numbers(columns, "columns", d, all_too=True), device=device(self.means))
        C = conditioning.part(xp, self.covariance, self.covariances, kept)
        return GaussianMixture(self.weights, xp.take(self.means, kept, axis=1), C, self.covariance)

    def condition(self, values: Vector, known: Any) -> "GaussianMixture":
        """The density of the other coordinates, in their order, given that those numbered `known` have these values.

        A mixture with full covariances, whose weights are p(k|values) (Bishop 2006, §2.3.1, in each component).
        """
        seen = self.marginal(conditioning.split(known, self.means.shape[1])[0])
        xp, values = rows_like(values, seen.means, "values", 1)
        means, C = zip(*conditioning.given(xp, self, values[None, :], known), strict=True)
        weights = seen.responsibilities(values[None, :])[0, :]
        return GaussianMixture(weights, xp.concat(means, axis=0), xp.stack(C), "full")

    def conditional_mean(self, values: Inexact[Any, "n known"], known: Any) -> Inexact[Any, "n d"]:
        """E[x | the coordinates numbered `known`], one row for each row of `values`: the best guess in squared error.

        The known coordinates come back in their places, the others are Σ_k p(k|values) E_k[x | values].
        """
        seen = self.marginal(conditioning.split(known, self.means.shape[1])[0])
        xp, values = rows_like(values, seen.means, "values")
        weights, each = seen.responsibilities(values), conditioning.given(xp, self, values, known)
        others = sum(weights[:, j, None] * mean for j, (mean, _) in enumerate(each))
        return conditioning.put_together(xp, values, others, known)
