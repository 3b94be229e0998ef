"""Real MNIST in bytes, one row of 784 pixels for each picture, where COMPANION_DATA has it."""

import pytest
from known import HAVE_MNIST, MISSING

from companion import data


def _pixels(split):
    if not HAVE_MNIST:
        pytest.skip(MISSING)
    return data.images("mnist", split).x.reshape(-1, 784)


@pytest.fixture(scope="session")
def mnist():
    """The 60,000 training images."""
    return _pixels("train")


@pytest.fixture(scope="session")
def mnist_test():
    """The 10,000 test images."""
    return _pixels("test")
