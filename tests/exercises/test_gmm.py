"""The checkers of the chapter on mixtures: right answers pass, each wrong one is told its own mistake."""

import checkers
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from companion.exercises import gmm
from companion.matrix import gmm as matrix_gmm

# --- right -----------------------------------------------------------------------------------------------------------


def logs_of(X, weights, means, covariances):
    parts = zip(weights, means, covariances, strict=True)
    return np.stack([np.log(w) + np.atleast_1d(multivariate_normal(m, S).logpdf(X)) for w, m, S in parts], axis=1)


def odds_by_scipy(X, weights, means, covariances):
    logs = logs_of(X, weights, means, covariances)
    return np.exp(logs - logsumexp(logs, axis=1, keepdims=True))


def odds_in_a_loop(X, weights, means, covariances):
    r = np.zeros((len(X), len(weights)))
    for i, x in enumerate(X):
        logs = []
        for w, m, S in zip(weights, means, covariances, strict=True):
            z = np.linalg.solve(np.linalg.cholesky(S), x - m)
            logs.append(np.log(w) - z @ z / 2 - np.log(np.linalg.det(S)) / 2)
        r[i] = [1 / sum(np.exp(np.clip(other - mine, None, 700)) for other in logs) for mine in logs]
    return r


def odds_by_companion(X, weights, means, covariances):
    return matrix_gmm.GaussianMixture(weights, means, covariances).responsibilities(X)


def odds_in_torch(X, weights, means, covariances):
    torch = pytest.importorskip("torch")
    bells = torch.distributions.MultivariateNormal(torch.tensor(means), torch.tensor(covariances))
    return torch.softmax(bells.log_prob(torch.tensor(X)[:, None]) + torch.tensor(weights).log(), dim=1)


def fit_by_products(X, r):
    N = r.sum(0)
    M = r.T @ X / N[:, None]
    return N / len(X), M, [(r[:, [j]] * (X - m)).T @ (X - m) / N[j] for j, m in enumerate(M)]


def fit_by_numpy(X, r):
    covariances = [np.cov(X.T, aweights=w, ddof=0).reshape(X.shape[1], -1) for w in r.T]
    return r.mean(axis=0), [np.average(X, axis=0, weights=w) for w in r.T], covariances


def fit_by_moments(X, r):
    N = r.sum(axis=0)
    M = np.einsum("ik,id->kd", r, X) / N[:, None]
    second = np.einsum("ik,ia,ib->kab", r, X, X) / N[:, None, None]
    return N / N.sum(), M, second - M[:, :, None] * M[:, None, :]


def fit_by_companion(X, r):
    with np.errstate(divide="ignore"):
        found = matrix_gmm.m_step(X, np.log(r), reg=0)
    return found.weights, found.means, found.covariances


def sample_by_choice(weights, means, covariances, n, rng):
    k = rng.choice(len(weights), n, p=weights)
    z = rng.standard_normal((n, means.shape[1]))
    return means[k] + np.einsum("nij,nj->ni", np.linalg.cholesky(covariances)[k], z)


def sample_by_counts(weights, means, covariances, n, rng):
    counts = rng.multinomial(n, weights)
    return np.concatenate(
        [rng.multivariate_normal(m, S, c) for m, S, c in zip(means, covariances, counts, strict=True)]
    )


def sample_by_eigenvectors(weights, means, covariances, n, rng):
    values, V = np.linalg.eigh(covariances)
    k = np.searchsorted(np.cumsum(weights), rng.random(n))
    return means[k] + np.einsum("nij,nj->ni", (V * np.sqrt(values)[:, None])[k], rng.standard_normal((n, 2)))


def sample_by_companion(weights, means, covariances, n, rng):
    return matrix_gmm.GaussianMixture(weights, means, covariances).sample(n, rng=rng).X


def bic_plain(log_prob, k, d):
    return (k - 1 + k * d + k * d * (d + 1) / 2) * np.log(len(log_prob)) - 2 * log_prob.sum()


