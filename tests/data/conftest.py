"""Every test here has a cache folder and a data folder of its own, and no network but this machine's."""

import os

import numpy as np
import pytest

from companion.data import glyphs

REAL = os.environ.get("COMPANION_DATA")  # where the reader keeps downloaded sets


@pytest.fixture(autouse=True)
def isolated(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COMPANION_DATA", str(tmp_path / "downloads"))
    monkeypatch.delenv("COMPANION_IMAGES", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def real_mnist(monkeypatch):
    """COMPANION_DATA as it was outside, if MNIST lies there."""
    if not REAL or not os.path.isdir(os.path.join(REAL, "MNIST", "raw")):
        pytest.skip("COMPANION_DATA names no folder with MNIST/raw in it")
    monkeypatch.setenv("COMPANION_DATA", REAL)
    return REAL


@pytest.fixture(scope="session")
def train():
    return glyphs.render(4000)


@pytest.fixture(scope="session")
def test():
    return glyphs.render(1500, split="test")


@pytest.fixture
def neutral():
    """Draws (typeface, digit) pairs upright, in the middle and without jitter; keywords set single factors."""

    def draw(typeface, digit, **given):
        typeface, digit = np.broadcast_arrays(np.atleast_1d(typeface), np.atleast_1d(digit))
        values = dict.fromkeys(glyphs.RANGES, 0.0) | {"scale": 1.0, "width": 1.0} | given
        factors = glyphs.Factors(typeface, **{k: np.full(len(digit), float(v)) for k, v in values.items()})
        return glyphs.draw(digit.copy(), factors, np.zeros((len(digit), 2, glyphs.CONTROL, glyphs.CONTROL)))[:, 0]

    return draw
