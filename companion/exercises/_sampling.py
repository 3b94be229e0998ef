"""The checker of sampling from a mixture: by the moments of 20,000 points, with room for chance."""

from typing import Any

import numpy as np

from companion.exercises._mixtures import COVARIANCES, MEANS, WEIGHTS, quadratic
from companion.exercises.answers import array, ask
from companion.exercises.verdict import Wrong, exercise

N = 20_000
# Shares of the mixture within one standard deviation of each mean, and of one Gaussian with the same mean and
# covariance (by three million draws).
INSIDE = (0.098, 0.211, 0.118)
INSIDE_ONE = (0.073, 0.086, 0.043)
TOTAL_MEAN = WEIGHTS @ MEANS
WITHIN = np.einsum("k,kij->ij", WEIGHTS, COVARIANCES)
BETWEEN = (WEIGHTS * (MEANS - TOTAL_MEAN).T) @ (MEANS - TOTAL_MEAN)


def _shares_inside(X: np.ndarray) -> np.ndarray:
    """The shares of points within one standard deviation of each mean."""
    return np.mean(quadratic(X, MEANS, np.linalg.inv(COVARIANCES)) < 1, axis=0)


@exercise(
    "Your points have the weights, means and covariances of the mixture, and follow rng.",
    "A point of the mixture belongs to one component. How is that one chosen?",
    "rng.choice(k, n, p=weights) chooses; then draw from the bell that was chosen, not from a sum of bells.",
    "If z is standard normal and Σ = LLᵀ, then Lz has the covariance Σ: np.linalg.cholesky gives L.",
)
def check_sampling(student: Any) -> None:
    """student(weights, means, covariances, n, rng) -> n × d: n points, one per row. rng is a NumPy Generator."""
    X = _draw(student, 1)
    if len(np.unique(X, axis=0)) < 0.99 * N:
        raise Wrong("Many of your points are equal. Likely cause: you returned means, without a bell around them.")
    if np.array_equal(X, _draw(student, 2)):
        raise Wrong(
            "Two generators gave you the same points: draw from the rng you are given, not from a seed of your own."
        )
    if not np.array_equal(X, _draw(student, 1)):
        raise Wrong(
            "The same generator gave you other points the second time: draw from the rng you are given, "
            "not from np.random."
        )
    _check_mean(X)
    _check_spread(X)
    _check_shape(X)


def _draw(student: Any, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    answer = ask(student, weights=WEIGHTS, means=MEANS, covariances=COVARIANCES, n=N, rng=rng)
    return array(answer, f"{N} points in 2 dimensions", (N, 2))


def _near(x: Any, y: Any, slack: float) -> bool:
    return bool(np.abs(np.asarray(x) - y).max() < slack)


def _check_mean(X: np.ndarray) -> None:
    mean = X.mean(0)
    if _near(mean, TOTAL_MEAN, 0.08):
        return
    why = "it must be Σ weights × means. Average your points component by component."
    if _near(mean, MEANS.mean(0), 0.08):
        why = "all components come equally often: choose them with p=weights."
    elif any(_near(mean, m, 0.08) for m in MEANS):
        why = "every point comes from the same component: choose one for each point anew."
    elif _near(mean, 0, 0.08):
        why = "the means are missing: add the mean of the chosen component."
    raise Wrong(f"Your points have the mean {np.round(mean, 2).tolist()}; {why}")


def _check_spread(X: np.ndarray) -> None:
    S = np.cov(X.T)
    if _near(S, WITHIN + BETWEEN, 0.25):
        return
    known = {
        "you summed the components, weighted. A point comes from one of them: that is why there are clumps.":
            np.einsum("k,kij->ij", WEIGHTS**2, COVARIANCES),
        "you multiplied by Σ where its root belongs. With Σ = LLᵀ, Lz has the covariance Σ.":
            np.einsum("k,kij->ij", WEIGHTS, COVARIANCES @ COVARIANCES) + BETWEEN,
        "you multiplied by Lᵀ (or the row times L). For rows z the product is z @ L.T.":
            np.einsum("k,kij->ij", WEIGHTS, _roots().transpose(0, 2, 1) @ _roots()) + BETWEEN,
        "only the variances are right. You drew each coordinate by itself; the covariances tie them together.":
            np.einsum("k,kij->ij", WEIGHTS, COVARIANCES * np.eye(2)) + BETWEEN,
        "it is that of the means with standard normal noise. Each component has a covariance of its own.":
            np.eye(2) + BETWEEN,
        "it is that of one Gaussian around the common mean. Choose a component for each point.": WITHIN,
    }  # fmt: skip
    otherwise = "compare the covariance of the points of each component with the one asked for."
    why = next((why for why, wrong in known.items() if _near(S, wrong, 0.2)), otherwise)
    raise Wrong(f"Your points have the covariance {np.round(S, 2).tolist()}; {why}")


def _check_shape(X: np.ndarray) -> None:
    """Other densities may have the same mean and covariance; the shares of points near each mean tell."""
    inside = _shares_inside(X)
    if _near(inside, INSIDE, 0.015):
        return
    why = "a component has another's covariance, or your noise is not normal."
    if _near(inside, INSIDE_ONE, 0.015):
        why = "you drew from one Gaussian with the same moments. Choose a component for each point."
    worst = int(np.abs(inside - INSIDE).argmax())
    raise Wrong(
        f"The mean and the covariance of all your points are right, but {inside[worst]:.0%} of them lie within one "
        f"standard deviation of mean {worst}, where {INSIDE[worst]:.0%} belong. Likely cause: {why}"
    )


def _roots() -> np.ndarray:
    return np.linalg.cholesky(COVARIANCES)
