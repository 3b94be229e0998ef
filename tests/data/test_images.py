"""One call for every name: the same contract, the same errors."""

import subprocess
import sys

import numpy as np
import pytest

from companion import data
from companion.data import cache, glyphs, images

NAMES = {"glyphs": (1, 28, 28), "digits": (1, 8, 8)}
LAZY = ("torch", "torchvision", "matplotlib", "sklearn", "scipy", "PIL")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_contract(name, split):
    x, y = got = images(name, split, n=300)
    assert isinstance(got, data.Images)
    assert x.shape == (300, *NAMES[name])
    assert x.dtype == np.uint8
    assert y.shape == (300,)
    assert y.dtype == np.int64
    assert set(y) == set(range(10))
    assert x.flags.writeable
    assert x.flags.c_contiguous
    again = images(name, split, n=300)
    assert np.array_equal(x, again.x)
    assert np.array_equal(y, again.y)
    fewer = images(name, split, n=7)
    assert np.array_equal(x[:7], fewer.x)
    assert np.array_equal(y[:7], fewer.y)
    assert images(name, split, n=2, pixels=16).x.shape == (2, 1, 16, 16)
    assert not np.array_equal(x, images(name, {"train": "test", "test": "train"}[split], n=300).x)


def test_as_many_glyphs_as_mnist_has_digits(monkeypatch):
    asked = []

    def few(n, *, split):
        asked.append((n, split))
        return drawn

    drawn = glyphs.render(3)
    monkeypatch.setattr(glyphs, "render", few)
    images("glyphs")
    images("glyphs", "test")
    assert asked == [(60_000, "train"), (10_000, "test")]


def test_glyphs_come_from_the_cache_the_second_time(monkeypatch):
    first = images("glyphs", n=50)
    more = images("glyphs", n=60)
    assert np.array_equal(more.x, glyphs.render(60).x)
    assert np.array_equal(images("glyphs", "test", n=50).y, glyphs.render(50, split="test").y)
    monkeypatch.setattr(glyphs, "render", None)
    assert np.array_equal(images("glyphs", n=50).x, first.x)
    assert np.array_equal(images("glyphs", n=60).y, more.y)


def test_glyphs_are_drawn_again_when_matplotlib_changes(monkeypatch):
    images("glyphs", n=5)
    monkeypatch.setattr("importlib.metadata.version", lambda package: "99.0")
    images("glyphs", n=5)
    assert len(list(cache.folder().iterdir())) == 2


def test_a_writing_caller_does_not_reach_the_next_one():
    images("digits", n=3).x[:] = 0
    assert images("digits", n=3).x.any()


def test_the_default_and_its_override(monkeypatch):
    assert np.array_equal(images(n=9).x, glyphs.render(9).x)
    monkeypatch.setenv("COMPANION_IMAGES", "digits")
    assert np.array_equal(images(n=9).x, images("digits", n=9).x)
    assert images("glyphs", n=9).x.shape[-1] == 28  # a name given is a name meant
    monkeypatch.setenv("COMPANION_IMAGES", "")
    assert images(n=9).x.shape[-1] == 28


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (
            {"name": "minst"},
            "'minst' is neither a data set nor a folder; ask for glyphs, digits, mnist, .*cifar10, or a",
        ),
        ({"split": "val"}, 'split is \'val\'; ask for "train" or "test"'),
        ({"n": 0}, "n is 0; it must be 1 or more"),
        ({"n": -3}, "n is -3; it must be 1 or more"),
        ({"pixels": 0}, "pixels is 0; it must be 1 or more"),
        ({"n": 1438}, "n is 1438, but digits has 1437 pictures to train with; ask for fewer"),
        ({"n": 361, "split": "test"}, "n is 361, but digits has 360 pictures to test with"),
    ],
)
def test_says_what_is_not_to_be_had(bad, says):
    with pytest.raises(ValueError, match=says):
        images(**{"name": "digits"} | bad)


def test_an_override_that_is_no_name_is_named(monkeypatch):
    monkeypatch.setenv("COMPANION_IMAGES", "my pictures")
    with pytest.raises(ValueError, match="'my pictures' is neither"):
        images()


def printed(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_is_cheap():
    assert printed(f"import sys, companion.data; print([name for name in {LAZY} if name in sys.modules])") == "[]"


def test_mnist_on_disk_needs_no_torch(real_mnist):
    code = "import sys; from companion.data import images; images('mnist', 'test'); print('torch' in sys.modules)"
    assert printed(code) == "False"


def test_everything_on_the_title_page_is_there():
    assert all(hasattr(data, name) for name in data.__all__)
    assert set(data.NAMES) == {"glyphs", "digits", "mnist", "fashion_mnist", "kmnist", "cifar10"}
