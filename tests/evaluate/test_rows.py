"""Distances in blocks, by one matrix product."""

import numpy as np
import pytest

from companion.evaluate import rows


@pytest.mark.parametrize("size", [1, 10, 10**6])
def test_squared_distances_block_by_block(library, size):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((13, 4)), rng.standard_normal((7, 4))
    xp, a, b = rows.pair(library(x), library(y))
    found = list(rows.squared_distances(xp, a, b, size=size))
    assert [part.start for part, _ in found[1:]] == [part.stop for part, _ in found[:-1]]
    assert max(block.shape[0] for _, block in found) == max(1, min(13, size // 7))
    whole = np.concatenate([library.numpy(block) for _, block in found])
    np.testing.assert_allclose(whole, ((x[:, None] - y) ** 2).sum(-1), atol=1e-12)


def test_points_far_from_the_origin_lose_no_digit(library):
    x = np.random.default_rng(0).standard_normal((9, 3))
    xp, a, b = rows.pair(library(x + 1e6), library(x[::-1] + 1e6))
    ((_, block),) = rows.squared_distances(xp, a, b)
    np.testing.assert_allclose(library.numpy(block), ((x[:, None] - x[::-1]) ** 2).sum(-1), atol=1e-8)
