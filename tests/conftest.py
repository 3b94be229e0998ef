"""What every test has: the shapes written in companion's signatures checked, two array libraries, two precisions.

While tests run, beartype checks each call into companion against its annotations (shapes and types, through jaxtyping).
A test marked `bad_input` runs without, so that it sees the errors which readers see.
"""

import os

import hypothesis
import jaxtyping
import numpy as np
import pytest

# an int is welcome where a float is asked for (PEP 484)
jaxtyping.install_import_hook("companion", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

hypothesis.settings.register_profile("companion", deadline=None, max_examples=25, derandomize=True, database=None)
hypothesis.settings.load_profile("companion")


def pytest_configure(config):
    config.addinivalue_line("markers", "bad_input: the call is wrong on purpose; companion's own error must catch it")


@pytest.fixture(autouse=True)
def _own_errors(request):
    jaxtyping.config.update("jaxtyping_disable", request.node.get_closest_marker("bad_input") is not None)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


class Library:
    """NumPy or torch: `library(array)` is the array of that library, `library.numpy(x)` takes it back."""

    def __init__(self, name):
        self.name = name

    def __call__(self, array):
        if self.name == "numpy":
            return np.asarray(array)
        import torch

        return torch.tensor(np.asarray(array), device=os.environ.get("COMPANION_TEST_DEVICE", "cpu"))

    def numpy(self, x):
        assert self.owns(x), f"a {type(x).__name__} came out of {self.name}"
        return np.asarray(x) if self.name == "numpy" else x.cpu().numpy()

    def owns(self, x):
        return isinstance(x, np.ndarray | np.generic) if self.name == "numpy" else type(x).__name__ == "Tensor"


@pytest.fixture(scope="session", params=["numpy", "torch"])
def library(request):
    """Runs the test on both array libraries."""
    return Library(request.param)


@pytest.fixture(scope="session", params=["float32", "float64"])
def dtype(request):
    """Runs the test in both precisions. Where complex numbers are allowed, parametrize it (indirect) over those too."""
    return np.dtype(request.param)


@pytest.fixture(scope="session")
def tol(dtype):
    """A relative error that rounding may cause in small problems: 200 spacings of `dtype`."""
    return 200 * float(np.finfo(dtype).eps)
