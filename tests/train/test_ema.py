"""EMA: the average that its formula says, counted in images, and the statistics of batch norm."""

import pytest
import torch
from torch import nn

from companion import train


def walk(net, ema, steps, images, seed=0):
    """A random walk of the weights; returns all of them, first to last."""
    generator, path = torch.Generator().manual_seed(seed), []
    for _ in range(steps):
        with torch.no_grad():
            net.weight += torch.randn(net.weight.shape, generator=generator)
        ema.update(images)
        path.append(net.weight.detach().clone())
    return path


def test_it_is_the_recursion(net):
    layer = nn.Linear(3, 2).double()
    before = layer.weight.detach().clone()
    ema = train.EMA(layer, half_life=100, ramp=1e9)
    path = walk(layer, ema, 20, 30)
    average = before
    for weight in path:
        average = 2 ** (-30 / 100) * average + (1 - 2 ** (-30 / 100)) * weight
    torch.testing.assert_close(ema.net.weight, average, rtol=1e-12, atol=1e-12)


def test_after_a_half_life_a_weight_counts_half():
    layer = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(layer.weight)
    ema = train.EMA(layer, half_life=640, ramp=1e9)
    nn.init.zeros_(layer.weight)
    for _ in range(10):
        ema.update(64)
    assert float(ema.net.weight.detach()) == pytest.approx(0.5, rel=1e-12)


def test_batch_size_does_not_change_it():
    """While the weights stand still, ten steps of 64 images are one of 640."""
    ends = []
    for steps, images in ((10, 64), (1, 640)):
        layer = nn.Linear(1, 1, bias=False).double()
        nn.init.ones_(layer.weight)
        ema = train.EMA(layer, half_life=1000, ramp=1e9)
        nn.init.constant_(layer.weight, 3)
        for _ in range(steps):
            ema.update(images)
        ends.append(float(ema.net.weight.detach()))
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)


def test_the_start_is_forgotten():
    """With the ramp an early average follows closely; without it the first weights would still count nearly all."""
    layer = nn.Linear(1, 1, bias=False).double()
    nn.init.constant_(layer.weight, 100)
    ema = train.EMA(layer, half_life=1e6)
    nn.init.ones_(layer.weight)
    for _ in range(20):
        ema.update(10)
    assert float(ema.net.weight.detach()) == pytest.approx(1, abs=1e-4)
    assert ema.images == 200


def test_the_ramp_is_a_twentieth_of_the_images_seen():
    """After 40 images that is 2, and a step of 4 images is two half-lives; after 1,000 the half-life itself is less."""
    layer = nn.Linear(1, 1, bias=False).double()
    nn.init.zeros_(layer.weight)
    ema = train.EMA(layer, half_life=8)
    ema.update(36)
    nn.init.ones_(layer.weight)
    ema.update(4)
    assert float(ema.net.weight.detach()) == pytest.approx(1 - 2**-2)
    ema.update(960)
    nn.init.zeros_(layer.weight)
    ema.update(16)
    assert float(ema.net.weight.detach()) == pytest.approx(2**-2)


def test_the_copy_is_apart_and_ready_to_be_used():
    layer = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    ema = train.EMA(layer, half_life=10)
    assert not ema.net.training
    assert layer.training
    assert not any(p.requires_grad for p in ema.net.parameters())
    assert all(p.requires_grad for p in layer.parameters())
    nn.init.zeros_(layer[0].weight)
    assert float(ema.net[0].weight.abs().sum()) > 0


def test_statistics_are_averaged_counters_copied_and_refreshed():
    torch.manual_seed(0)
    net = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))
    ema = train.EMA(net, half_life=50, ramp=1e9)
    batches = [(torch.randn(16, 3) * 2 + 5, None) for _ in range(8)]
    for x, _ in batches:
        net(x)
        ema.update(16)
    mean = ema.net[0].running_mean
    assert int(ema.net[0].num_batches_tracked) == 8
    assert float((mean - net[0].running_mean).abs().max()) > 0.1
    ema.refresh(batches)
    exact = torch.stack([x.mean(0) for x, _ in batches]).mean(0)
    torch.testing.assert_close(ema.net[0].running_mean, exact, rtol=1e-5, atol=1e-5)
    assert not ema.net.training


@pytest.mark.parametrize("images", [0, -5])
def test_a_step_takes_images(net, images):
    with pytest.raises(ValueError, match=rf"images is {images}; the number of images of this step, > 0, is needed"):
        train.EMA(net, half_life=10).update(images)


def test_it_comes_back_from_a_checkpoint(tmp_path):
    layer = nn.Linear(3, 2)
    ema = train.EMA(layer, half_life=100)
    walk(layer, ema, 5, 30)
    train.Checkpoint(tmp_path / "a.pt", ema=ema).save(5)
    other = train.EMA(nn.Linear(3, 2), half_life=100)
    assert train.Checkpoint(tmp_path / "a.pt", ema=other).load() == 5
    assert torch.equal(ema.net.weight, other.net.weight)
    assert other.images == 150


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "words"), [({"half_life": 0}, "half_life is 0"), ({"half_life": 9, "ramp": 0}, "ramp is 0")]
)
def test_wrong_settings_are_refused(net, options, words):
    with pytest.raises(ValueError, match=words):
        train.EMA(net, **options)
