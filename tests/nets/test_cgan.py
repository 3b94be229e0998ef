"""Labels into both networks: against one-hot products, plain networks, loops over classes, the optimum on tables."""

import copy
import itertools
import math

import hypothesis.strategies as st
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from torch import nn

from companion import train
from companion.nets import cgan, dcgan, gan

RUN = train.launch("cpu")
BODIES = ("mlp", "dcgan")
SMALL = (1, 12, 8)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def labels(n, k=10):
    return torch.arange(n) % k


# --- how a label enters ----------------------------------------------------------------------------------------------


def test_an_embedding_is_a_one_hot_label_times_a_matrix():
    embed, c = cgan.Embedding(5, 3), torch.tensor([4, 0, 4, 2])
    torch.testing.assert_close(embed(c), F.one_hot(c, 5).float() @ embed.tables[0].weight)
    assert embed(c[:0]).shape == (0, 3)
    assert torch.equal(embed(c[:, None]), embed(c))
    assert not cgan.Embedding(5, 3, scale=0)(c).any()
    assert cgan.Embedding(900, 30, scale=0.1).tables[0].weight.std().item() == pytest.approx(0.1, rel=0.05)


def test_the_vectors_of_several_factors_are_added():
    embed, c = cgan.Embedding((4, 3), 2), torch.tensor([[3, 0], [1, 2]])
    a, b = (table.weight for table in embed.tables)
    torch.testing.assert_close(embed(c), torch.stack([a[3] + b[0], a[1] + b[2]]))


@pytest.mark.parametrize("places", [(), (4, 5)], ids=["dense", "maps"])
def test_a_conditional_norm_gives_each_class_its_scale_and_shift(places):
    norm = (nn.BatchNorm2d if places else nn.BatchNorm1d)(3)
    x, c = 2 * torch.randn(12, 3, *places) + 1, labels(12, 4)
    layer = cgan.ConditionalNorm(copy.deepcopy(norm), 4)
    layer.c = c
    torch.testing.assert_close(layer(x), norm(x))  # in the beginning it is the plain one
    torch.testing.assert_close(layer.norm.running_mean, norm.running_mean)
    with torch.no_grad():
        layer.scale.tables[0].weight.copy_(torch.randn(4, 3))
        layer.shift.tables[0].weight.copy_(torch.randn(4, 3))
    for mode in (True, False):
        layer.train(mode), norm.train(mode)
        plain = norm(x)
        for i, k in enumerate(c):
            scale, shift = (t.tables[0].weight[k].reshape(3, *[1] * len(places)) for t in (layer.scale, layer.shift))
            torch.testing.assert_close(layer(x)[i], (1 + scale) * plain[i] + shift)
            norm.load_state_dict(layer.norm.state_dict(), strict=False)


def test_all_batch_norms_are_replaced_and_keep_their_settings():
    net = nn.Sequential(nn.BatchNorm1d(3, eps=0.1, momentum=0.3), nn.Sequential(nn.ReLU(), nn.BatchNorm1d(4)))
    found = cgan.conditioned(net, 2)
    assert [type(m) for m in net.modules() if isinstance(m, cgan.ConditionalNorm)] == [cgan.ConditionalNorm] * 2
    assert found[0] is net[0]
    assert found[1] is net[1][1]
    assert (net[0].norm.eps, net[0].norm.momentum) == (0.1, 0.3)
    with pytest.raises(ValueError, match="Linear has no batch norm"):
        cgan.conditioned(nn.Linear(2, 2), 2)


# --- the generator ---------------------------------------------------------------------------------------------------


def test_a_conditional_generator_is_a_plain_one_with_the_label_in_its_code():
    G = cgan.Generator(10, 90, width=128, backbone="mlp", embed=10)
    assert sum(p.numel() for p in G.parameters()) == 130_576 + 10 * 10
    z, c = torch.randn(4, 90), labels(4)
    code = torch.cat([z, G.label.tables[0].weight[c]], 1)
    assert torch.equal(G(z, c), G.body(code))
    assert isinstance(G.body, gan.Generator)
    assert isinstance(cgan.Generator(width=4).body, dcgan.Generator)