RIGHT = {
    "check_responsibilities": [odds_by_scipy, odds_in_a_loop, odds_by_companion, odds_in_torch],
    "check_m_step": [fit_by_products, fit_by_numpy, fit_by_moments, fit_by_companion],
    "check_sampling": [sample_by_choice, sample_by_counts, sample_by_eigenvectors, sample_by_companion],
    "check_bic": [bic_plain, lambda log_prob, k, d: np.float32(bic_plain(log_prob, k, d)),
                  lambda logs, k, d: (k * (1 + d + (d * d + d) / 2) - 1) * np.log(logs.size) - 2 * sum(logs)],
}  # fmt: skip


# --- wrong -----------------------------------------------------------------------------------------------------------


def shares(logs, axis=1):
    return np.exp(logs - logsumexp(logs, axis=axis, keepdims=True))


def half_logs(covariances):
    return np.linalg.slogdet(covariances)[1] / 2


def squares(X, means, matrices):
    return np.stack([np.sum((X - m) @ A * (X - m), axis=1) for m, A in zip(means, matrices, strict=True)], axis=1)


def odds_plain(X, weights, means, covariances):
    joint = np.exp(logs_of(X, weights, means, covariances))
    return joint / joint.sum(axis=1, keepdims=True)


def odds_floored(X, weights, means, covariances):
    joint = np.exp(logs_of(X, weights, means, covariances))
    return joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)


def odds_clipped(X, weights, means, covariances):
    joint = np.exp(logs_of(X, weights, means, covariances).clip(-700))
    return joint / joint.sum(axis=1, keepdims=True)


def odds_from(change):
    """Responsibilities with something done to the logarithms: `change` gets them, and all that was given."""

    def student(X, weights, means, covariances):
        logs = logs_of(X, weights, means, covariances)
        return shares(change(logs, X, weights, means, covariances))

    return student


def odds_hard(X, w, m, S):
    return np.eye(len(w))[logs_of(X, w, m, S).argmax(axis=1)]


def fit(*, weights=lambda X, r, N: N / len(X), means=None, covariances=None):
    """An M-step with one part of it wrong."""

    def student(X, r):
        right = fit_by_products(X, r)
        N = r.sum(0)
        M = right[1] if means is None else means(X, r, N)
        C = right[2] if covariances is None else covariances(X, r, N, right[1])
        return weights(X, r, N), M, C

    return student


def scatter(X, r, M):
    return np.stack([(r[:, [j]] * (X - m)).T @ (X - m) for j, m in enumerate(M)])


def hard_means(X, r, N):
    h = np.eye(r.shape[1])[r.argmax(1)]
    return h.T @ X / np.maximum(h.sum(0), 1e-9)[:, None]


def squared_shares(X, r, N, M):
    return np.stack([(r[:, [j]] * (X - m)).T @ (r[:, [j]] * (X - m)) / N[j] for j, m in enumerate(M)])


def sampled(*, p=lambda w: w, root=np.linalg.cholesky, centre=lambda means, k: means[k],
            noise=lambda rng, n: rng.standard_normal((n, 2))):  # fmt: skip
    """A sampler with one part of it wrong."""

    def student(weights, means, covariances, n, rng):
        k = rng.choice(len(weights), n, p=p(weights))
        return centre(means, k) + np.einsum("nij,nj->ni", root(covariances)[k], noise(rng, n))

    return student


def sample_sum(weights, means, covariances, n, rng):
    each = [rng.multivariate_normal(m, S, n) for m, S in zip(means, covariances, strict=True)]
    return sum(w * x for w, x in zip(weights, each, strict=True))


def sample_one(weights, means, covariances, n, rng):
    k = rng.choice(len(weights), p=weights)
    return rng.multivariate_normal(means[k], covariances[k], n)


def sample_one_gaussian(weights, means, covariances, n, rng):
    mean = weights @ means
    S = np.einsum("k,kij->ij", weights, covariances) + (weights * (means - mean).T) @ (means - mean)
    return rng.multivariate_normal(mean, S, n)


def sample_within(weights, means, covariances, n, rng):
    return rng.multivariate_normal(weights @ means, np.einsum("k,kij->ij", weights, covariances), n)


def bic(*, weights=lambda k: k - 1, means=lambda k, d: k * d, each=lambda d: d * (d + 1) / 2, price=np.log,
        lnl=np.sum, two=2, sign=1):  # fmt: skip
    """A BIC with one part of it wrong."""

    def student(log_prob, k, d):
        p = weights(k) + means(k, d) + k * each(d)
        return sign * (p * price(len(log_prob)) - two * lnl(log_prob))

    return student


