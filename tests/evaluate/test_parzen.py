"""Parzen windows: the density in plain words, scikit-learn's, and the figures that show why not."""

import numpy as np
import pytest
import scipy.stats
from sklearn.neighbors import KernelDensity

from companion.evaluate import parzen
from companion.matrix import svd


def test_it_is_the_mean_of_gaussian_densities(library, dtype):
    rng = np.random.default_rng(0)
    samples, x = (rng.standard_normal((n, 3)).astype(dtype) for n in (20, 7))
    ours = library.numpy(parzen.log_likelihood(library(samples), library(x), 0.4))
    plain = [np.log(np.mean([scipy.stats.multivariate_normal(s, 0.16).pdf(row) for s in samples])) for row in x]
    np.testing.assert_allclose(ours, plain, rtol=1e-6)
    assert ours.shape == (7,)


def test_it_is_scikit_learns_and_does_not_underflow(library):
    rng = np.random.default_rng(0)
    samples, x = rng.random((50, 784)), rng.random((9, 784)) + 2
    ours = library.numpy(parzen.log_likelihood(library(samples), library(x), 0.1))
    np.testing.assert_allclose(ours, KernelDensity(bandwidth=0.1).fit(samples).score_samples(x), rtol=1e-9)


def test_the_best_width_is_taken(library):
    rng = np.random.default_rng(0)
    samples, x = (library(rng.standard_normal((300, 2))) for _ in range(2))
    found = parzen.bandwidth(samples, x)
    means = [float(library.numpy(parzen.log_likelihood(samples, x, s)).mean()) for s in parzen.SIGMAS]
    np.testing.assert_allclose(found.log_likelihoods, means)
    assert found.sigma == parzen.SIGMAS[int(np.argmax(means))]
    assert 0.2 < found.sigma < 0.6
    assert parzen.bandwidth(samples, x, sigmas=[3.0, 0.3]).sigma == 0.3


def test_the_widths_of_the_protocol():
    assert len(parzen.SIGMAS) == 10
    assert parzen.SIGMAS[0] == pytest.approx(0.1)
    assert parzen.SIGMAS[-1] == 1
    np.testing.assert_allclose(np.diff(np.log(parzen.SIGMAS)), np.log(10) / 9)


def protocol(samples, validation, test):
    sigma = parzen.bandwidth(samples, validation).sigma
    logs = parzen.log_likelihood(samples, test, sigma)
    return logs.mean(), logs.std() / len(logs) ** 0.5


@pytest.mark.parametrize(("rank", "expected", "error"), [(None, 241.2, 2.1), (50, 312.7, 1.7)])
def test_mnist_blurred_beats_mnist(mnist, mnist_test, rank, expected, error):
    """10,000 real training pictures, and the same on 50 principal components, as pictures, under the protocol."""
    X = mnist.astype(np.float32) / 255
    samples = X[:10_000]
    if rank:
        axes = svd.pca(X[:50_000], rank)
        samples = axes.decode(axes.encode(samples)).clip(0, 1)  # pictures again
    mean, standard_error = protocol(samples, X[50_000:51_000], mnist_test.astype(np.float32) / 255)
    assert mean == pytest.approx(expected, abs=0.6)
    assert standard_error == pytest.approx(error, abs=0.06)