def test_the_label_goes_into_the_norms_where_there_are_any():
    """None of the two ways chosen, or one of them."""
    assert cgan.ways("dcgan") == ("conditional", 0)
    assert cgan.ways("mlp") == ("batch", 16)
    assert cgan.ways("dcgan", norm="batch") == ("batch", 16)
    assert cgan.ways("dcgan", embed=4) == ("conditional", 4)
    assert cgan.ways("mlp", embed=0) == ("batch", 0)
    G, H = cgan.Generator(width=4), cgan.Generator(width=4, backbone="mlp")
    assert (G.label, bool(G.norms), H.norms) == (None, True, [])
    assert H.label.tables[0].weight.shape == (10, 16)


@pytest.mark.parametrize(("embed", "norm"), [(6, "batch"), (6, "conditional"), (0, "conditional")])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
@torch.no_grad()
def test_another_label_is_another_picture(embed, norm, shape):
    G = cgan.Generator(10, 8, shape, 8, embed=embed, norm=norm).eval()
    for table in (m for m in G.modules() if isinstance(m, nn.Embedding)):
        nn.init.normal_(table.weight, std=0.3)
    z = torch.randn(1, 8).expand(10, -1)
    x = G(z, torch.arange(10))
    assert x.shape == (10, *shape)
    assert float(x.abs().max()) <= 1
    assert all(float((x[i] - x[j]).norm() / x[i].norm()) > 1e-3 for i, j in itertools.combinations(range(10), 2))
    again = G(z, torch.arange(10).flip(0)).flip(0)
    torch.testing.assert_close(again, x)  # in evaluation mode nothing leaks from picture to picture


def test_a_copy_is_told_its_own_labels():
    """The average of the weights is a deep copy: its norms must be its own."""
    G = cgan.Generator(3, 4, SMALL, 4, embed=0, norm="conditional")
    twin = copy.deepcopy(G).eval()
    twin(torch.randn(2, 4), torch.tensor([1, 2]))
    assert G.norms[0].c is None
    assert [norm.c.tolist() for norm in twin.norms] == [[1, 2]] * len(twin.norms)


# --- the discriminator -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backbone", BODIES)
def test_concatenation_lays_a_picture_of_the_label_behind_the_picture(backbone):
    D, x, c = cgan.Discriminator(10, SMALL, 4, backbone=backbone, how="concat"), torch.randn(6, *SMALL), labels(6)
    plane = D.label.tables[0].weight[c].reshape(6, 1, 12, 8)
    assert torch.equal(D(x, c), D.body(torch.cat([x, plane], 1)))
    assert not torch.allclose(D(x, c), D(x, (c + 1) % 10), atol=1e-6)


