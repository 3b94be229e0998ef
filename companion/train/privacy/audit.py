"""Who was in the training set? Attacks by a score, and the least ε that their success leaves possible."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float


class ROC(NamedTuple):
    """Shares of non-members (`false`) and of members (`true`) at or above each threshold, from none to all."""

    false: Float[np.ndarray, " k"]
    true: Float[np.ndarray, " k"]

    @property
    def area(self) -> float:
        """The chance that a member scores higher than a non-member, ties by halves: ½ is guessing."""
        return float(np.sum(np.diff(self.false) * (self.true[1:] + self.true[:-1]) / 2))

    @property
    def advantage(self) -> float:
        """max (true − false): 0 is guessing, 1 is knowing (Yeom et al. 2018)."""
        return float(np.max(self.true - self.false))

    def true_at(self, false: float) -> float:
        """The largest share of members found with at most that share of false alarms."""
        if not 0 <= false <= 1:
            raise ValueError(f"false is {false!r}; a share from 0 to 1 is needed.")
        return float(np.max(self.true[self.false <= false]))


def roc(members: Float[np.ndarray, " m"], others: Float[np.ndarray, " n"]) -> ROC:
    """Say "member" of whatever scores at least t, for every t: larger scores must mean members."""
    m, n = _scores(members, "members"), _scores(others, "others")
    thresholds = np.unique(np.concatenate([m, n]))[::-1]
    shares = [1 - np.searchsorted(np.sort(x), thresholds) / len(x) for x in (n, m)]
    return ROC(*(np.concatenate([[0.0], share]) for share in shares))


def likelihood_ratio(
    scores: Float[np.ndarray, "models examples"], inside: Bool[np.ndarray, "models examples"]
) -> Float[np.ndarray, "models examples"]:
    """log N(s; μ_in, σ_in²) − log N(s; μ_out, σ_out²), each model and example: LiRA (Carlini et al. 2022).

    `scores` are what each model gives to each example, log p/(1 − p) of the right class there; `inside` says which
    examples it was trained with. Means and standard deviations are those of the *other* models, so that the model under
    attack is not its own witness. Each example needs two other models on either side, else ValueError.
    """
    s, inside = np.asarray(scores, dtype=float), np.asarray(inside)
    if s.ndim != 2 or inside.shape != s.shape or inside.dtype != bool:
        raise ValueError(
            f"scores has shape {s.shape} and inside {inside.shape} of {inside.dtype}; models × examples are needed, "
            "of numbers and of truth values."
        )
    if not np.isfinite(s).all():
        raise ValueError("scores holds NaN or infinity; clip the probabilities before taking the logarithm.")
    least = min(inside.sum(0).min(), (~inside).sum(0).min())
    if least < 3:
        raise ValueError(f"an example has {least} models on one side; at least 3 are needed on both: train more.")
    return _log_normal(s, inside) - _log_normal(s, ~inside)


def _log_normal(s: np.ndarray, side: np.ndarray) -> np.ndarray:
    """The log density of each score under the scores of the others on that side, without the constant."""
    count = side.sum(0) - side
    mean = ((s * side).sum(0) - s * side) / count
    square = ((s**2 * side).sum(0) - s**2 * side) / count
    variance = np.maximum(square - mean**2, 0) * count / (count - 1) + 1e-6
    return -((s - mean) ** 2) / (2 * variance) - np.log(variance) / 2


def epsilon_at_least(
    hits: int, members: int, alarms: int, others: int, *, delta: float = 0.0, confidence: float = 0.95
) -> float:
    """log((true − δ)/false), with `true` as low and `false` as high as the counts allow (Jagielski et al. 2020).

    (ε, δ)-privacy keeps every test to true ≤ e^ε·false + δ, so an attack that found `hits` of `members` with `alarms`
    false alarms in `others` refutes smaller ε. The limits are Clopper and Pearson's, each with half of what
    `confidence` leaves. The tries must be independent, and the threshold chosen without looking at them. Never below 0.
    """
    from scipy.stats import beta

    for name, found, of in (("hits", hits, members), ("alarms", alarms, others)):
        if not 0 <= found <= of or of < 1:
            raise ValueError(f"{name} is {found} of {of}; a count from 0 to a number ≥ 1 is needed.")
    if not 0 < confidence < 1 or not 0 <= delta < 1:
        raise ValueError(f"confidence is {confidence!r} and delta {delta!r}; two probabilities are needed.")
    half = (1 - confidence) / 2
    true = beta.ppf(half, hits, members - hits + 1) if hits else 0.0
    false = beta.ppf(1 - half, alarms + 1, others - alarms) if alarms < others else 1.0
    return float(max(0.0, np.log((true - delta) / false))) if true > delta else 0.0


def _scores(scores: Float[np.ndarray, " n"], name: str) -> np.ndarray:
    x = np.asarray(scores, dtype=float)
    if x.ndim != 1 or not len(x) or np.isnan(x).any():
        raise ValueError(f"{name} has shape {x.shape}; one number for each, none of them NaN, is needed.")
    return x
