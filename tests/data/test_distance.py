"""Signed distance against shapes whose distance is known, winding against areas."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from companion.data import distance

AXIS = np.linspace(-3, 3, 31) + 0.01  # not through the corners


def ring(*points):
    points = np.array(points, dtype=float)
    return np.stack([points, np.roll(points, -1, axis=0)], 1)


def polygon(sides, radius, turn=1):
    angle = turn * 2 * np.pi * np.arange(sides) / sides
    return ring(*radius * np.stack([np.cos(angle), np.sin(angle)], 1))


def test_square_by_its_formula():
    x, y = np.meshgrid(AXIS, AXIS)
    out = np.hypot(np.maximum(abs(x) - 2, 0), np.maximum(abs(y) - 1, 0))
    into = np.minimum(2 - abs(x), 1 - abs(y)).clip(0)
    square = ring((-2, -1), (2, -1), (2, 1), (-2, 1))
    assert np.allclose(distance.signed(square, AXIS), into - out, atol=1e-7)


@given(st.floats(0.3, 2.9), st.sampled_from([-1, 1]))
def test_circle_by_its_formula_whichever_way_it_runs(radius, turn):
    x, y = np.meshgrid(AXIS, AXIS)
    sagitta = radius * (1 - np.cos(np.pi / 64))  # what the polygon lacks of the circle
    assert np.abs(distance.signed(polygon(64, radius, turn), AXIS) - (radius - np.hypot(x, y))).max() <= sagitta + 1e-7


def test_a_counter_is_outside_and_an_overlap_inside():
    outer, inner = polygon(64, 2.5), polygon(64, 1.2)
    hole = polygon(64, 1.2, turn=-1)
    middle = len(AXIS) // 2
    assert distance.winding(np.concatenate([outer, hole]), AXIS)[middle, middle] == 0
    assert abs(distance.winding(np.concatenate([outer, inner]), AXIS)[middle, middle]) == 2
    assert distance.signed(np.concatenate([outer, hole]), AXIS)[middle, middle] < -1
    assert distance.signed(np.concatenate([outer, inner]), AXIS)[middle, middle] > 1


def test_an_outline_beyond_the_grid_winds_around_all_of_it():
    assert (abs(distance.winding(polygon(64, 9.0), AXIS)) == 1).all()


@given(st.lists(st.tuples(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5)), min_size=3, max_size=8, unique=True))
def test_distance_to_any_polygon_is_the_distance_to_its_nearest_sample(points):
    edges = ring(*points)
    edges = edges[np.hypot(*(edges[:, 1] - edges[:, 0]).T) > 1e-3]
    t = np.linspace(0, 1, 401)[:, None, None]
    samples = (edges[:, 0] + t * (edges[:, 1] - edges[:, 0])).reshape(-1, 2)
    x, y = np.meshgrid(AXIS, AXIS)
    nearest = np.sqrt(((x[..., None] - samples[:, 0]) ** 2 + (y[..., None] - samples[:, 1]) ** 2).min(-1))
    assert np.abs(np.abs(distance.signed(edges, AXIS)) - nearest).max() < 0.02
