"""Batches: every picture once an epoch, by one process, in an order that (seed, epoch) fixes; scaled as promised."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from companion.data.batches import Batches, FolderBatches, Share, order, scaled
from companion.data.images import Images


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return Images(rng.integers(0, 256, (10, 1, 4, 4), dtype=np.uint8), np.arange(10))


def taken(share, steps, start=0):
    return [t.tolist() for t in itertools.islice(share.steps(start), steps)]


@pytest.mark.parametrize(("n", "size", "world"), [(10, 5, 1), (10, 3, 1), (10, 3, 2), (7, 4, 3), (3, 5, 2), (1, 2, 2)])
def test_every_picture_once_an_epoch_by_one_process(n, size, world):
    steps = 3 * n
    shares = [taken(Share(n, size, seed=4, rank=r, world=world), steps) for r in range(world)]
    row = [i for step in zip(*shares, strict=True) for share in step for i in share]
    epochs = [row[i : i + n] for i in range(0, len(row) - n + 1, n)]
    assert all(sorted(epoch) == list(range(n)) for epoch in epochs)
    assert all(len(part) == size for share in shares for part in share)
    assert epochs[0] == order(n, 4, 0).tolist()
    assert n <= 3 or epochs[0] != epochs[1]


def test_what_is_not_said_is_seed_0_alone(images):
    assert taken(Share(10, 4), 5) == taken(Share(10, 4, seed=0, rank=0, world=1), 5)
    alone, told = (Batches(images, 4, **place).stream() for place in ({}, {"seed": 0, "rank": 0, "world": 1}))
    assert all(torch.equal(next(alone)[0], next(told)[0]) for _ in range(5))


def test_two_processes_share_the_batch_of_one():
    alone = taken(Share(20, 8), 7)
    pair = [taken(Share(20, 4, rank=r, world=2), 7) for r in (0, 1)]
    assert alone == [a + b for a, b in zip(*pair, strict=True)]


@pytest.mark.parametrize("start", [1, 3, 4, 11])
def test_a_stream_begins_at_any_step(start):
    share = Share(10, 3, seed=1)
    assert taken(share, 5, start) == taken(share, start + 5)[start:]


def test_seeds_differ():
    assert taken(Share(100, 50, seed=0), 1) != taken(Share(100, 50, seed=1), 1)


@pytest.mark.parametrize("signed", [False, True])
def test_bytes_are_scaled_and_keep_their_labels(images, signed):
    for x, y in itertools.islice(Batches(images, 4, signed=signed).stream(), 5):
        assert (x.dtype, x.shape, y.dtype) == (torch.float32, (4, 1, 4, 4), torch.int64)
        expected = images.x[y.numpy()] / 255
        np.testing.assert_allclose(x.numpy(), 2 * expected - 1 if signed else expected, atol=1e-6)
    ends = scaled(torch.tensor([0, 255], dtype=torch.uint8), signed)
    assert ends.tolist() == pytest.approx([-1, 1] if signed else [0, 1], abs=1e-6)


def test_once_is_every_picture_in_order_without_augmentation(images):
    seen = list(Batches(images, 4, augment=torch.zeros_like).once())
    assert [len(x) for x, _ in seen] == [4, 4, 2]
    assert torch.cat([y for _, y in seen]).tolist() == list(range(10))
    assert float(seen[0][0].max()) > 0


def test_augmentation_is_applied_to_the_stream(images):
    x, _ = next(Batches(images, 4, augment=lambda x: x + 1).stream())
    assert float(x.min()) >= 1


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    for kind, count in (("a", 3), ("b", 4)):
        (tmp_path / kind).mkdir()
        for i in range(count):
            shade = rng.integers(0, 256, dtype=np.uint8)
            Image.fromarray(np.full((9, 12, 3), shade)).save(tmp_path / kind / f"{i}.png")
    return tmp_path


@pytest.mark.parametrize(("channels", "workers"), [(1, 0), (3, 2)])
def test_a_folder_gives_the_same_interface(folder, channels, workers):
    batches = FolderBatches(folder, 3, pixels=6, channels=channels, workers=workers, seed=2)
    seen = list(batches.once())
    assert [x.shape for x, _ in seen] == [(3, channels, 6, 6), (3, channels, 6, 6), (1, channels, 6, 6)]
    assert torch.cat([y for _, y in seen]).tolist() == [0, 0, 0, 1, 1, 1, 1]
    before = torch.get_rng_state()
    first = [(x, y) for x, y in itertools.islice(batches.stream(), 4)]
    later = [(x, y) for x, y in itertools.islice(batches.stream(2), 2)]
    assert torch.equal(before, torch.get_rng_state())
    for (a, b), (c, d) in zip(first[2:], later, strict=True):
        assert torch.equal(a, c)
        assert torch.equal(b, d)
    whole = torch.cat([x for x, _ in seen])
    np.testing.assert_array_equal(first[0][0].numpy(), whole[order(7, 2, 0)[:3]].numpy())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 0}, "size is 0"),
        ({"size": 2.0}, "size is 2.0"),
        ({"images": Images(np.zeros((3, 1, 2, 2)), np.arange(3))}, "x is torch.float64"),
        ({"images": Images(np.zeros((3, 2, 2), np.uint8), np.arange(3))}, r"shape \(3, 2, 2\)"),
        ({"images": Images(np.zeros((3, 1, 2, 2), np.uint8), np.arange(2))}, "with 2 labels"),
        ({"images": Images(np.zeros((0, 1, 2, 2), np.uint8), np.arange(0))}, "there are no pictures"),
    ],
)
@pytest.mark.bad_input
def test_wrong_arguments_are_refused(images, change, words):
    with pytest.raises(ValueError, match=words):
        Batches(**({"images": images, "size": 3} | change))


@pytest.mark.bad_input
def test_an_empty_folder_and_odd_channels_are_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no pictures as <class>/<picture>"):
        FolderBatches(tmp_path, 3, pixels=6)
    with pytest.raises(ValueError, match="channels is 2; allowed are 1"):
        FolderBatches(tmp_path, 3, pixels=6, channels=2)
