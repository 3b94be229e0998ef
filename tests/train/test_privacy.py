"""DP-SGD: the accountant against opacus and the defining integrals, gradients against a loop, noise against its law."""

import copy
import itertools
import math

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import torch
import torch.nn.functional as F
import workers
from torch import nn

from companion import train
from companion.nets.cnn import Classifier
from companion.train import privacy

# (rate, noise, steps, δ, ε) by opacus 1.6.0: compute_rdp and get_privacy_spent of opacus.accountants.analysis.rdp with
# the orders of RDPAccountant.DEFAULT_ALPHAS.
OPACUS = (
    (256 / 60000, 1.1, 3525, 1e-5, 1.28270168),
    (0.01, 4.0, 10000, 1e-5, 1.03549007),
    (512 / 60000, 1.3, 2343, 1e-5, 1.64179917),
    (0.02, 0.7, 500, 1e-5, 7.66408777),
    (0.1, 2.0, 300, 1e-5, 4.56428414),
    (0.14, 3.0, 200, 1e-5, 3.17861581),
    (1.0, 5.0, 10, 1e-5, 2.81365325),
    (1e-3, 0.5, 1000, 1e-6, 5.32906757),
    (0.5, 1.0, 3, 1e-3, 4.57498958),
    (0.3, 20.0, 50, 1e-6, 0.463323224),
    (0.004, 0.3, 60, 1e-5, 19.8036216),
)
SETTINGS = list(itertools.product((0.001, 0.05, 0.4), (0.4, 1.0, 6.0)))


# --- the accountant --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "noise", "steps", "delta", "epsilon"), OPACUS)
def test_epsilon_agrees_with_opacus(rate, noise, steps, delta, epsilon):
    assert privacy.epsilon(rate, noise, steps, delta).epsilon == pytest.approx(epsilon, abs=1e-3, rel=1e-6)


def test_larger_orders_than_those_of_opacus_help_where_epsilon_is_small():
    few, all_of_them = (
        privacy.epsilon(0.001, 10.0, 100, 1e-5, orders=o) for o in (privacy.ORDERS[:151], privacy.ORDERS)
    )
    assert few.epsilon == pytest.approx(0.102898929, rel=1e-6)  # opacus, at its largest order
    assert few.order == 63
    assert all_of_them.epsilon < 0.02


@pytest.mark.parametrize(("q", "sigma"), SETTINGS)
@pytest.mark.parametrize("order", [2, 3, 17, 64])
def test_whole_orders_are_the_binomial_sum(q, sigma, order):
    """Mironov, Talwar & Zhang (2019): A_α = Σ_k binom(α, k) (1 − q)^(α − k) q^k exp((k² − k)/2σ²)."""
    k = np.arange(order + 1)
    logs = np.log(scipy.special.binom(order, k)) + (order - k) * np.log1p(-q) + k * np.log(q)
    expected = scipy.special.logsumexp(logs + (k**2 - k) / (2 * sigma**2)) / (order - 1)
    assert privacy.rdp(q, sigma, order) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def divergence(p, q, order):
    """log ∫ p^α q^(1−α) / (α − 1) of two log densities, by SciPy's adaptive rule."""
    value, _ = scipy.integrate.quad(lambda z: math.exp(order * p(z) + (1 - order) * q(z)), -40, 45, limit=500)
    return math.log(value) / (order - 1)


@pytest.mark.parametrize(("q", "sigma"), [(0.05, 1.0), (0.4, 1.5), (0.02, 4.0), (0.9, 2.0)])
@pytest.mark.parametrize("order", [1.1, 2.5, 4.7])
def test_any_order_is_the_integral_and_the_other_way_round_is_no_larger(q, sigma, order):
    def out(z):
        return -(z**2) / (2 * sigma**2) - math.log(sigma * math.sqrt(2 * math.pi))

    def mixed(z):
        return np.logaddexp(math.log(1 - q) + out(z), math.log(q) + out(z - 1))

    found = privacy.rdp(q, sigma, order)
    assert found == pytest.approx(divergence(mixed, out, order), rel=1e-5)
    assert divergence(out, mixed, order) <= found * (1 + 1e-6)


def test_without_sampling_it_is_the_gaussian_mechanism_and_sampling_helps():
    assert privacy.rdp(1, 2.0, 3.5) == 3.5 / 8
    rates = [privacy.rdp(q, 2.0, 3.5) for q in (0, 1e-3, 0.1, 0.5, 0.999, 1)]
    assert rates == sorted(rates)
    assert rates[0] == 0
    assert rates[-2] == pytest.approx(rates[-1], rel=1e-2)


