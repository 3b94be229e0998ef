"""warp: moves pictures by what it was told and no more, each its own way, the ground staying the ground."""

import math

import pytest
import torch

from companion.data.augment import warp


@pytest.fixture
def spots():
    """A soft spot in the middle of each of 64 pictures, 33 × 29 pixels."""
    y, x = torch.meshgrid(torch.arange(33.0) - 16, torch.arange(29.0) - 14, indexing="ij")
    return torch.exp(-(x**2 + y**2) / 8).expand(64, 1, 33, 29)


def centres(x):
    y, c = torch.arange(x.shape[2]) - (x.shape[2] - 1) / 2, torch.arange(x.shape[3]) - (x.shape[3] - 1) / 2
    mass = x.sum((1, 2, 3))
    return torch.stack([(x.sum((1, 3)) * y).sum(1) / mass, (x.sum((1, 2)) * c).sum(1) / mass], 1)


def test_no_motion_changes_nothing(spots):
    torch.testing.assert_close(warp()(spots), spots, atol=1e-5, rtol=0)


def test_shifts_reach_their_pixels_and_no_farther(spots):
    torch.manual_seed(0)
    moved = centres(warp(shift=3)(spots))
    assert 2.7 < float(moved.abs().max()) <= 3.05
    assert float(moved.std()) == pytest.approx(3 / math.sqrt(3), rel=0.15)


def test_turning_keeps_the_middle_and_turns_what_is_beside_it(spots):
    torch.manual_seed(0)
    turn = warp(turn=20)
    assert float(centres(turn(spots)).abs().max()) < 0.05
    beside = centres(turn(torch.roll(spots, 8, 3)))
    angles = torch.atan2(beside[:, 0], beside[:, 1]) * 180 / math.pi
    assert 17 < float(angles.abs().max()) <= 20.5
    torch.testing.assert_close(beside.norm(dim=1), torch.full((64,), 8.0), atol=0.1, rtol=0)


def test_scaling_changes_distances_by_its_share(spots):
    torch.manual_seed(0)
    far = centres(warp(scale=0.2)(torch.roll(spots, 7, 3)))[:, 1]
    assert 5.5 < float(far.min()) < 6.2
    assert 7.8 < float(far.max()) < 8.5


def test_bending_moves_by_about_its_standard_deviation(spots):
    torch.manual_seed(0)
    moved = centres(warp(bend=1.0)(spots))
    assert 0.5 < float(moved.std()) < 1.2


def test_strokes_grow_and_shrink_by_up_to_so_many_pixels():
    """A bar of 5 pixels: its ink, in rows of full brightness, is 5 rows more or less 2·thick."""
    bar = torch.zeros(200, 1, 21, 21)
    bar[:, :, 8:13] = 1
    torch.manual_seed(0)
    rows = warp(thick=0.75)(bar)[:, 0, :, 10].sum(1)
    assert 3.5 - 1e-4 <= float(rows.min()) < 3.6
    assert 6.4 < float(rows.max()) <= 6.5 + 1e-4
    assert float(rows.mean()) == pytest.approx(5, abs=0.2)


def test_thick_strokes_stay_within_the_brightness_there_was(spots):
    torch.manual_seed(0)
    moved = warp(thick=1)(2 * spots - 1)
    assert float(moved.min()) >= -1.001
    assert float(moved.max()) <= 1.001


def test_the_ground_of_signed_pictures_stays_dark(spots):
    signed = 2 * spots - 1
    moved = warp(shift=5, turn=30, bend=1)(signed)
    assert float(moved[:, :, 0].max()) < -0.5
    assert float(moved.min()) >= -1.001


def test_it_keeps_the_shape_and_differs_from_picture_to_picture(spots):
    torch.manual_seed(0)
    x = spots.expand(64, 3, 33, 29)
    moved = warp(shift=2, turn=10, scale=0.1, bend=1)(x)
    assert moved.shape == x.shape
    assert float((moved[0] - moved[1]).abs().max()) > 0.05
    torch.manual_seed(0)
    assert torch.equal(moved, warp(shift=2, turn=10, scale=0.1, bend=1)(x))


@pytest.mark.parametrize(
    "wrong", [{"shift": -1}, {"turn": -1}, {"scale": 1}, {"bend": -0.1}, {"thick": -1}, {"thick": 1.1}]
)
def test_wrong_amounts_are_refused(wrong):
    with pytest.raises(ValueError, match="all must be ≥ 0, and scale < 1, and thick ≤ 1"):
        warp(**wrong)