WRONG = {
    "check_responsibilities": {
        "you returned weighted densities": lambda X, w, m, S: np.exp(logs_of(X, w, m, S)),
        "you returned logarithms": lambda X, w, m, S: np.log(odds_by_scipy(X, w, m, S)),
        "the weights are missing": odds_from(lambda logs, X, w, m, S: logs - np.log(w)),
        "the determinants are missing": odds_from(lambda logs, X, w, m, S: logs + half_logs(S)),
        "divide by √det, not by det": odds_from(lambda logs, X, w, m, S: logs - half_logs(S)),
        "the factor ½ in the exponent": odds_from(
            lambda logs, X, w, m, S: logs - squares(X, m, np.linalg.inv(S)) / 2
        ),
        "the distance is not squared": odds_from(
            lambda logs, X, w, m, S: logs + (q := squares(X, m, np.linalg.inv(S))) / 2 - np.sqrt(q) / 2
        ),
        "where its inverse belongs": odds_from(
            lambda logs, X, w, m, S: logs + squares(X, m, np.linalg.inv(S)) / 2 - squares(X, m, S) / 2
        ),
        "you normalized over the points": lambda X, w, m, S: shares(logs_of(X, w, m, S), axis=0),
        "you put all on the largest": odds_hard,
        "all densities underflow to 0, and 0/0": odds_plain,
        "one column each": lambda X, w, m, S: logs_of(X, w, m, S).argmax(axis=1),
        "rows and columns exchanged": lambda X, w, m, S: odds_by_scipy(X, w, m, S).T,
        "each must sum to 1": lambda X, w, m, S: odds_by_scipy(X, w, m, S) * 0.9,
        "Print log π": lambda X, w, m, S: odds_by_scipy(X + 1, w, m, S),
        "all densities underflow to 0 here": odds_floored,
        "Do not clip or replace": odds_clipped,
        "NaN or infinity in 27 of": lambda X, w, m, S: odds_by_scipy(X, w, m, S) * np.nan,
    },
    "check_m_step": {
        "they are the counts N": fit(weights=lambda X, r, N: N),
        "they are all equal": fit(weights=lambda X, r, N: np.full(len(N), 1 / len(N))),
        "each must be Σ r / n": fit(weights=lambda X, r, N: N / N.max()),
        "Sum over the points, axis=0": fit(weights=lambda X, r, N: r.sum(axis=1)),
        "you did not divide by N, the sum": fit(means=lambda X, r, N: r.T @ X),
        "Divide by N, the sum": fit(means=lambda X, r, N: r.T @ X / len(X)),
        "all are the mean of all points": fit(means=lambda X, r, N: np.tile(X.mean(0), (len(N), 1))),
        "each point counts for one component only": fit(means=hard_means),
        "the weighted mean of the points is wanted": fit(means=lambda X, r, N: (r**2).T @ X / (r**2).sum(0)[:, None]),
        "a 2 × 3 matrix; 3 means in 2": fit(means=lambda X, r, N: (r.T @ X / N[:, None]).T),
        "you did not divide by N.": fit(covariances=lambda X, r, N, M: scatter(X, r, M)),
        "number of points. Divide by N.": fit(covariances=lambda X, r, N, M: scatter(X, r, M) / len(X)),
        "you divided by N − 1": fit(covariances=lambda X, r, N, M: scatter(X, r, M) / (N - 1)[:, None, None]),
        "you did not subtract the means": fit(
            covariances=lambda X, r, N, M: scatter(X, r, 0 * M) / N[:, None, None]
        ),
        "you subtracted the mean of all": fit(
            covariances=lambda X, r, N, M: scatter(X, r, 0 * M + X.mean(0)) / N[:, None, None]
        ),
        "you squared the responsibilities": fit(covariances=squared_shares),
        "that is the tied kind": fit(covariances=lambda X, r, N, M: [scatter(X, r, M).sum(0) / len(X)] * len(N)),
        "the covariances are 0": fit(
            covariances=lambda X, r, N, M: scatter(X, r, M) / N[:, None, None] * np.eye(X.shape[1])
        ),
        "Those are variances": fit(
            covariances=lambda X, r, N, M: (scatter(X, r, M) / N[:, None, None]).diagonal(axis1=1, axis2=2)
        ),
        "with the new means": fit(covariances=lambda X, r, N, M: scatter(X, r, M + 1) / N[:, None, None]),
        "the exercise asks for 3 things": lambda X, r: r.T @ X / r.sum(0)[:, None],
        "Your function changed the r it was given": lambda X, r: r.__itruediv__(2) is None or fit_by_numpy(X, r),
    },
    "check_sampling": {
        "choose them with p=weights": sampled(p=lambda w: None),
        "every point comes from the same component": sample_one,
        "the means are missing": sampled(centre=lambda means, k: 0),
        "you summed the components": sample_sum,
        "you multiplied by Σ where its root": sampled(root=lambda S: S),
        "you multiplied by Lᵀ": sampled(root=lambda S: np.linalg.cholesky(S).transpose(0, 2, 1)),
        "only the variances are right": sampled(root=lambda S: np.sqrt(S * np.eye(2))),
        "standard normal noise": sampled(root=lambda S: np.tile(np.eye(2), (3, 1, 1))),
        "one Gaussian around the common mean": sample_within,
        "you drew from one Gaussian": sample_one_gaussian,
        "you returned means": sampled(root=np.zeros_like),
        "compare the covariance of the points of each": sampled(root=lambda S: 2 * np.linalg.cholesky(S)),
        "it must be Σ weights × means": sampled(centre=lambda means, k: means[k] + 0.5),
        "not from np.random": lambda w, m, S, n, rng: sample_by_choice(w, m, S, n, np.random.default_rng()),
        "mean 2, where 12% belong. Likely cause: a component has": sampled(root=lambda S: np.linalg.cholesky(S[::-1])),
        "mean 1, where 21% belong. Likely cause: a component has": sampled(
            noise=lambda rng, n: rng.uniform(-(3**0.5), 3**0.5, (n, 2))
        ),
        "not from a seed of your own": lambda w, m, S, n, rng: sample_by_choice(w, m, S, n, np.random.default_rng(0)),
        "a 2 × 20000 matrix": lambda w, m, S, n, rng: sample_by_choice(w, m, S, n, rng).T,
    },
    "check_bic": {
        "you took the mean of log_prob": bic(lnl=np.mean),
        "that is −BIC/2": lambda logs, k, d: -bic_plain(logs, k, d) / 2,
        "Do not divide by n": lambda logs, k, d: bic_plain(logs, k, d) / len(logs),
        "you charged 2 ln n": bic(price=lambda n: 2 * np.log(n)),
        "the factor 2 of ln L is missing": bic(two=1),
        "the sign is turned": bic(sign=-1),
        "you added 2 ln L": bic(two=-2),
        "that is the AIC": bic(price=lambda n: 2),
        "you counted k weights": bic(weights=lambda k: k),
        "you forgot the weights": bic(weights=lambda k: 0),
        "you forgot the means, or the diagonals": bic(means=lambda k, d: 0),
        "you counted d² numbers": bic(each=lambda d: d * d),
        "you counted d variances": bic(each=lambda d: d),
        "you counted one covariance for all": lambda logs, k, d: bic(each=lambda d: d * (d + 1) / 2 / k)(logs, k, d),
        "to another base": bic(price=np.log2),
        "to the base 10": bic(price=np.log10),
        "is wanted.": bic(two=3),
        "must be one number": lambda log_prob, k, d: 44 * np.log(50) - 2 * log_prob,
    },
}  # fmt: skip


TestCheckers = checkers.of(gmm, RIGHT, WRONG, calls={"check_responsibilities": 4, "check_m_step": 3, "check_bic": 3})


def test_right_samplers_pass_whatever_the_dice():
    """Room for chance: a right answer must not fail one time in a hundred."""
    for shift in range(60):

        def student(weights, means, covariances, n, rng, shift=shift):
            return sample_by_choice(weights, means, covariances, n, np.random.default_rng([shift, rng.integers(2**31)]))

        verdict = gmm.check_sampling(student)
        assert verdict, verdict.message