def exact_delta(epsilon, sigma):
    """δ of one Gaussian step at ε: Balle & Wang (2018), theorem 8."""
    phi = scipy.special.ndtr
    return phi(1 / (2 * sigma) - epsilon * sigma) - math.exp(epsilon) * phi(-1 / (2 * sigma) - epsilon * sigma)


@pytest.mark.parametrize(("sigma", "steps", "delta"), [(2.0, 1, 1e-5), (5.0, 10, 1e-6), (20.0, 100, 1e-3)])
def test_epsilon_is_above_the_exact_one_and_not_far(sigma, steps, delta):
    """Without sampling, k steps are one with σ/√k, whose δ is known exactly."""
    found = privacy.epsilon(1.0, sigma, steps, delta).epsilon
    assert exact_delta(found, sigma / math.sqrt(steps)) < delta
    assert exact_delta(0.8 * found, sigma / math.sqrt(steps)) > delta


def test_more_of_anything_costs_more():
    base = privacy.epsilon(0.02, 1.2, 500, 1e-5).epsilon
    assert privacy.epsilon(0.03, 1.2, 500, 1e-5).epsilon > base
    assert privacy.epsilon(0.02, 1.1, 500, 1e-5).epsilon > base
    assert privacy.epsilon(0.02, 1.2, 600, 1e-5).epsilon > base
    assert privacy.epsilon(0.02, 1.2, 500, 1e-6).epsilon > base


def test_clipping_without_noise_promises_nothing():
    assert privacy.epsilon(0.01, 0.0, 1, 1e-5).epsilon == math.inf
    assert privacy.rdp(0.01, 0, 2) == math.inf
    assert privacy.epsilon(0.01, 1e-3, 1, 1e-5).epsilon > 1000


def test_nothing_done_costs_nothing():
    assert privacy.epsilon(0.01, 1.0, 0, 1e-5).epsilon == 0
    assert privacy.epsilon(0.0, 0.0, 10, 1e-5).epsilon == 0
    assert privacy.rdp(0.5, math.inf, 2) == 0


@pytest.mark.parametrize("target", [0.3, 1.0, 8.0, 40.0])
def test_the_noise_asked_for_just_reaches_the_target(target):
    noise = privacy.noise_for(target, 0.05, 300, 1e-5)
    assert privacy.epsilon(0.05, noise, 300, 1e-5).epsilon <= target
    assert privacy.epsilon(0.05, 0.997 * noise, 300, 1e-5).epsilon > target


# --- sampling --------------------------------------------------------------------------------------------------------


def test_every_row_has_its_own_coin_at_every_step():
    rows = torch.arange(50)
    batches = privacy.PoissonBatches(rows, size=10, seed=4)
    steps = 3000
    taken = torch.zeros(steps, 50, dtype=torch.float64)
    for t, (part,) in enumerate(itertools.islice(batches.stream(), steps)):
        taken[t, part] = 1
    assert batches.rate == 0.2
    error = math.sqrt(0.16 / steps)
    assert (taken.mean(0) - 0.2).abs().max() < 5 * error
    sizes = taken.sum(1)
    assert float(sizes.var()) == pytest.approx(50 * 0.16, rel=0.15)  # binomial: batches of equal size have none
    together = (taken.T @ taken / steps).fill_diagonal_(0.04)
    assert (together - 0.04).abs().max() < 6 * math.sqrt(0.04 / steps)
    after = taken[1:].T @ taken[:-1] / (steps - 1)  # the coins of one step and the next
    assert (after - 0.04).abs().max() < 6 * math.sqrt(0.04 / steps)


def test_a_stream_begins_anywhere_and_seeds_differ():
    x, y = torch.arange(30.0)[:, None], torch.arange(30)
    batches = privacy.PoissonBatches(x, y, size=5, seed=1)
    late = next(batches.stream(3))
    assert all(torch.equal(a, b) for a, b in zip(late, list(itertools.islice(batches.stream(), 4))[3], strict=True))
    assert torch.equal(late[0][:, 0].long(), late[1])
    other = privacy.PoissonBatches(x, y, size=5, seed=2)
    assert [batches.chosen(t).tolist() for t in range(9)] != [other.chosen(t).tolist() for t in range(9)]


