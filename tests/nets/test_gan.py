"""The game's losses against torch's cross-entropy, its penalties against closed forms, its moves and where they end."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from companion import train
from companion.nets import gan

LOGITS = st.lists(st.floats(-30, 30), min_size=1, max_size=6).map(lambda a: torch.tensor(a, dtype=torch.float64))


@pytest.fixture
def run():
    return train.launch("cpu", seed=0)


def count(net):
    return sum(p.numel() for p in net.parameters())


# ------------------------------------------------------------------------------------- networks


@pytest.mark.parametrize(("width", "of_g", "of_d"), [(128, 130_576, 117_121), (1024, 1_956_624, 1_854_465)])
def test_the_pairs_have_their_parameters(width, of_g, of_d):
    G, D = gan.Generator(width=width), gan.Discriminator(width=width)
    assert (count(G), count(D)) == (of_g, of_d)
    x = G(torch.randn(3, 100))
    assert x.shape == (3, 1, 28, 28)
    assert D(x).shape == (3,)


def test_the_128_wide_pair_is_the_default():
    assert (count(gan.Generator()), count(gan.Discriminator())) == (130_576, 117_121)


def test_pictures_of_any_shape_lie_in_minus_one_to_one():
    torch.manual_seed(0)
    G, D = gan.Generator(7, (3, 5, 6), 16), gan.Discriminator((3, 5, 6), 16)
    x = G(100 * torch.randn(50, 7))
    assert x.shape == (50, 3, 5, 6)
    assert G.z_dim == 7
    assert float(x.detach().min()) < -0.99
    assert float(x.detach().max()) > 0.99
    assert float(x.detach().abs().max()) <= 1
    assert D(x).shape == (50,)


def test_the_networks_are_the_plain_chains():
    torch.manual_seed(0)
    G, D = gan.Generator(7, (1, 2, 3), 16), gan.Discriminator((1, 2, 3), 16)
    z, x = torch.randn(4, 7), torch.randn(4, 1, 2, 3)
    a, _, b, _, c = G.layers
    torch.testing.assert_close(G(z), torch.tanh(c(F.relu(b(F.relu(a(z)))))).reshape(4, 1, 2, 3))
    a, _, b, _, c = D.layers
    torch.testing.assert_close(D(x), c(F.leaky_relu(b(F.leaky_relu(a(x.reshape(4, 6)), 0.2)), 0.2))[:, 0])


def test_points_know_the_scale_of_the_data():
    torch.manual_seed(0)
    G, D = gan.PointGenerator(5, 3, 16, scale=10.0), gan.PointDiscriminator(3, 16, scale=10.0)
    z = torch.randn(4, 5)
    torch.testing.assert_close(G(z), 10 * (z[:, :3] + G.layers(z)))
    torch.testing.assert_close(D(G(z)), D.layers(z[:, :3] + G.layers(z))[:, 0])
    assert (G.z_dim, G(z).shape, count(gan.PointDiscriminator())) == (5, (4, 3), 3 * 128 + 129 * 128 + 129)


def test_a_generator_of_points_begins_near_the_cloud():
    torch.manual_seed(0)
    x = gan.PointGenerator(2, scale=3.0)(torch.randn(4000, 2)).detach()
    assert float(x.mean(0).norm()) < 1
    assert x.std(0).tolist() == pytest.approx([3, 3], rel=0.25)


def test_the_pair_of_the_plane_has_two_hidden_layers_of_128():
    hidden = 128 * 128 + 128
    assert count(gan.PointGenerator()) == (2 + 1) * 128 + hidden + (128 + 1) * 2
    assert count(gan.PointDiscriminator()) == (2 + 1) * 128 + hidden + (128 + 1)
    assert count(gan.Discriminator((1, 2, 2), 1)) == 5 + 2 + 2  # the narrowest there is


def test_waves_are_fixed_numbers_and_no_parameters():
    torch.manual_seed(0)
    D = gan.PointDiscriminator(2, 16, scale=2.0, waves=5)
    assert count(D) == (2 + 2 * 5) * 16 + 16 + 17 * 16 + 17
    assert D.state_dict()["waves"].shape == (2, 5)
    x = torch.randn(7, 2)
    phase = (x / 2) @ D.waves
    given = torch.cat([x / 2, torch.sin(phase), torch.cos(phase)], 1)
    torch.testing.assert_close(D(x), D.layers(given)[:, 0])
    many = gan.PointDiscriminator(2, 4, waves=5000).waves
    assert float(many.std()) == pytest.approx(math.pi, rel=0.03)


def test_every_place_of_a_walk_is_as_likely_as_its_ends():
    torch.manual_seed(0)
    a, b = torch.randn(2000, 8), torch.randn(2000, 8)
    way = gan.walk(a, b, 5)
    torch.testing.assert_close(way[0], a)
    torch.testing.assert_close(way[-1], b, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(way[2], (a + b) / math.sqrt(2))
    assert way.std((1, 2)).tolist() == pytest.approx([1] * 5, abs=0.02)


# ------------------------------------------------------------------------------------- losses


@given(LOGITS, LOGITS)
def test_the_losses_are_binary_cross_entropy_on_logits(real, fake):
    bce = nn.BCEWithLogitsLoss()
    theirs = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    for kind in ("minimax", "nonsaturating"):
        torch.testing.assert_close(gan.discriminator_loss(real, fake, kind=kind), theirs)
    torch.testing.assert_close(gan.generator_loss(fake), bce(fake, torch.ones_like(fake)))
    torch.testing.assert_close(gan.generator_loss(fake, kind="minimax"), -bce(fake, torch.zeros_like(fake)))


@given(LOGITS, LOGITS)
def test_hinge_and_wasserstein_by_hand(real, fake):
    hinge = sum(max(0, 1 - a) for a in real.tolist()) / len(real) + sum(max(0, 1 + a) for a in fake.tolist()) / len(
        fake
    )
    assert float(gan.discriminator_loss(real, fake, kind="hinge")) == pytest.approx(hinge)
    apart = sum(fake.tolist()) / len(fake) - sum(real.tolist()) / len(real)
    assert float(gan.discriminator_loss(real, fake, kind="wasserstein")) == pytest.approx(apart)
    for kind in ("hinge", "wasserstein"):
        assert float(gan.generator_loss(fake, kind=kind)) == pytest.approx(-sum(fake.tolist()) / len(fake))


def test_nonsaturating_is_the_default():
    a = torch.tensor([0.3, -2.0])
    assert torch.equal(gan.generator_loss(a), gan.generator_loss(a, kind="nonsaturating"))
    assert torch.equal(gan.discriminator_loss(a, -a), gan.discriminator_loss(a, -a, kind="minimax"))


def test_minimax_is_one_game_and_the_others_are_not():
    """What D loses of the fakes, G wins: in the minimax game alone their losses cancel."""
    real, fake = torch.randn(5), torch.randn(5)
    of_fakes = gan.discriminator_loss(real, fake) - F.softplus(-real).mean()
    torch.testing.assert_close(gan.generator_loss(fake, kind="minimax"), -of_fakes)
    assert not torch.allclose(gan.generator_loss(fake), -of_fakes)


@pytest.mark.parametrize("kind", gan.KINDS)
def test_losses_of_huge_logits_are_finite_and_have_gradients(kind):
    real, fake = (torch.tensor([-1e4, 0.0, 1e4], requires_grad=True) for _ in range(2))
    total = gan.discriminator_loss(real, fake, kind=kind) + gan.generator_loss(fake, kind=kind)
    total.backward()
    assert bool(total.isfinite())
    assert bool(torch.cat([real.grad, fake.grad]).isfinite().all())


def test_the_saturating_loss_fades_and_the_other_does_not():
    """D(G(z)) = σ(−8): the slope of log(1 − σ) is −σ(−8), that of −log σ is −(1 − σ(−8))."""
    slopes = {}
    for kind in ("minimax", "nonsaturating"):
        a = torch.full((1,), -8.0, requires_grad=True)
        gan.generator_loss(a, kind=kind).backward()
        slopes[kind] = float(a.grad)
    sure = 1 / (1 + math.exp(8))
    assert slopes == {"minimax": pytest.approx(-sure), "nonsaturating": pytest.approx(sure - 1)}


# ------------------------------------------------------------------------------------- penalties


class Plane(nn.Module):
    """D(x) = ⟨w, x⟩ + b."""

    def __init__(self, w, b=0.5):
        super().__init__()
        self.w, self.b = nn.Parameter(w), b

    def forward(self, x):
        return (x * self.w).flatten(1).sum(1) + self.b


def test_a_linear_discriminator_has_one_slope():
    w = torch.tensor([[3.0, 0], [0, -4]]).double()
    D, real, fake = Plane(w), torch.randn(6, 2, 2).double(), torch.randn(6, 2, 2).double()
    assert float(gan.r1(D, real).detach()) == pytest.approx(25 / 2)
    assert float(gan.gradient_penalty(D, real, fake).detach()) == pytest.approx((5 - 1) ** 2)


def test_their_gradients_by_a_linear_discriminator():
    """½‖w‖² has the gradient w; (‖w‖ − 1)² has 2(1 − 1/‖w‖)w."""
    w = torch.tensor([3.0, -4]).double()
    D, real, fake = Plane(w.clone()), torch.randn(6, 2).double(), torch.randn(6, 2).double()
    (found,) = torch.autograd.grad(gan.r1(D, real), [D.w])
    torch.testing.assert_close(found, w)
    (found,) = torch.autograd.grad(gan.gradient_penalty(D, real, fake), [D.w])
    torch.testing.assert_close(found, 2 * (1 - 1 / 5) * w)


def smooth():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0)).double()


def slope_by_differences(D, x, h=1e-5):
    with torch.no_grad():
        steps = [(D(x + h * e) - D(x - h * e)) / (2 * h) for e in torch.eye(x.shape[1]).double()]
    return torch.stack(steps, 1)


def test_r1_by_finite_differences():
    D, x = smooth(), torch.randn(7, 3).double()
    by_hand = (slope_by_differences(D, x) ** 2).sum(1).mean() / 2
    torch.testing.assert_close(gan.r1(D, x).detach(), by_hand, rtol=1e-7, atol=0)


def test_the_penalty_by_finite_differences_between_real_and_fake():
    D, real, fake = smooth(), torch.randn(7, 3).double(), torch.randn(7, 3).double()
    torch.manual_seed(5)
    found = gan.gradient_penalty(D, real, fake).detach()
    torch.manual_seed(5)
    epsilon = torch.rand(7, 1, dtype=torch.float64)
    between = epsilon * real + (1 - epsilon) * fake
    norm = (slope_by_differences(D, between) ** 2).sum(1).sqrt()
    torch.testing.assert_close(found, ((norm - 1) ** 2).mean(), rtol=1e-7, atol=0)


def test_one_epsilon_serves_a_whole_picture():
    """The points where D is asked lie on the lines from fake to real, spread over all of them."""
    asked = []

    def D(x):
        asked.append(x.detach())
        return x.flatten(1).sum(1)

    gan.gradient_penalty(D, torch.ones(500, 2, 3, 3), torch.zeros(500, 2, 3, 3))
    x = asked[0].flatten(1)
    torch.testing.assert_close(x, x[:, :1].expand_as(x))
    assert float(x.min()) < 0.05
    assert float(x.max()) > 0.95
    assert float(x.mean()) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("penalty", ["r1", "gradient_penalty"])
def test_penalties_reach_the_weights_of_d_and_nothing_else(penalty):
    D, real, fake = smooth(), torch.randn(4, 3).double().requires_grad_(), torch.randn(4, 3).double().requires_grad_()
    call = {"r1": lambda: gan.r1(D, real), "gradient_penalty": lambda: gan.gradient_penalty(D, real, fake)}[penalty]
    call().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in [D[0].weight, D[0].bias, D[2].weight])
    assert real.grad is None
    assert fake.grad is None
    torch.manual_seed(0)
    value = call().detach()
    torch.manual_seed(0)
    with torch.no_grad():  # to measure it, not to learn from it
        torch.testing.assert_close(call(), value)


@pytest.mark.parametrize("penalty", ["r1", "gradient_penalty"])
def test_their_second_derivatives(penalty):
    x, y = torch.randn(2, 3).double(), torch.randn(2, 3).double()

    def of(w):
        torch.manual_seed(1)
        D = lambda x: torch.tanh(x @ w).sum(1)  # noqa: E731
        return gan.r1(D, x) if penalty == "r1" else gan.gradient_penalty(D, x, y)

    assert torch.autograd.gradcheck(of, torch.randn(3, 2).double().requires_grad_())


def test_a_constant_discriminator_does_not_make_nan():
    D = Plane(torch.zeros(2))
    penalty = gan.gradient_penalty(D, torch.randn(3, 2), torch.randn(3, 2))
    penalty.backward()
    assert float(penalty.detach()) == pytest.approx(1)
    assert bool(D.w.grad.isfinite().all())


def test_a_blurred_judge_adds_noise_to_what_it_is_given_and_to_nothing_else():
    heard = Listening(nn.Flatten(0))
    judge, x, c = gan.Blurred(heard, 0.5), torch.zeros(4000, 1), torch.arange(3)
    torch.manual_seed(0)
    one, two = judge(x, c), judge(x, c)
    assert float(one.std()) == pytest.approx(0.5, rel=0.05)
    assert not torch.equal(one, two)
    assert heard.calls[0][1] is c
    judge.std = 0.0
    assert torch.equal(judge(x), x[:, 0])
    assert list(judge.parameters()) == list(heard.parameters())


def test_the_gradient_passes_the_blur():
    x = torch.randn(5, 2, requires_grad=True)
    gan.Blurred(Plane(torch.tensor([3.0, -4])), 1.0)(x).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([[3.0, -4]]).expand(5, 2))


# ------------------------------------------------------------------------------------- moves


def pair(seed=0, z_dim=3, **kind):
    torch.manual_seed(seed)
    return gan.PointGenerator(z_dim, 2, 16, **kind), gan.PointDiscriminator(2, 16, **kind)


def adam(net, lr=1e-2):
    return train.Update(net, torch.optim.Adam(net.parameters(), lr))


def same(state, other):
    return all(torch.equal(state[name], other[name]) for name in state)


def mark(net):
    for p in net.parameters():
        p.grad = torch.full_like(p, 7.0)


def untouched(net):
    return all(torch.equal(p.grad, torch.full_like(p, 7.0)) for p in net.parameters())


@pytest.mark.parametrize("how", [{}, {"r1": 1.0}, {"gp": 10.0, "kind": "wasserstein"}, {"kind": "hinge"}])
def test_a_move_changes_one_player_and_leaves_the_others_gradients(run, how):
    G, D = pair()
    update_g, update_d = adam(G), adam(D)
    before = copy.deepcopy((G.state_dict(), D.state_dict()))
    x, z = torch.randn(8, 2), torch.randn(8, 3)
    mark(G)
    gan.discriminator_step(G, D, update_d, x, z, run, **how)
    assert same(G.state_dict(), before[0])
    assert untouched(G)
    assert not same(D.state_dict(), before[1])
    before = copy.deepcopy((G.state_dict(), D.state_dict()))
    G.zero_grad()
    mark(D)
    gan.generator_step(G, D, update_g, z, run, kind=how.get("kind", "nonsaturating"))
    assert same(D.state_dict(), before[1])
    assert untouched(D)
    assert not same(G.state_dict(), before[0])


@pytest.mark.parametrize("kind", gan.KINDS)
def test_each_move_is_its_loss_differentiated(run, kind):
    """One step of plain gradient descent with rate 1: the difference of the weights is the gradient."""
    G, D = pair()
    x, z = torch.randn(8, 2), torch.randn(8, 3)
    loss = gan.discriminator_loss(D(x), D(G(z).detach()), kind=kind) + 0.3 * gan.r1(D, x)
    wanted = torch.autograd.grad(loss, list(D.parameters()), allow_unused=True)
    before = [p.detach().clone() for p in D.parameters()]
    losses = gan.discriminator_step(G, D, sgd(D), x, z, run, kind=kind, r1=0.3)
    assert list(losses) == ["D", "penalty"]
    torch.testing.assert_close((losses["D"] + losses["penalty"]).detach(), loss.detach())
    for p, was, gradient in zip(D.parameters(), before, wanted, strict=True):
        torch.testing.assert_close(was - p, torch.zeros_like(p) if gradient is None else gradient)
    loss = gan.generator_loss(D(G(z)), kind=kind)
    wanted = torch.autograd.grad(loss, list(G.parameters()))
    before = [p.detach().clone() for p in G.parameters()]
    losses = gan.generator_step(G, D, sgd(G), z, run, kind=kind)
    torch.testing.assert_close(losses["G"].detach(), loss.detach())
    for p, was, gradient in zip(G.parameters(), before, wanted, strict=True):
        torch.testing.assert_close(was - p, gradient)


def sgd(net):
    return train.Update(net, torch.optim.SGD(net.parameters(), 1.0))


class Listening(nn.Module):
    """Calls its network, and notes with what it was called and whether a graph was being made."""

    def __init__(self, net):
        super().__init__()
        self.net, self.calls, self.z_dim = net, [], getattr(net, "z_dim", None)

    def forward(self, x, *labels):
        self.calls.append((x.detach().clone(), *labels, torch.is_grad_enabled()))
        return self.net(x)


def test_real_and_fake_are_judged_apart_and_fakes_are_made_without_a_graph(run):
    G, D = (Listening(net) for net in pair())
    x, z = torch.randn(8, 2), torch.randn(6, 3)
    gan.discriminator_step(G, D, adam(D), x, z, run)
    assert [(len(a), grad) for a, grad in D.calls] == [(8, True), (6, True)]
    assert torch.equal(D.calls[0][0], x)
    assert [grad for _, grad in G.calls] == [False]


def test_d_moves_as_often_as_asked_each_time_on_other_samples_and_codes(run):
    G, D = (Listening(net) for net in pair())
    x = torch.arange(24.0).reshape(12, 2)
    losses = gan.make_step(G, D, adam(G), adam(D), run, d_steps=3)(x, None)
    real, fakes = [a for a, _ in D.calls[:6:2]], [a for a, _ in D.calls[1:6:2]]
    assert torch.equal(torch.cat(real), x)
    assert [len(a) for a in (*real, *fakes, D.calls[6][0])] == [4] * 7
    codes = [z for z, _ in G.calls]
    assert len(codes) == 4
    assert len({float(z[0, 0]) for z in codes}) == 4
    assert [grad for _, grad in G.calls] == [False, False, False, True]
    assert list(losses) == ["D", "G"]


@pytest.mark.parametrize("how", [{}, {"r1": 1.0}, {"gp": 1.0, "kind": "wasserstein"}, {"labels": lambda y: y + 1}])
def test_fakes_used_twice_move_both_players_as_the_same_codes_would(run, how):
    x, y, ends = torch.randn(6, 2), torch.arange(6), []
    for reuse in (True, False):
        G, D = (Listening(net) for net in pair())
        torch.manual_seed(5)
        if reuse:
            gan.make_step(G, D, sgd(G), sgd(D), run, reuse=True, **how)(x, y)
            assert [call[-1] for call in G.calls] == [True]  # one batch of fakes, with its graph
            assert torch.equal(D.calls[1][0], D.calls[-1][0])
        else:
            labels = how.pop("labels", None)
            update, z, c = sgd(D), torch.randn(6, 3), None if labels is None else labels(y)
            gan.discriminator_step(G, D, update, x, z, run, labels=None if c is None else (y, c), **how)
            gan.generator_step(G, D, sgd(G), z, run, labels=c, kind=how.get("kind", "nonsaturating"))
        ends.append({**G.state_dict(), **{f"D.{k}": v for k, v in D.state_dict().items()}})
    assert same(*ends)


def test_a_step_is_a_function_of_the_seed(run):
    ends = []
    for seed in (0, 0, 1):
        G, D = pair()
        step = gan.make_step(G, D, adam(G), adam(D), run, gp=1.0)
        torch.manual_seed(seed)
        step(torch.ones(4, 2))
        ends.append({**G.state_dict(), **{f"D.{k}": v for k, v in D.state_dict().items()}})
    assert same(ends[0], ends[1])
    assert not same(ends[0], ends[2])


def test_labels_go_to_both_players_and_to_the_penalty(run):
    G, D = (Listening(net) for net in pair())
    x, y = torch.randn(4, 2), torch.tensor([0, 1, 2, 3])
    gan.make_step(G, D, adam(G), adam(D), run, d_steps=2, r1=1.0, labels=lambda y: y + 10)(x, y)
    assert [c.tolist() for _, c, _ in D.calls] == [[0, 1], [10, 11], [0, 1], [2, 3], [12, 13], [2, 3], [12, 13]]
    assert [c.tolist() for _, c, _ in G.calls] == [[10, 11], [12, 13], [12, 13]]
    D.calls.clear()
    gan.make_step(G, D, adam(G), adam(D), run)(x, y)
    assert all(len(call) == 2 for call in D.calls)  # labels that nobody asked for are not handed on


def test_nan_ends_a_run_with_the_step_and_the_players_name(run):
    G, D = pair()
    step = gan.make_step(G, D, adam(G, 1e30), adam(D, 1e30), run)
    with pytest.raises(FloatingPointError, match=r"[DG] is (nan|inf) at step \d on process 0"):
        for _ in train.fit(step, [(torch.randn(8, 2), None)], run=run, steps=9, bar=False):
            pass


def test_the_penalty_alone_is_reported_too(run):
    """A discriminator whose value is a number and whose slope is none."""
    G, _ = pair()
    D = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    odd = nn.Sequential(D, Infinite())
    step = gan.make_step(G, odd, adam(G), adam(odd), run, r1=1.0)
    with pytest.raises(FloatingPointError, match=r"penalty is (nan|inf) at step 0"):
        list(train.fit(step, [(torch.randn(8, 2), None)], run=run, steps=1, bar=False))


class Infinite(nn.Module):
    def forward(self, a):
        return a + (a - a.detach()).abs().sqrt()  # adds 0, with an infinite slope


def test_bfloat16_where_the_runtime_says_so():
    run = train.launch("cpu", precision="bfloat16")
    G, D = pair()
    losses = gan.make_step(G, D, adam(G), adam(D), run, r1=1.0)(torch.randn(16, 2))
    assert {loss.dtype for loss in losses.values()} == {torch.float32}


# ------------------------------------------------------------------------------------- where it ends


def normal(x, mean, std):
    return torch.exp(-(((x - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


X = torch.linspace(-20, 20, 4001, dtype=torch.float64)
STEP = 40 / 4000


@given(st.floats(-3, 3), st.floats(0.3, 2))
def test_no_other_discriminator_does_better(mean, std):
    p, q = normal(X, 0.0, 1.0), normal(X, mean, std)
    best = gan.best_discriminator(p, q)

    def worth(D):
        return float((STEP * (p * D.log() + q * (1 - D).log())).sum())

    D = best.clamp(1e-12, 1 - 1e-12)
    for other in (D * 0.99, 1 - (1 - D) * 0.99, torch.full_like(D, 0.5), (D + 0.5) / 2):
        assert worth(other) <= worth(D) + 1e-9
    assert worth(D) == pytest.approx(float(gan.value(p, q, STEP)), abs=1e-6)


@given(st.floats(-3, 3), st.floats(0.3, 2))
def test_the_value_is_twice_jensen_and_shannons_divergence_less_log_4(mean, std):
    p, q = normal(X, 0.0, 1.0), normal(X, mean, std)
    m = (p + q) / 2
    js = float((STEP * (torch.xlogy(p, p / m) + torch.xlogy(q, q / m.clamp(min=1e-300)))).sum() / 2)
    assert float(gan.value(p, q, STEP)) == pytest.approx(2 * js - math.log(4), abs=1e-9)


def test_the_ends_of_the_game():
    p = normal(X, 0.0, 1.0)
    assert float(gan.value(p, p, STEP)) == pytest.approx(-math.log(4), abs=1e-9)
    assert bool((gan.best_discriminator(p, p) == 0.5).all())
    apart = torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0])
    assert float(gan.value(*apart, 1.0)) == 0
    assert gan.best_discriminator(*apart).tolist() == [1, 0, 0.5]


def test_a_trained_discriminator_comes_to_the_optimum(run):
    """Data from N(0, 1), fakes from N(1.5, 0.7²): log p − log q is a parabola, and the loss is minus the value."""
    torch.manual_seed(0)
    D = gan.PointDiscriminator(1, 32)

    class Fixed(nn.Module):
        z_dim = 1

        def forward(self, z):
            return 1.5 + 0.7 * z

    update = train.Update(D, torch.optim.Adam(D.parameters(), 2e-2))
    rate = torch.optim.lr_scheduler.PolynomialLR(update.optimizer, 300)
    for _ in range(300):
        gan.discriminator_step(Fixed(), D, update, torch.randn(512, 1), torch.randn(512, 1), run)
        rate.step()
    p, q = normal(X, 0.0, 1.0), normal(X, 1.5, 0.7)
    with torch.no_grad():
        found = torch.sigmoid(D(X[:, None].float())).double()
        often = STEP * (p + q) / 2
        assert float((often * (found - gan.best_discriminator(p, q)).abs()).sum()) < 0.02
        x, z = torch.randn(200_000, 1), torch.randn(200_000, 1)
        worth = -float(gan.discriminator_loss(D(x), D(Fixed()(z))))
    assert worth == pytest.approx(float(gan.value(p, q, STEP)), abs=0.015)


# ------------------------------------------------------------------------------------- what does not fit


RUN = train.launch("cpu")


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gan.Generator(shape=(28, 28)), r"shape is \(28, 28\); \(channels, height, width\)"),
        (lambda: gan.Generator(0), "z_dim is 0"),
        (lambda: gan.Generator(width=0), "width is 0"),
        (lambda: gan.Generator()(torch.zeros(2, 99)), r"z has shape \(2, 99\); codes as \(n, 100\)"),
        (lambda: gan.Discriminator((1, 28, 0)), "each side of shape is 0"),
        (lambda: gan.Discriminator(width=0), "width is 0"),
        (lambda: gan.Discriminator()(torch.zeros(2, 1, 28, 27)), r"pictures of shape \(1, 28, 28\)"),
        (lambda: gan.PointGenerator(2, 0), "dims is 0"),
        (lambda: gan.PointGenerator(2, 3), "z_dim is 2; allowed is z_dim ≥ 3"),
        (lambda: gan.PointDiscriminator(waves=-1), "waves is -1"),
        (lambda: gan.PointGenerator(scale=0.0), "scale is 0.0"),
        (lambda: gan.PointGenerator(3)(torch.zeros(3)), r"codes as \(n, 3\)"),
        (lambda: gan.PointDiscriminator(scale=-1.0), "scale is -1.0"),
        (lambda: gan.PointDiscriminator()(torch.zeros(2, 3)), r"points as \(n, 2\) are needed"),
        (lambda: gan.walk(torch.zeros(1, 2), torch.zeros(1, 2), 1), "places is 1"),
        (
            lambda: gan.discriminator_loss(torch.zeros(2), torch.zeros(2), kind="ls"),
            "kind is 'ls'; allowed are",
        ),
        (lambda: gan.discriminator_loss(torch.zeros(2, 1), torch.zeros(2)), r"real has shape \(2, 1\); one logit"),
        (lambda: gan.discriminator_loss(torch.zeros(2), torch.zeros(0)), r"fake has shape \(0,\)"),
        (lambda: gan.generator_loss(torch.zeros(2), kind="bce"), "kind is 'bce'"),
        (lambda: gan.generator_loss(torch.zeros(2, 1)), r"goes by \.squeeze\(1\)"),
        (lambda: gan.gradient_penalty(sum, torch.zeros(2, 2), torch.zeros(3, 2)), "pairs, one each"),
        (lambda: gan.make_step(*pair(), None, None, RUN, kind="x"), "kind is 'x'"),
        (lambda: gan.make_step(*pair(), None, None, RUN, d_steps=0), "d_steps is 0"),
        (lambda: gan.make_step(*pair(), None, None, RUN, r1=-1.0), "r1 is -1.0"),
        (lambda: gan.make_step(*pair(), None, None, RUN, gp=float("nan")), "gp is nan"),
        (lambda: gan.make_step(*pair(), None, None, RUN, d_steps=3)(torch.zeros(8, 2)), "a batch of 8 cannot be cut"),
        (lambda: gan.make_step(*pair(), None, None, RUN, labels=lambda y: y)(torch.zeros(8, 2)), "no labels came"),
        (lambda: gan.best_discriminator(torch.ones(2), torch.ones(3)), "both densities at the same points"),
        (lambda: gan.best_discriminator(-torch.ones(2), torch.ones(2)), "p holds -1; a density is ≥ 0"),
        (lambda: gan.value(torch.ones(2), torch.full((2,), torch.nan), 1.0), "q holds nan"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
