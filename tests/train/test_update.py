"""Update: one network's gradients and no other's, accumulated, clipped, the same over processes as on one."""

import copy

import pytest
import torch
from torch import nn

from companion import train


def data(n=16, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 4, generator=generator).double(), torch.randn(n, 2, generator=generator).double()


def loss_of(net, x, y):
    return ((net(x) - y) ** 2).mean()


def test_one_call_is_one_step_of_the_optimizer(net):
    other = copy.deepcopy(net)
    x, y = data()
    train.Update(net, torch.optim.SGD(net.parameters(), 0.1))(loss_of(net, x, y))
    loss_of(other, x, y).backward()
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p.detach(), (q - 0.1 * q.grad).detach(), rtol=1e-12, atol=1e-15)
        assert p.grad is None


def test_the_gradients_of_other_networks_are_left_alone(net):
    front = nn.Linear(4, 4).double()
    x, y = data()
    update = train.Update(net, torch.optim.SGD(net.parameters(), 0.1))
    update(loss_of(net, front(x), y))
    assert all(p.grad is None for p in front.parameters())
    train.Update(front, torch.optim.SGD(front.parameters(), 0.1))(loss_of(net, front(x), y))
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_accumulated_quarters_are_the_whole_batch(net, optimizer):
    other = copy.deepcopy(net)
    x, y = data()
    whole = train.Update(other, optimizer(other.parameters(), 0.01))
    parts = train.Update(net, optimizer(net.parameters(), 0.01), accumulate=4)
    for _ in range(3):
        whole(loss_of(other, x, y))
        for a, b in zip(x.split(4), y.split(4), strict=True):
            parts(loss_of(net, a, b))
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-9, atol=1e-12)


def test_clipping_bounds_the_joint_norm_and_keeps_the_direction(net):
    before = [p.detach().clone() for p in net.parameters()]
    x, y = data()
    update = train.Update(net, torch.optim.SGD(net.parameters(), 1.0), max_norm=0.01)
    update(1000 * loss_of(net, x, y))
    moved = torch.cat([(p - q).detach().flatten() for p, q in zip(net.parameters(), before, strict=True)])
    assert float(moved.norm()) == pytest.approx(0.01, rel=1e-4)
    assert update.norm > 1
    small = train.Update(net, torch.optim.SGD(net.parameters(), 1.0), max_norm=1e9)
    other = copy.deepcopy(net)
    small(loss_of(net, x, y))
    train.Update(other, torch.optim.SGD(other.parameters(), 1.0))(loss_of(other, x, y))
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=0)


SAME = """
    import torch, itertools
    from torch import nn
    from companion import train
    run = train.launch("cpu")
    torch.manual_seed(run.rank)  # different weights on each process: Update makes them the first's
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).double()
    update = train.Update(net, torch.optim.Adam(net.parameters(), 0.01), run=run)
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(40, 32, 4, generator=generator).double(), torch.randn(40, 32, 2, generator=generator).double()
    share = slice(run.rank * 32 // run.world, (run.rank + 1) * 32 // run.world)
    def step(x, y):
        loss = ((net(x) - y) ** 2).mean()
        update(loss)
        return loss
    for state in train.fit(step, [(a[share], b[share]) for a, b in zip(x, y)], run=run, steps=40):
        pass
    assert state.images == 40 * 32
    if run.first:
        torch.save([p.detach() for p in net.parameters()], f"weights-{run.world}.pt")
    run.close()
"""


def test_two_processes_with_half_a_batch_each_end_where_one_does(torchrun, tmp_path):
    for processes in (1, 2):
        torchrun(SAME, processes)
    one, two = (torch.load(tmp_path / f"weights-{world}.pt") for world in (1, 2))
    assert max(float((p - q).abs().max()) for p, q in zip(one, two, strict=True)) < 1e-12


@pytest.mark.parametrize(
    ("options", "words"), [({"accumulate": 0}, "accumulate is 0"), ({"max_norm": 0}, "max_norm is 0")]
)
def test_wrong_settings_are_refused(net, options, words):
    with pytest.raises(ValueError, match=words):
        train.Update(net, torch.optim.SGD(net.parameters(), 0.1), **options)


def test_the_optimizer_of_another_network_is_refused(net):
    with pytest.raises(ValueError, match=r"0 are the same; make the optimizer with net\.parameters"):
        train.Update(net, torch.optim.SGD(copy.deepcopy(net).parameters(), 0.1))
    with pytest.raises(ValueError, match="4 trainable parameters, the optimizer 2"):
        train.Update(net, torch.optim.SGD(net[0].parameters(), 0.1))