def test_processes_take_apart_what_one_takes():
    rows = torch.arange(100)
    whole = privacy.PoissonBatches(rows, size=40, run=train.Runtime(torch.device("cpu"), torch.float32, 0, 1, 7))
    runs = [train.Runtime(torch.device("cpu"), torch.float32, rank, 3, 7) for rank in range(3)]
    parts = [privacy.PoissonBatches(rows, size=40, run=run).chosen(5) for run in runs]
    assert sorted(torch.cat(parts).tolist()) == whole.chosen(5).tolist()
    assert min(len(part) for part in parts) > 0


def test_the_coins_are_those_of_the_seed_of_the_run_or_of_their_own():
    rows, run = torch.arange(100), train.Runtime(torch.device("cpu"), torch.float32, 0, 1, 7)
    of_run, own = privacy.PoissonBatches(rows, size=40, run=run), privacy.PoissonBatches(rows, size=40, seed=7)
    assert of_run.chosen(0).tolist() == own.chosen(0).tolist()
    other = privacy.PoissonBatches(rows, size=40, run=run, seed=8)
    assert other.chosen(0).tolist() == privacy.PoissonBatches(rows, size=40, seed=8).chosen(0).tolist()
    assert other.chosen(0).tolist() != own.chosen(0).tolist()


def test_a_size_of_all_takes_all():
    assert privacy.PoissonBatches(torch.arange(6), size=6).chosen(0).tolist() == list(range(6))


# --- gradients -------------------------------------------------------------------------------------------------------


def cross_entropy(net, x, y):
    return F.cross_entropy(net(x), y)


@pytest.fixture
def pictures():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(7, 1, 18, 18, generator=generator), torch.randint(10, (7,), generator=generator)


@pytest.fixture
def reader():
    torch.manual_seed(1)
    return Classifier((1, 18, 18), width=4)


def by_loop(net, x, y):
    """One backward pass for each example."""
    found = []
    for i in range(len(x)):
        loss = F.cross_entropy(net(x[i : i + 1]), y[i : i + 1])
        found.append(torch.autograd.grad(loss, list(net.parameters())))
    return [torch.stack(parts) for parts in zip(*found, strict=True)]


