"""Matrices of every form: tall, wide, square, of low rank, zero, one row, one column."""

import numpy as np
import pytest
from known import HAVE_MNIST, IMAGES, MISSING

FORMS = {
    "tall": (9, 5),
    "wide": (5, 9),
    "square": (6, 6),
    "low rank": (8, 6),
    "zero": (5, 4),
    "row": (1, 6),
    "column": (6, 1),
}


@pytest.fixture
def random_matrix():
    """Draws a matrix of standard normals, complex where the dtype is, from a seed that never changes."""

    def draw(m, n, dtype="float64", seed=0):
        rng, dtype = np.random.default_rng(seed), np.dtype(dtype)
        entries = rng.standard_normal((m, n)) + (1j * rng.standard_normal((m, n)) if dtype.kind == "c" else 0)
        return entries.astype(dtype)

    return draw


@pytest.fixture
def with_spectrum(random_matrix):
    """An m × n matrix that has just these singular values."""

    def draw(s, m, n, dtype="float64", seed=0):
        U = np.linalg.qr(random_matrix(m, len(s), dtype, seed))[0]
        V = np.linalg.qr(random_matrix(n, len(s), dtype, seed + 1))[0]
        return ((U * s) @ V.conj().T).astype(dtype)

    return draw


@pytest.fixture(params=FORMS)
def A(request, dtype, random_matrix):
    """One matrix of each form, as a NumPy array."""
    m, n = FORMS[request.param]
    if request.param == "low rank":
        return random_matrix(m, 2, dtype) @ random_matrix(2, n, dtype, seed=1)
    return random_matrix(m, n, dtype) * (request.param != "zero")


@pytest.fixture(scope="session")
def mnist():
    """MNIST's 60,000 training images, one row of 784 pixels each, from the folder that COMPANION_DATA names."""
    if not HAVE_MNIST:
        pytest.skip(MISSING)
    return np.fromfile(IMAGES, np.uint8, offset=16).reshape(60000, 784)


@pytest.fixture(scope="session")
def mnist_gram(mnist):
    """(XᵀX, mean of the rows) of X = mnist/255 in double precision; both are sums of whole numbers, hence exact."""
    parts = (part.astype(float) for part in np.array_split(mnist, 12))
    return sum(part.T @ part for part in parts) / 255**2, mnist.mean(0) / 255