@pytest.mark.parametrize("options", [{"backbone": "mlp"}, {"norm": "batch"}, {"norm": "spectral"}, {"norm": None}])
def test_projection_adds_an_inner_product_to_the_plain_logit(options):
    D, x, c = cgan.Discriminator(10, SMALL, 4, **options), torch.randn(6, *SMALL), labels(6)
    D.eval()  # a power step of spectral norm, or a batch's statistics, would change between two calls
    torch.testing.assert_close(D(x, c), D.body(x))  # blind at first
    with torch.no_grad():
        D.label.tables[0].weight.normal_()
    phi = D.features(x).flatten(1)
    torch.testing.assert_close(D.body.layers[-1](phi).squeeze(1), D.body(x))
    by_hand = torch.stack([phi[i] @ D.label.tables[0].weight[k] for i, k in enumerate(c)])
    torch.testing.assert_close(D(x, c) - D.body(x), by_hand, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("how", ["concat", "projection"])
@pytest.mark.parametrize("backbone", BODIES)
def test_labels_of_two_factors_reach_both_networks(backbone, how):
    G = cgan.Generator((4, 3), 5, SMALL, 4, backbone=backbone)
    D = cgan.Discriminator((4, 3), SMALL, 4, backbone=backbone, how=how)
    c = torch.cartesian_prod(torch.arange(4), torch.arange(3))
    logits = D(G(torch.randn(12, 5), c), c)
    assert logits.shape == (12,)
    logits.sum().backward()
    tables = {net: [m.weight for m in net.modules() if isinstance(m, nn.Embedding)] for net in (G, D)}
    assert len(tables[D]) == 2
    assert len(tables[G]) == 4 * len(G.norms) or (len(tables[G]), backbone) == (2, "mlp")
    assert all(bool(w.grad.abs().sum(1).gt(0).all()) for w in tables[G] + tables[D])


# --- the game, with labels -------------------------------------------------------------------------------------------


class Spy(nn.Module):
    """Remembers with which labels it was called, and in what order."""

    def __init__(self, net, heard, name):
        super().__init__()
        self.net, self.heard, self.name = net, heard, name
        self.z_dim = getattr(net, "z_dim", None)

    def forward(self, x, c):
        self.heard.append((self.name, c.tolist()))
        return self.net(x, c)


def test_fakes_are_judged_by_the_labels_they_were_made_of():
    heard = []
    G = Spy(cgan.Generator(10, 4, SMALL, 4, backbone="mlp"), heard, "G")
    D = Spy(cgan.Discriminator(10, SMALL, 4, backbone="mlp"), heard, "D")
    updates = [train.Update(net, torch.optim.SGD(net.parameters(), 0.1)) for net in (G, D)]
    step = gan.make_step(G, D, *updates, RUN, labels=lambda y: 9 - y)
    step(torch.randn(3, *SMALL), torch.tensor([1, 2, 3]))
    fake = [8, 7, 6]
    assert heard == [("G", fake), ("D", [1, 2, 3]), ("D", fake), ("G", fake), ("D", fake)]


@pytest.mark.parametrize("how", ["concat", "projection"])
def test_each_step_moves_one_player_label_and_all(how):
    G, D = cgan.Generator(10, 4, SMALL, 4), cgan.Discriminator(10, SMALL, 4, how=how)
    x, z, c = torch.randn(10, *SMALL).tanh(), torch.randn(10, 4), labels(10)

    def moved(step):
        before = [[p.clone() for p in net.parameters()] for net in (G, D)]
        step()
        return [
            sum(not torch.equal(a, b) for a, b in zip(old, net.parameters(), strict=True)) / len(old)
            for old, net in zip(before, (G, D), strict=True)
        ]

    update = [train.Update(net, torch.optim.SGD(net.parameters(), 0.1)) for net in (G, D)]
    assert moved(lambda: gan.discriminator_step(G, D, update[1], x, z, RUN, labels=(c, c))) == [0, 1]
    assert moved(lambda: gan.generator_step(G, D, update[0], z, RUN, labels=c)) == [1, 0]


def test_labels_are_drawn_as_often_as_they_are_in_the_pool():
    pool = torch.tensor([0] * 70 + [1] * 20 + [4] * 10)
    drawn = cgan.drawn_from(pool)(torch.zeros(20_000))
    shares = torch.bincount(drawn, minlength=5) / 20_000
    torch.testing.assert_close(shares, torch.tensor([0.7, 0.2, 0, 0, 0.1]), atol=0.01, rtol=0)
    y = torch.tensor([3, 1, 3])
    assert cgan.same(y) is y
    torch.manual_seed(1)
    first = cgan.drawn_from(pool)(y)
    torch.manual_seed(1)
    assert torch.equal(first, cgan.drawn_from(pool)(y))


def test_factors_are_drawn_together():
    pool = torch.tensor([[0, 5], [1, 6], [2, 7]])
    drawn = cgan.drawn_from(pool)(torch.zeros(50))
    assert drawn.shape == (50, 2)
    assert torch.equal(drawn[:, 1] - drawn[:, 0], torch.full((50,), 5))


# --- the optimum -----------------------------------------------------------------------------------------------------


def tables(x=4, c=3, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.softmax(1.5 * torch.randn(*shape, generator=generator).double(), 0)

    return draw(x, c), draw(x, c), draw(c), draw(c)


def worth(logits, p, q, real, fake):
    """V(D, G), written out; D's loss in expectation is its negative."""
    return -(p * real * F.softplus(-logits) + q * fake * F.softplus(logits)).sum()


@pytest.mark.parametrize("marginal", ["the data's", "another"])
def test_climbing_v_on_a_table_ends_at_the_optimum(marginal):
    p, q, real, fake = tables()
    fake = real if marginal == "the data's" else fake
    logits = torch.zeros(4, 3).double().requires_grad_()
    optimizer = torch.optim.LBFGS([logits], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = -worth(logits, p, q, real, fake)
        loss.backward()
        return loss

    optimizer.step(closure)
    found = cgan.optimum(p, q, real, fake)
    torch.testing.assert_close(logits.detach().sigmoid(), found.D, atol=1e-4, rtol=0)
    assert float(worth(logits.detach(), p, q, real, fake)) == pytest.approx(float(found.value), abs=1e-8)
    if marginal == "the data's":
        torch.testing.assert_close(found.D, p / (p + q))
        torch.testing.assert_close(cgan.optimum(p, q, real).D, found.D)


@given(seed=st.integers(0, 99), size=st.floats(0.01, 3))
def test_no_other_table_is_worth_more(seed, size):
    given_tables = tables(seed=seed)
    found = cgan.optimum(*given_tables)
    other = found.D.logit() + size * torch.randn(4, 3, generator=torch.Generator().manual_seed(seed)).double()
    assert float(worth(other, *given_tables)) < float(found.value)


def test_a_perfect_generator_is_worth_minus_log_four_unless_its_labels_tell():
    p, _, real, fake = tables()
    best = cgan.optimum(p, p, real)
    assert float(best.value) == pytest.approx(-math.log(4))
    torch.testing.assert_close(best.D, torch.full((4, 3), 0.5).double())
    told = cgan.optimum(p, p, real, fake)  # perfect pictures, other labels
    torch.testing.assert_close(told.D, (real / (real + fake)).expand(4, 3))
    assert float(told.value) > -math.log(4) + 0.01


@given(seed=st.integers(0, 99))
def test_the_value_is_that_of_the_divergence_of_the_joint_tables(seed):
    p, q, real, fake = tables(seed=seed)
    P, Q = p * real, q * fake
    M = (P + Q) / 2
    js = ((P * (P / M).log()).sum() + (Q * (Q / M).log()).sum()) / 2
    assert float(cgan.optimum(p, q, real, fake).value) == pytest.approx(2 * float(js) - math.log(4))


def test_where_neither_ever_is_the_answer_is_a_half():
    p = torch.tensor([[1.0, 0.5], [0, 0.5], [0, 0]])
    found = cgan.optimum(p, p.flip(1), torch.tensor([0.5, 0.5]))
    assert found.D[2].tolist() == [0.5, 0.5]
    assert bool(found.value.isfinite())


@pytest.mark.parametrize("how", ["concat", "projection"])
def test_a_trained_discriminator_comes_close_to_the_log_ratio(how):
    """One number as a picture; real N(±0.4, 0.2²) by label, fakes N(±0.1, 0.3²): D's logit is log p(x|c)/q(x|c)."""
    real, fake = ((0.4, 0.2), (0.1, 0.3))
    D = cgan.Discriminator(2, (1, 1, 1), 32, backbone="mlp", how=how)
    optimizer = torch.optim.Adam(D.parameters(), 1e-2)
    rate = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.02, 200)
    for _ in range(200):
        c = torch.arange(2000) % 2
        sign = (2.0 * c - 1)[:, None, None, None]
        x, y = (m * sign + s * torch.randn(2000, 1, 1, 1) for m, s in (real, fake))
        loss = gan.discriminator_loss(D(x, c), D(y, c))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
    grid = torch.linspace(-1, 1, 81)
    for k, sign in ((0, -1), (1, 1)):
        log_p, log_q = (torch.distributions.Normal(m * sign, s).log_prob(grid) for m, s in (real, fake))
        weight = (log_p.exp() + log_q.exp()) / (log_p.exp() + log_q.exp()).sum()  # where samples are
        with torch.no_grad():
            logits = D(grid[:, None, None, None], torch.full((81,), k))
        assert float((weight * (logits - log_p + log_q).abs()).sum()) < 0.15
        assert float((weight * (logits.flip(0) - log_p + log_q).abs()).sum()) > 0.8, "the label matters"


@pytest.mark.parametrize("how", ["concat", "projection"])
def test_it_learns_to_draw_what_it_is_asked_for(how):
    """Two classes, each with two corners of a square, those across from each other: both must be found."""
    corners = torch.tensor([[0.5, 0.5], [-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5]])
    G = cgan.Generator(2, 4, (1, 1, 2), 64, backbone="mlp", embed=4)
    D = cgan.Discriminator(2, (1, 1, 2), 64, backbone="mlp", how=how)
    updates = [train.Update(net, torch.optim.Adam(net.parameters(), 2e-3, betas=(0.5, 0.99))) for net in (G, D)]
    step = gan.make_step(G, D, *updates, RUN, labels=cgan.same, r1=0.2)
    for _ in range(400):
        which = torch.randint(4, (128,))
        step((corners[which] + 0.05 * torch.randn(128, 2))[:, None, None], which // 2)
    c = torch.arange(400) % 2
    with torch.no_grad():
        x = G(torch.randn(400, 4), c)[:, 0, 0]
    nearest = torch.cdist(x, corners).argmin(1)
    assert float((nearest // 2 == c).double().mean()) > 0.95
    assert torch.bincount(nearest, minlength=4).min() > 30


# --- drawing ---------------------------------------------------------------------------------------------------------


def test_a_sheet_has_a_row_for_each_class_and_a_column_for_each_code():
    G = cgan.Generator(3, 5, SMALL, 4).eval()
    x = cgan.sheet(G, 3, 4, seed=7).unflatten(0, (3, 4))
    z = torch.randn(4, 5, generator=torch.Generator().manual_seed(7))
    for row in range(3):
        for column in range(4):
            alone = G(z[column : column + 1], torch.tensor([row]))[0].detach()
            torch.testing.assert_close(x[row, column], alone)
    assert not x.requires_grad
    assert cgan.sheet(G, 1, 1, seed=7).shape == (1, *SMALL)


def test_networks_are_64_wide_unless_told_otherwise():
    for net in (cgan.Generator, cgan.Discriminator):
        shapes = [[p.shape for p in made.parameters()] for made in (net(), net(width=64))]
        assert shapes[0] == shapes[1]


@pytest.mark.parametrize("norm", ["batch", "conditional"])
def test_measured_statistics_are_those_of_its_own_pictures(norm):
    G = cgan.Generator(3, 5, SMALL, 4, norm=norm)
    y = torch.tensor([2] * 50 + [0] * 30 + [1] * 20)
    kept = {name: value.clone() for name, value in G.state_dict().items()}
    drawer = cgan.measured(G, y, n=400, batch=100)
    assert not drawer.training
    assert all(torch.equal(value, kept[name]) for name, value in G.state_dict().items()), "the original is not touched"
    z = torch.randn(4000, 5, generator=torch.Generator().manual_seed(3))
    c = y.repeat(40)
    with torch.no_grad():
        by_batch = copy.deepcopy(drawer).train()(z, c)
        torch.testing.assert_close(drawer(z, c), by_batch, atol=0.02, rtol=0)
        unmeasured = copy.deepcopy(G).eval()(z, c)
    assert float((unmeasured - by_batch).abs().max()) > 0.03


def test_measuring_asks_for_each_class_as_often_as_it_is():
    asked = []

    class Listens(nn.Module):
        z_dim = 2

        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(2)

        def forward(self, z, c):
            asked.append(torch.bincount(c, minlength=3).tolist())
            return self.norm(z)

    y = torch.tensor([0, 1, 1, 2, 1, 0, 1, 1, 0, 1])
    cgan.measured(Listens(), y, n=60, batch=20)
    assert asked == [[6, 12, 2]] * 3
    cgan.measured(Listens(), y.repeat(1000), n=10, batch=20)
    assert asked[-1] == [3, 6, 1]
    cgan.measured(Listens(), y, n=30, batch=20)
    assert asked[-2:] == [[6, 12, 2], [3, 6, 1]], "a last, shorter batch asks for all classes too"


# --- what is refused -------------------------------------------------------------------------------------------------

HALF = torch.full((2, 2), 0.5)
SURE = torch.tensor([0.5, 0.5])


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cgan.Embedding(10, 4)(torch.zeros(3, 9)), r"or shares of the classes \(n, 10\), are needed"),
        (lambda: cgan.Embedding((10, 3), 4)(torch.zeros(3, 2)), r"int64 \(n, 2\), are needed"),
        (lambda: cgan.Embedding(10, 4)(torch.zeros(3)), r"c is torch.float32 of shape \(3,\); class numbers, int64"),
        (lambda: cgan.Embedding(10, 4)(F.one_hot(labels(3), 10)), r"shape \(3, 10\)"),
        (lambda: cgan.Embedding((10, 3), 4)(labels(6)), r"int64 \(n, 2\)"),
        (lambda: cgan.Embedding(10, 4)(torch.tensor([3, 10])), "c is from 3 to 10; the classes are 0 to 9"),
        (lambda: cgan.Embedding(10, 4)(torch.tensor([-1])), "from -1 to -1"),
        (lambda: cgan.Embedding((10, 3), 4)(torch.tensor([[1, 3]])), "from 1 to 1, 3 to 3; the classes are 0 to 9, 2"),
        (lambda: cgan.Embedding(0, 4), "classes is 0"),
        (lambda: cgan.Embedding(3, 0), "size is 0"),
        (lambda: cgan.ConditionalNorm(nn.BatchNorm1d(2), 3)(torch.ones(4, 2)), "4 pictures, and labels for none"),
        (lambda: cgan.Generator(backbone="cnn"), "backbone is 'cnn'; allowed are mlp, dcgan"),
        (lambda: cgan.Generator(norm="none"), "norm is 'none'; allowed are batch, conditional"),
        (lambda: cgan.Generator(embed=0, norm="batch"), "the label has no way into the generator"),
        (lambda: cgan.Generator(embed=-1), "embed is -1"),
        (lambda: cgan.Generator(backbone="mlp", norm="conditional"), "no batch norm whose place"),
        (lambda: cgan.Discriminator(backbone="cnn"), "backbone is 'cnn'"),
        (lambda: cgan.Discriminator(how="add"), "how is 'add'; allowed are concat, projection"),
        (lambda: cgan.drawn_from(torch.zeros(0)), r"pool has shape \(0,\)"),
        (lambda: cgan.drawn_from(torch.zeros(2, 2, 2)), r"pool has shape \(2, 2, 2\)"),
        (lambda: cgan.sheet(cgan.Generator(3, 4, SMALL, 4), 0), "classes is 0"),
        (lambda: cgan.optimum(HALF, HALF[:1], SURE), r"shapes \(2, 2\), \(1, 2\), \(2,\), \(2,\)"),
        (lambda: cgan.optimum(HALF, HALF, SURE, SURE[:1]), r"\(x, c\), \(x, c\), \(c,\) and \(c,\) are needed"),
        (lambda: cgan.optimum(2 * HALF, HALF, SURE), r"each column of p must be probabilities.*\[2.0, 2.0\]"),
        (lambda: cgan.optimum(HALF, torch.tensor([[2.0, 1], [-1, 0]]), SURE), "each column of q"),
        (lambda: cgan.optimum(HALF, HALF, 2 * SURE), "real must be probabilities"),
        (lambda: cgan.optimum(HALF, HALF, SURE, 0 * SURE), "fake must be probabilities"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.bad_input
def test_a_conditional_norm_wants_a_label_for_each_picture():
    layer = cgan.ConditionalNorm(nn.BatchNorm1d(2), 3)
    layer.c = labels(3)
    with pytest.raises(ValueError, match="4 pictures, and labels for 3"):
        layer(torch.ones(4, 2))


@pytest.mark.parametrize("how", [{"embed": 4, "norm": "batch"}, {"norm": "conditional"}], ids=str)
def test_shares_of_the_classes_lie_between_labels(how):
    torch.manual_seed(0)
    G = cgan.Generator(10, 4, SMALL, 4, **how).eval()
    for p in G.parameters():
        nn.init.normal_(p, std=0.3)
    z, c, one_hot = torch.randn(3, 4), torch.tensor([1, 5, 9]), torch.eye(10)
    torch.testing.assert_close(G(z, one_hot[c]), G(z, c))
    half = G(z, (one_hot[c] + one_hot[(c + 1) % 10]) / 2)
    assert all((half - G(z, label)).abs().max() > 1e-3 for label in (c, (c + 1) % 10))
    table = cgan.Embedding(10, 7)
    torch.testing.assert_close(table(0.25 * one_hot[c] + 0.75 * one_hot[c - 1]), 0.25 * table(c) + 0.75 * table(c - 1))