def test_gradients_of_examples_are_those_of_a_loop(reader, pictures):
    gradients, losses = privacy.per_example(reader, cross_entropy, *pictures)
    assert list(gradients) == [name for name, _ in reader.named_parameters()]
    for ours, theirs in zip(gradients.values(), by_loop(reader, *pictures), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    x, y = pictures
    torch.testing.assert_close(losses, F.cross_entropy(reader(x), y, reduction="none"))
    assert all(p.grad is None and p.requires_grad for p in reader.parameters())


def test_norms_are_over_all_parameters_together(reader, pictures):
    gradients, _ = privacy.per_example(reader, cross_entropy, *pictures)
    rows = torch.cat([g.flatten(1) for g in by_loop(reader, *pictures)], 1)
    torch.testing.assert_close(privacy.norms(gradients), rows.norm(dim=1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("bound", [0.01, 1.0, 3.0, 1e6])
def test_the_sum_is_of_gradients_none_longer_than_the_bound(reader, pictures, bound):
    gradients, _ = privacy.per_example(reader, cross_entropy, *pictures)
    rows = torch.cat([g.flatten(1) for g in by_loop(reader, *pictures)], 1)
    clipped = rows / (rows.norm(dim=1, keepdim=True) / bound).clamp(min=1)
    found = torch.cat([g.flatten() for g in privacy.clipped_sum(gradients, bound).values()])
    torch.testing.assert_close(found, clipped.sum(0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("poison", [math.nan, math.inf, 1e30])
def test_no_example_moves_the_sum_by_more_than_the_bound(poison):
    gradients = {"a": torch.randn(5, 3), "b": torch.randn(5, 2, 2)}
    for lost in range(5):
        gradients["a"][lost, 1] = poison
        rest = {name: torch.cat([g[:lost], g[lost + 1 :]]) for name, g in gradients.items()}
        with_it, without = (privacy.clipped_sum(g, 0.7) for g in (gradients, rest))
        moved = torch.cat([(with_it[name] - without[name]).flatten() for name in gradients])
        assert float(moved.norm()) <= 0.7 * (1 + 1e-5)
        gradients["a"][lost, 1] = 0.3


def test_an_empty_batch_has_no_gradients(reader, pictures):
    gradients, losses = privacy.per_example(reader, cross_entropy, *(part[:0] for part in pictures))
    assert len(losses) == 0
    assert all(float(g.abs().sum()) == 0 for g in privacy.clipped_sum(gradients, 1.0).values())


class Pair(nn.Module):
    """left(a) · right(b), the right one fixed."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(3, 2, bias=False), nn.Linear(4, 2).requires_grad_(False)

    def forward(self, a, b):
        return self.left(a) * self.right(b)


def test_frozen_parameters_and_nets_of_two_inputs():
    net, a, b = Pair(), torch.randn(5, 3), torch.randn(5, 4)
    gradients, _ = privacy.per_example(net, lambda net, a, b: net(a, b).square().sum(), a, b)
    assert list(gradients) == ["left.weight"]
    by_left = 2 * net(a, b).detach() * net.right(b)
    torch.testing.assert_close(gradients["left.weight"], torch.einsum("no,ni->noi", by_left, a), rtol=1e-4, atol=1e-5)


def test_dropout_differs_from_example_to_example():
    net = nn.Dropout(0.5)
    head = nn.Sequential(net, nn.Linear(200, 1, bias=False))
    gradients, _ = privacy.per_example(head, lambda net, x: net(x).sum(), torch.ones(3, 200))
    rows = gradients["1.weight"][:, 0]
    assert not torch.equal(rows[0], rows[1])


# --- the update ------------------------------------------------------------------------------------------------------


def squares(net, x, y):
    return ((net(x) - y) ** 2).sum()


def rows_of(n=40, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(n, k, generator=generator).double() for k in (4, 2))


def private(net, batches, **how):
    options = {"noise": 0.0, "max_norm": 1e9} | how
    return privacy.PrivateUpdate(net, torch.optim.SGD(net.parameters(), 0.1), squares, batches, **options)


def test_without_clip_and_noise_it_is_the_plain_update_over_the_expected_size(net):
    x, y = rows_of()
    other = copy.deepcopy(net)
    update = private(net, privacy.PoissonBatches(x, y, size=8), chunk=5)
    loss = update(x[:13], y[:13])
    plain = ((other(x[:13]) - y[:13]) ** 2).sum() / 8
    train.Update(other, torch.optim.SGD(other.parameters(), 0.1))(plain)
    assert float(loss) == pytest.approx(float(plain.detach()), rel=1e-12)
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-10, atol=1e-12)
        assert p.grad is None


def test_the_noise_is_normal_with_the_deviation_that_is_accounted(net):
    """An empty batch moves by noise alone: lr · noise · max_norm / size in every coordinate, independent."""
    x, y = rows_of()
    batches = privacy.PoissonBatches(x, y, size=8)
    update = private(net, batches, noise=3.0, max_norm=0.5)
    torch.manual_seed(0)
    moves = []
    for _ in range(400):
        before = torch.cat([p.detach().flatten() for p in net.parameters()]).clone()
        update(x[:0], y[:0])
        moves.append(torch.cat([p.detach().flatten() for p in net.parameters()]) - before)
    moves = torch.stack(moves) / (0.1 * 3.0 * 0.5 / 8)
    assert float(moves.mean()) == pytest.approx(0, abs=0.03)
    assert float(moves.std()) == pytest.approx(1, abs=0.02)
    assert float((moves**4).mean()) == pytest.approx(3, abs=0.15)
    assert (torch.corrcoef(moves.T).fill_diagonal_(0)).abs().max() < 0.3


def test_frozen_parameters_get_no_noise():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)).double()
    net[0].requires_grad_(False)
    before = copy.deepcopy(net.state_dict())
    optimizer = torch.optim.SGD(net[1].parameters(), 0.1)
    batches = privacy.PoissonBatches(*rows_of(), size=8)
    privacy.PrivateUpdate(net, optimizer, squares, batches, noise=3.0, max_norm=1.0)(*rows_of(5))
    moved = {name for name, p in net.state_dict().items() if not torch.equal(p, before[name])}
    assert moved == {"1.weight", "1.bias"}


def test_one_example_moves_the_weights_by_the_bound_at_most(net):
    x, y = rows_of()
    batches = privacy.PoissonBatches(x, y, size=8)
    moved = []
    for rows in (slice(0, 10), slice(0, 11)):
        copied = copy.deepcopy(net)
        private(copied, batches, max_norm=0.3)(x[rows], 100 * y[rows])
        moved.append(torch.cat([p.detach().flatten() for p in copied.parameters()]))
    assert float((moved[0] - moved[1]).norm()) == pytest.approx(0.1 * 0.3 / 8, rel=1e-6)


def test_it_counts_what_was_spent(net, run):
    x, y = rows_of()
    batches = privacy.PoissonBatches(x, y, size=8, run=run)
    update = private(net, batches, noise=1.5, max_norm=0.7, run=run)
    assert update.spent(1e-3).epsilon == 0
    list(train.fit(lambda x, y: {"loss": update(x, y)}, batches, run=run, steps=6))
    assert update.spent(1e-3) == privacy.epsilon(0.2, 1.5, 6, 1e-3)


def test_a_cut_run_ends_with_the_same_bits_and_the_same_epsilon(net, run, tmp_path):
    x, y = rows_of()
    batches = privacy.PoissonBatches(x, y, size=8, run=run)

    def begun():
        own = copy.deepcopy(net)
        optimizer = torch.optim.SGD(own.parameters(), 0.1, momentum=0.9)
        return own, privacy.PrivateUpdate(own, optimizer, squares, batches, noise=1.5, max_norm=1.0, run=run)

    def step_of(update):
        return lambda x, y: {"loss": update(x, y)}

    whole, update = begun()
    list(train.fit(step_of(update), batches, run=run, steps=9))
    first, cut = begun()
    list(train.fit(step_of(cut), batches, run=run, steps=4))
    train.Checkpoint(tmp_path / "a.pt", net=first, update=cut).save(4)
    torch.manual_seed(99)
    second, resumed = begun()
    start = train.Checkpoint(tmp_path / "a.pt", net=second, update=resumed).load()
    list(train.fit(step_of(resumed), batches, run=run, steps=9, start=start))
    assert all(torch.equal(p, q) for p, q in zip(whole.parameters(), second.parameters(), strict=True))
    assert resumed.spent(1e-3) == update.spent(1e-3)


def test_a_resumed_run_may_not_change_what_was_accounted(net):
    batches = privacy.PoissonBatches(*rows_of(), size=8)
    state = private(net, batches, noise=1.5, max_norm=1.0).state_dict()
    for name, other in (("noise", {"noise": 1.0}), ("max_norm", {"max_norm": 2.0})):
        with pytest.raises(ValueError, match=f"{name} is .* and was .*; the ε of all steps"):
            private(net, batches, **({"noise": 1.5, "max_norm": 1.0} | other)).load_state_dict(state)
    wider = privacy.PoissonBatches(*rows_of(), size=10)
    with pytest.raises(ValueError, match=r"rate is 0\.25 and was 0\.2"):
        private(net, wider, noise=1.5, max_norm=1.0).load_state_dict(state)


def test_two_processes_end_where_one_does(tmp_path):
    for world in (1, 2):
        workers.together(workers.private_steps, str(tmp_path), world=world)
    one, two = (torch.load(tmp_path / f"private-{world}.pt") for world in (1, 2))
    assert max(float((p - q).abs().max()) for p, q in zip(one["weights"], two["weights"], strict=True)) < 1e-12
    assert one["epsilon"] == two["epsilon"] > 0


# --- the audit -------------------------------------------------------------------------------------------------------


def test_roc_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    members, others = rng.integers(0, 12, 60) + 2.0, rng.integers(0, 12, 80) * 1.0  # with ties
    found = privacy.roc(members, others)
    y, s = np.repeat([1, 0], [60, 80]), np.concatenate([members, others])
    assert found.area == pytest.approx(metrics.roc_auc_score(y, s))
    false, true, _ = metrics.roc_curve(y, s, drop_intermediate=False)
    np.testing.assert_allclose(found.false, false)
    np.testing.assert_allclose(found.true, true)
    assert found.advantage == pytest.approx(np.max(true - false))
    assert found.true_at(0.1) == true[false <= 0.1].max()


def test_guessing_and_knowing():
    x = np.arange(10.0)
    assert privacy.roc(x, x).area == 0.5
    assert privacy.roc(x + 10, x).advantage == 1
    assert privacy.roc(x + 10, x).true_at(0) == 1
    assert privacy.roc(x, x + 10).advantage == 0
    assert privacy.roc(x, x + 10).area == 0


def test_the_ratio_is_that_of_the_densities_of_the_other_models():
    rng = np.random.default_rng(1)
    inside = rng.random((12, 5)) < 0.5
    inside[:6], inside[6:] = True, False
    scores = rng.standard_normal((12, 5)) + inside
    found = privacy.likelihood_ratio(scores, inside)
    for i, j in ((0, 0), (7, 3), (11, 4)):
        logs = []
        for side in (inside, ~inside):
            rest = [scores[k, j] for k in range(12) if k != i and side[k, j]]
            mean, var = np.mean(rest), np.var(rest, ddof=1) + 1e-6
            logs.append(-((scores[i, j] - mean) ** 2) / (2 * var) - np.log(var) / 2)
        assert found[i, j] == pytest.approx(logs[0] - logs[1], rel=1e-9)


def test_the_ratio_beats_the_score_where_examples_differ_and_sees_nothing_where_there_is_nothing():
    rng = np.random.default_rng(2)
    inside = rng.permuted(np.repeat([[True], [False]], 32, 0).repeat(200, 1), axis=0)
    hardness = 5 * rng.standard_normal(200)
    scores = hardness + rng.standard_normal((64, 200)) + 1.5 * inside
    plain = privacy.roc(scores[inside], scores[~inside]).area
    ratio = privacy.likelihood_ratio(scores, inside)
    assert privacy.roc(ratio[inside], ratio[~inside]).area > plain + 0.15
    blind = privacy.likelihood_ratio(scores - 1.5 * inside, inside)
    assert privacy.roc(blind[inside], blind[~inside]).area == pytest.approx(0.5, abs=0.02)


def test_the_bound_on_epsilon_holds_as_often_as_it_says():
    """One Gaussian step at σ: the exact ε at δ is known, and the bound may exceed it in few of many trials."""
    rng = np.random.default_rng(3)
    sigma, delta = 1.0, 1e-2
    epsilon = next(e for e in np.arange(0, 10, 0.01) if exact_delta(e, sigma) < delta)
    found = []
    for _ in range(400):
        members, others = 1 + sigma * rng.standard_normal(500), sigma * rng.standard_normal(500)
        hits, alarms = int((members > 1.5).sum()), int((others > 1.5).sum())
        found.append(privacy.epsilon_at_least(hits, 500, alarms, 500, delta=delta))
    assert np.mean(np.array(found) > epsilon) <= 0.05
    assert np.median(found) > 0.3 * epsilon


def test_the_bound_on_epsilon_by_hand():
    """No false alarm in 1000: at most 1 − 0.025^(1/1000); all of 1000 found: at least 0.025^(1/1000)."""
    limit = 0.025 ** (1 / 1000)
    assert privacy.epsilon_at_least(1000, 1000, 0, 1000) == pytest.approx(math.log(limit / (1 - limit)))
    with_delta = privacy.epsilon_at_least(1000, 1000, 0, 1000, delta=0.1)
    assert with_delta == pytest.approx(math.log((limit - 0.1) / (1 - limit)))
    assert privacy.epsilon_at_least(500, 1000, 500, 1000) == 0
    assert privacy.epsilon_at_least(0, 10, 0, 10) == 0
    assert privacy.epsilon_at_least(10, 10, 10, 10) == 0


# --- bad input -------------------------------------------------------------------------------------------------------


def update_with(**how):
    net = nn.Linear(4, 2).double()
    return private(net, privacy.PoissonBatches(*rows_of(), size=8), **how)


X, Y = rows_of()
FEW = np.zeros((4, 3))
TWO = np.repeat([[True], [False]], 2, axis=0).repeat(3, axis=1)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: privacy.rdp(1.5, 1, 2), r"rate is 1\.5; a probability"),
        (lambda: privacy.rdp(-0.1, 1, 2), r"rate is -0\.1"),
        (lambda: privacy.rdp(0.1, -1, 2), "noise is -1; a number ≥ 0"),
        (lambda: privacy.rdp(0.1, math.nan, 2), "noise is nan"),
        (lambda: privacy.rdp(0.1, 1, 1), "order is 1; a finite number > 1"),
        (lambda: privacy.rdp(0.1, 1, math.inf), "order is inf"),
        (lambda: privacy.to_epsilon(-1, 2, 1e-5), "divergence is -1"),
        (lambda: privacy.to_epsilon(1, 2, 0), "delta is 0; a number between 0 and 1"),
        (lambda: privacy.to_epsilon(1, 0.5, 1e-5), r"order is 0\.5"),
        (lambda: privacy.epsilon(0.1, 1, 2.5, 1e-5), r"steps is 2\.5; a whole number ≥ 0"),
        (lambda: privacy.epsilon(0.1, 1, -1, 1e-5), "steps is -1"),
        (lambda: privacy.epsilon(2, 1, 1, 1e-5), "rate is 2"),
        (lambda: privacy.epsilon(0.1, -1, 1, 1e-5), "noise is -1"),
        (lambda: privacy.epsilon(0.1, 1, 1, 1), "delta is 1"),
        (lambda: privacy.epsilon(0.1, 1, 1, 1e-5, orders=[]), "orders is empty"),
        (lambda: privacy.noise_for(0, 0.1, 1, 1e-5), "target is 0; an ε > 0"),
        (lambda: privacy.noise_for(math.inf, 0.1, 1, 1e-5), "target is inf"),
        (lambda: privacy.noise_for(1, 0.1, 1, 1e-5, tol=1), "tol is 1"),
        (lambda: privacy.noise_for(1e-3, 0.1, 1, 1e-5), r"no noise reaches ε = 0\.001 at δ = 1e-05"),
        (lambda: privacy.PoissonBatches(size=1), r"the tensors have \[\] rows"),
        (lambda: privacy.PoissonBatches(X, Y[:3], size=1), r"the tensors have \[40, 3\] rows"),
        (lambda: privacy.PoissonBatches(X, size=0), "size is 0; a mean number of examples > 0 and ≤ 40"),
        (lambda: privacy.PoissonBatches(X, size=41), "size is 41"),
        (
            lambda: privacy.per_example(nn.Linear(4, 2), squares, X, Y[:3]),
            r"the parts of the batch have \[3, 40\] rows",
        ),
        (lambda: privacy.clipped_sum({"a": torch.ones(2, 2)}, 0), "max_norm is 0"),
        (lambda: update_with(noise=-1), "noise is -1"),
        (lambda: update_with(max_norm=0), "max_norm is 0"),
        (lambda: update_with(chunk=0), "chunk is 0"),
        (lambda: update_with(run=train.Runtime(torch.device("cpu"), torch.float32, 1, 2, 0)), "different processes"),
        (lambda: privacy.roc(np.zeros(0), np.zeros(3)), r"members has shape \(0,\)"),
        (lambda: privacy.roc(np.zeros(2), np.array([1, math.nan])), "others has shape"),
        (lambda: privacy.roc(np.zeros(2), np.zeros(2)).true_at(2), "false is 2"),
        (lambda: privacy.likelihood_ratio(FEW, FEW), "truth values"),
        (lambda: privacy.likelihood_ratio(FEW, np.ones((4, 3), dtype=bool)), "an example has 0 models on one side"),
        (lambda: privacy.likelihood_ratio(FEW, TWO), "an example has 2 models on one side; at least 3"),
        (lambda: privacy.likelihood_ratio(FEW + math.inf, np.ones((4, 3), dtype=bool)), "NaN or infinity"),
        (lambda: privacy.epsilon_at_least(5, 4, 0, 4), "hits is 5 of 4"),
        (lambda: privacy.epsilon_at_least(0, 4, 0, 0), "alarms is 0 of 0"),
        (lambda: privacy.epsilon_at_least(1, 4, 0, 4, delta=1), "delta 1"),
        (lambda: privacy.epsilon_at_least(1, 4, 0, 4, confidence=1), "confidence is 1"),
    ],
)
def test_wrong_arguments_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.bad_input
def test_a_net_that_mixes_examples_is_refused():
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)).double()
    with pytest.raises(TypeError, match=r"1 is a BatchNorm1d, which mixes the examples .* take nn\.GroupNorm"):
        privacy.per_example(net, squares, X, Y)
    privacy.per_example(net.eval(), squares, X, Y)
    net[1] = nn.BatchNorm1d(3, track_running_stats=False).double().eval()
    with pytest.raises(TypeError, match="mixes the examples"):
        privacy.per_example(net, squares, X, Y)


@pytest.mark.bad_input
def test_the_optimizer_of_another_network_is_refused():
    net, batches = nn.Linear(4, 2), privacy.PoissonBatches(X, Y, size=8)
    other = torch.optim.SGD(nn.Linear(4, 2).parameters(), 0.1)
    with pytest.raises(ValueError, match="make the optimizer with net"):
        privacy.PrivateUpdate(net, other, squares, batches, noise=1, max_norm=1)
