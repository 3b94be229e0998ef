"""Update: one network's gradients and no other's, accumulated, clipped, the same over processes as on one."""

import copy

import pytest
import torch
import workers
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


def test_two_processes_with_half_a_batch_each_end_where_one_does(tmp_path):
    """Clipped, so that the norm must be that of the mean over both."""
    for world in (1, 2):
        workers.together(workers.forty_steps, tmp_path, world=world)
    one, two = (torch.load(tmp_path / f"weights-{world}.pt") for world in (1, 2))
    assert max(float((p - q).abs().max()) for p, q in zip(one, two, strict=True)) < 1e-12


def test_a_part_that_one_process_uses_is_averaged_with_zeros_of_the_others(tmp_path):
    workers.together(workers.parts_that_one_process_uses, str(tmp_path), world=2)
    ours, theirs = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    expected = {"first": 1 - 2.0, "second": 1 - 2.0, "shared": 1 - 1.5, "spare": 1.0}
    assert {name: value.tolist() for name, value in ours.items()} == {k: [v, v] for k, v in expected.items()}
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


def test_calls_are_counted_through_a_checkpoint(net):
    update = train.Update(net, torch.optim.Adam(net.parameters(), 0.01), accumulate=2)
    for _ in range(4):
        update(loss_of(net, *data()))
    other = train.Update(net, torch.optim.Adam(net.parameters(), 0.5), accumulate=2)
    other.load_state_dict(update.state_dict())
    assert other.calls == 4
    assert other.optimizer.param_groups[0]["lr"] == 0.01


def test_parameters_that_take_no_part_are_left_alone(net):
    for p in net[0].parameters():
        p.requires_grad_(False)
    before = net[0].weight.clone()
    train.Update(net, torch.optim.Adam(net[2].parameters(), 0.1))(loss_of(net, *data()))
    assert torch.equal(before, net[0].weight)


def test_a_compiled_network_keeps_its_names_and_its_checkpoints(net, tmp_path):
    """`net.compile()` in place: the wrapper that torch.compile(net) returns would prefix every name."""
    names = list(net.state_dict())
    other = copy.deepcopy(net)
    net.compile(backend="eager")
    for each in (net, other):
        train.Update(each, torch.optim.SGD(each.parameters(), 0.1))(loss_of(each, *data()))
    assert list(net.state_dict()) == names
    train.Checkpoint(tmp_path / "a.pt", net=net).save(1)
    assert train.Checkpoint(tmp_path / "a.pt", net=copy.deepcopy(other)).load() == 1
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accumulate": 0}, "accumulate is 0"),
        ({"accumulate": 1.5}, "accumulate is 1.5"),
        ({"max_norm": 0}, "max_norm is 0"),
    ],
)
def test_wrong_settings_are_refused(net, options, words):
    with pytest.raises(ValueError, match=words):
        train.Update(net, torch.optim.SGD(net.parameters(), 0.1), **options)


def test_the_optimizer_of_another_network_is_refused(net):
    with pytest.raises(ValueError, match=r"0 are the same; make the optimizer with net\.parameters"):
        train.Update(net, torch.optim.SGD(copy.deepcopy(net).parameters(), 0.1))
    with pytest.raises(ValueError, match="4 trainable parameters, the optimizer 2"):
        train.Update(net, torch.optim.SGD(net[0].parameters(), 0.1))
