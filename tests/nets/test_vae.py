"""The bounds: held against quadrature, against exact evidence, against each other; and the model around them."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from torch import nn

from companion.evaluate.likelihood import importance_bound
from companion.matrix import gmm, svd
from companion.nets import vae

SHAPE = (1, 4, 3)


def number(value):
    """As float(value), which warns of tensors that carry a gradient."""
    return value.item()


def small(seed=0, **options):
    torch.manual_seed(seed)
    return vae.VAE(SHAPE, **{"z_dim": 2, "hidden": (8,), **options}).double()


def binary(n=6, seed=0):
    return (torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(seed)) < 0.4).double()


def test_a_layer_and_a_code_of_one_number_are_enough():
    drawn = small(hidden=(1,), z_dim=1)(binary())
    assert drawn.z.shape[-1] == 1
    assert torch.isfinite(drawn.q.mean).all()


# --- the code: densities and divergences against torch.distributions -------------------------------------------------


@given(st.floats(-3, 3), st.floats(-6, 3), st.floats(-4, 4))
def test_densities_and_kl_are_torchs(mean, log_var, z):
    q = vae.Posterior(torch.tensor([[mean]]).double(), torch.tensor([[log_var]]).double())
    theirs = torch.distributions.Normal(mean, math.exp(log_var / 2))
    prior = torch.distributions.Normal(0.0, 1.0)
    assert number(vae.kl(q)) == pytest.approx(
        number(torch.distributions.kl_divergence(theirs, prior)), abs=1e-5, rel=1e-5
    )
    z = torch.tensor([[[z]]]).double()
    assert number(vae.log_normal(z, q)) == pytest.approx(number(theirs.log_prob(z)), rel=1e-5)
    assert number(vae.log_normal(z)) == pytest.approx(number(prior.log_prob(z)), rel=1e-5)


def test_kl_is_each_numbers_own_and_zero_only_at_the_prior():
    q = vae.Posterior(torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([[0.0, 0.0, 2.0]]))
    assert vae.kl(q).tolist() == [pytest.approx([0, 0.5, (math.exp(2) - 3) / 2])]


def test_drawn_codes_have_the_mean_and_the_spread_asked_for_and_carry_their_gradients():
    torch.manual_seed(0)
    q = vae.Posterior(torch.tensor([[1.0, -2.0]]).requires_grad_(), torch.tensor([[0.0, 2.0]]).requires_grad_())
    z = vae.draw(q, 20_000)
    assert z.shape == (20_000, 1, 2)
    assert z.mean(0)[0].tolist() == pytest.approx([1, -2], abs=0.06)
    assert z.std(0)[0].tolist() == pytest.approx([1, math.e], rel=0.02)
    by_mean, by_log_var = torch.autograd.grad(z.square().mean(0).sum(), q)
    assert by_mean[0].tolist() == pytest.approx([2, -4], abs=0.1)  # E z² = μ² + σ²
    assert by_log_var[0].tolist() == pytest.approx([1, math.exp(2)], rel=0.05)


# --- the bounds ------------------------------------------------------------------------------------------------------


@torch.no_grad()
def quadrature(net, x, nodes=60):
    """E_q[log w] and log p(x) for one code number, by Gauss and Hermite."""
    t, weight = np.polynomial.hermite_e.hermegauss(nodes)
    t, weight = torch.tensor(t)[:, None, None], torch.tensor(weight / weight.sum())[:, None]
    q = net.encode(x)
    z = q.mean + torch.exp(q.log_var / 2) * t
    draws = vae.Draws(q, z, net.likelihood.log_prob(x, net.decode(z)))
    return (weight * vae.log_weights(draws)).sum(0), (weight * draws.log_likelihood).sum(0)


@torch.no_grad()
def test_the_bound_with_one_code_is_the_elbo_to_six_digits():
    """E[log w] = E[log p(x|z)] − KL: quadrature stands in for the mean over infinitely many draws."""
    net, x = small(z_dim=1), binary()
    by_weights, reconstruction = quadrature(net, x)
    closed = reconstruction - vae.kl(net.encode(x)).sum(1)
    assert number((by_weights - closed).abs().max()) < 1e-6
    torch.manual_seed(1)
    one = vae.iwae(net, x, 1)
    torch.manual_seed(1)
    drawn = vae.log_weights(net(x))
    assert one.item() == pytest.approx(drawn.mean().item(), abs=1e-6)
    torch.manual_seed(1)
    assert importance_bound(net, x, 1, chunk=100).mean == pytest.approx(one.item(), abs=1e-6)


def test_elbo_is_reconstruction_minus_kl_summed_over_pixels_averaged_over_pictures():
    net, x = small(), binary()
    torch.manual_seed(2)
    bound = vae.elbo(net, x, beta=3.0)
    torch.manual_seed(2)
    draws = net(x)
    p = torch.sigmoid(net.decode(draws.z[0])).reshape(6, 12)
    flat = x.reshape(6, 12)
    written_out = (flat * p.log() + (1 - flat) * (1 - p).log()).sum() / 6
    kl = (
        torch.distributions.kl_divergence(
            torch.distributions.Normal(draws.q.mean, torch.exp(draws.q.log_var / 2)),
            torch.distributions.Normal(0.0, 1.0),
        ).sum()
        / 6
    )
    assert number(bound.reconstruction) == pytest.approx(number(written_out))
    assert number(bound.kl) == pytest.approx(number(kl))
    assert number(bound.total) == pytest.approx(number(written_out - 3 * kl))


def test_many_codes_a_picture_are_averaged():
    net, x = small(), binary()
    torch.manual_seed(0)
    many = vae.elbo(net, x, k=4000)
    torch.manual_seed(1)
    again = vae.elbo(net, x, k=4000)
    assert number(many.reconstruction) == pytest.approx(number(again.reconstruction), rel=1e-2)
    assert number(many.kl) == number(again.kl)


def test_free_nats_cost_nothing_and_the_reported_kl_is_the_true_one():
    net, x = small(), binary()
    each = vae.kl(net.encode(x)).mean(0).detach()
    free = number(each.mean())  # one number above, one below
    bound = vae.elbo(net, x, free=free)
    cost = number(bound.reconstruction - bound.total)
    assert cost == pytest.approx(number(each.clamp(min=free).sum()))
    assert number(bound.kl) == pytest.approx(number(each.sum()))
    least = torch.argmin(each)
    by_mean = torch.autograd.grad(bound.reconstruction - bound.total, net.encoder.layers[-1].bias)[0]
    assert by_mean[least] == 0
    assert by_mean[1 - least] != 0


def test_the_bound_rises_with_the_number_of_codes_to_the_evidence():
    net, x = small(z_dim=1), binary(4)
    with torch.no_grad():
        net.decoder.layers[0].weight.mul_(4)  # a decoder that listens, so that the encoder's guess is a bad one
    t, weight = np.polynomial.hermite_e.hermegauss(200)
    z = torch.tensor(t)[:, None, None].expand(-1, 4, 1)
    log_likelihood = net.likelihood.log_prob(x, net.decode(z))
    exact = torch.logsumexp(log_likelihood + torch.tensor(np.log(weight / weight.sum()))[:, None], 0).mean()
    torch.manual_seed(0)
    bounds = [np.mean([importance_bound(net, x, k).mean for _ in range(40)]) for k in (1, 3, 10, 100)]
    assert np.all(np.diff(bounds) > 0.003)
    assert bounds[-1] < number(exact)
    assert importance_bound(net, x, 200_000).mean == pytest.approx(number(exact), abs=2e-3)


def gradients(net, bound):
    return [torch.cat([g.flatten() for g in torch.autograd.grad(bound, list(part.parameters()), retain_graph=True)])
            for part in (net.encoder, net.decoder)]  # fmt: skip


def test_dreg_has_the_value_and_the_decoders_gradient_of_iwae():
    net, x = small(), binary()
    found = []
    for bound in (vae.iwae, vae.dreg):
        torch.manual_seed(3)
        value = bound(net, x, 5)
        found.append((number(value), *gradients(net, value)))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-12)
    torch.testing.assert_close(found[0][2], found[1][2])


def test_dregs_encoder_gradient_has_the_same_mean_and_less_noise():
    net, x = small(hidden=(4,)), binary(3)
    noise = {}
    for bound in (vae.iwae, vae.dreg):
        torch.manual_seed(4)
        noise[bound] = torch.stack([gradients(net, bound(net, x, 20))[0] for _ in range(600)])
    a, b = noise[vae.iwae], noise[vae.dreg]
    spread = ((a.var(0) + b.var(0)) / len(a)).sqrt()
    off = (a.mean(0) - b.mean(0)) / (spread + 1e-12)
    assert number(off.abs().max()) < 4.5
    assert number(b.var(0).sum()) < 0.3 * number(a.var(0).sum())


def test_dreg_is_the_formula_of_its_paper():
    """Σ v² ∂log w/∂z ∂z/∂φ, written out for one picture with forward derivatives by each code."""
    net, x, k = small(hidden=()), binary(1), 4
    torch.manual_seed(5)
    ours = gradients(net, vae.dreg(net, x, k))[0]
    torch.manual_seed(5)
    draws = net(x, None, k)
    z = draws.z.detach().requires_grad_()
    fixed = vae.Posterior(*(part.detach() for part in draws.q))
    log_w = vae.log_weights(vae.Draws(fixed, z, net.likelihood.log_prob(x, net.decode(z))))
    v = torch.softmax(log_w, 0).detach()
    (by_z,) = torch.autograd.grad(log_w.sum(), z)
    theirs = torch.autograd.grad(draws.z, list(net.encoder.parameters()), v[..., None] ** 2 * by_z)
    torch.testing.assert_close(ours, torch.cat([g.flatten() for g in theirs]))


# --- exact evidence: probabilistic PCA -------------------------------------------------------------------------------


def probabilistic_pca(X, rank):
    """W, the mean and σ² of greatest likelihood (Tipping & Bishop 1999), and log N(x; mean, WWᵀ + σ²I) of each row."""
    mean, components, variances = svd.pca(X, X.shape[1])
    noise = variances[rank:].mean()
    W = components[:rank].T * (variances[:rank] - noise).sqrt()
    C = W @ W.T + noise * torch.eye(X.shape[1]).double()
    return W, mean, noise, torch.distributions.MultivariateNormal(mean, C).log_prob(X)


def exact_model(X, rank):
    """The linear-Gaussian model with that W, mean and σ², and its exact posterior as encoder."""
    W, mean, noise, evidence = probabilistic_pca(X, rank)
    net = small(z_dim=rank, hidden=(), likelihood=vae.Gaussian(0.5))
    M = W.T @ W + noise * torch.eye(rank).double()  # diagonal, so that a diagonal posterior is exact
    with torch.no_grad():
        encoder, decoder = net.encoder.layers[0], net.decoder.layers[0]
        back = torch.linalg.solve(M, W.T)
        encoder.weight.copy_(torch.cat([back, torch.zeros(rank, 12).double()]))
        encoder.bias.copy_(torch.cat([-back @ mean, torch.log(noise / M.diagonal())]))
        decoder.weight.copy_(W)
        decoder.bias.copy_(mean)
        net.likelihood.log_sigma.copy_(noise.log() / 2)
    return net, evidence


@pytest.fixture(scope="module")
def table():
    torch.manual_seed(0)
    axes = torch.linalg.qr(torch.randn(12, 12).double()).Q[:3] * torch.tensor([[3.0], [2.0], [1.2]])
    return torch.randn(300, 3).double() @ axes + 0.5 * torch.randn(300, 12).double() + 1


def test_a_linear_gaussian_model_has_the_evidence_of_probabilistic_pca(table):
    """With the exact posterior as encoder every weight is p(x): one code is enough."""
    net, exact = exact_model(table, 3)
    x = table.reshape(-1, *SHAPE)
    for k in (1, 7):
        bound = importance_bound(net, x, k)
        assert np.abs(bound.each - exact.numpy()).max() < 1e-9
        assert bound.effective == pytest.approx(np.full(300, k))
    assert vae.elbo(net, x, k=2000).total.item() == pytest.approx(number(exact.mean()), abs=0.02)


def test_training_finds_back_to_that_evidence(table):
    """No model of this kind has a greater likelihood: disturbed, it comes back, and does not go past."""
    net, exact = exact_model(table, 3)
    x, best = table.reshape(-1, *SHAPE), number(exact.mean())
    torch.manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            p += 0.2 * torch.randn_like(p)
    assert importance_bound(net, x, 100).mean < best - 1
    optimizer = torch.optim.Adam(net.parameters(), 2e-2)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-2, total_steps=600)
    for _ in range(600):
        optimizer.zero_grad()
        (-vae.elbo(net, x).total).backward()
        optimizer.step()
        rate.step()
    assert importance_bound(net, x, 100).mean == pytest.approx(best, rel=1e-3)


# --- collapse, and a density for the codes ---------------------------------------------------------------------------


def test_active_numbers_are_those_whose_means_move():
    torch.manual_seed(0)
    mean = torch.randn(5000, 3) * torch.tensor([1.0, 0.2, 0.01])
    found = vae.activity(vae.Posterior(mean, torch.tensor([-2.0, 0.0, 0.0]).expand(5000, 3)))
    assert found.active.tolist() == [True, True, False]
    assert found.variance.tolist() == pytest.approx([1, 0.04, 1e-4], rel=0.1)
    assert found.kl.tolist() == pytest.approx([(1 + math.exp(-2) + 2 - 1) / 2, 0.02, 5e-5], rel=0.1)
    wide = vae.activity(vae.Posterior(mean, 0 * mean), threshold=0.1)
    assert wide.active.tolist() == [True, False, False]


def test_too_large_a_beta_kills_every_number_and_one_does_not():
    x = torch.cat([torch.ones(40, *SHAPE), torch.zeros(40, *SHAPE)]).double()
    alive = {}
    for beta in (1.0, 12.0):
        net = small(z_dim=2)
        optimizer = torch.optim.Adam(net.parameters(), 2e-2)
        for _ in range(150):
            optimizer.zero_grad()
            (-vae.elbo(net, x, beta=beta).total).backward()
            optimizer.step()
        alive[beta] = int(vae.activity(net.encode(x)).active.sum())
    assert alive[1.0] >= 1
    assert alive[12.0] == 0


def test_the_density_of_the_codes_is_that_of_drawn_codes():
    """Two clumps of pictures: the mixture finds both, and gives them the spread of q(z|x), not of its means alone."""
    net = small(z_dim=2, hidden=())
    with torch.no_grad():
        net.encoder.layers[0].weight.zero_()
        net.encoder.layers[0].weight[0] = 0.5
        net.encoder.layers[0].bias.copy_(torch.tensor([-3.0, 1.0, -2.0, -4.0]))
    x = torch.cat([torch.ones(1500, *SHAPE), torch.zeros(500, *SHAPE)]).double()
    torch.manual_seed(0)
    mixture = vae.density(net, x, 2, rng=0)
    assert isinstance(mixture, gmm.GaussianMixture)
    order = mixture.means[:, 0].argsort()
    assert mixture.weights[order].tolist() == pytest.approx([0.25, 0.75], abs=0.01)
    assert mixture.means[order].flatten().tolist() == pytest.approx([-3, 1, 3, 1], abs=0.05)
    for C in mixture.covariances:
        assert C.diagonal().tolist() == pytest.approx([math.exp(-2), math.exp(-4)], rel=0.25)
    drawn = net.pictures(mixture.sample(5, rng=0).X)
    assert drawn.shape == (5, *SHAPE)


# --- the model -------------------------------------------------------------------------------------------------------


def test_the_networks_have_the_parameters_of_the_paper():
    net = vae.VAE()
    layers = [tuple(p.shape) for p in net.encoder.parameters() if p.ndim == 2]
    assert layers == [(200, 784), (200, 200), (100, 200)]
    assert [tuple(p.shape) for p in net.decoder.parameters() if p.ndim == 2] == [(200, 50), (200, 200), (784, 200)]
    assert sum(p.numel() for p in net.parameters()) == 425_284


@pytest.mark.parametrize("net", ["mlp", "conv"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 18, 21)])
@pytest.mark.parametrize("classes", [0, 4])
def test_every_shape_comes_back_with_and_without_classes(net, shape, classes):
    torch.manual_seed(0)
    model = vae.VAE(shape, 5, net=net, hidden=(8, 12), classes=classes).eval()
    x, y = torch.rand(3, *shape), torch.arange(3) if classes else None
    q = model.encode(x, y)
    assert q.mean.shape == q.log_var.shape == (3, 5)
    assert model.decode(torch.randn(2, 3, 5), y).shape == (2, 3, *shape)
    assert model(x, y, 4).log_likelihood.shape == (4, 3)
    pictures = model.sample(3, y)
    assert pictures.shape == (3, *shape)
    assert 0 <= number(pictures.min()) <= number(pictures.max()) <= 1
    assert model.log_weights(x, 4, y).shape == (4, 3)
    assert not model.log_weights(x, 4, y).requires_grad


@pytest.mark.parametrize("likelihood", list(vae.LIKELIHOODS))
def test_sums_over_pixels_are_made_in_full_precision(likelihood):
    """Under autocast products are in bfloat16, which has three digits; a sum of 784 terms needs more."""
    torch.manual_seed(0)
    net, x = vae.VAE(likelihood=likelihood), torch.rand(2, 1, 28, 28).round()
    with torch.autocast("cpu", torch.bfloat16):
        draws = net(x)
        assert draws.log_likelihood.dtype == draws.z.dtype == draws.q.log_var.dtype == torch.float32
        exact = net.likelihood.log_prob(x.double(), net.decode(draws.z).double())
    assert number((draws.log_likelihood - exact).abs().max().detach()) < 1e-3 * number(exact.abs().max().detach())


def test_the_convolutions_are_normed_and_bent_as_said_and_the_last_numbers_are_free():
    model = vae.VAE(net="conv")
    kinds = [type(layer) for layer in model.encoder.convolutions]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU] * 2
    assert isinstance(model.decoder.convolutions[-1], nn.ConvTranspose2d)
    assert isinstance(model.encoder.last, nn.Linear)


def test_each_code_is_decoded_by_itself_and_each_class_goes_to_its_picture():
    model = vae.VAE(SHAPE, 2, hidden=(8,), classes=3)
    z, y = torch.randn(4, 5, 2), torch.tensor([0, 1, 2, 0, 1])
    together = model.decode(z, y)
    torch.testing.assert_close(together[2, 3], model.decode(z[2, 3:4], y[3:4])[0])
    x = torch.rand(5, *SHAPE)
    torch.testing.assert_close(model.encode(x, y).mean[2], model.encode(x[2:3], y[2:3]).mean[0])
    assert not torch.allclose(model.encode(x, y).mean, model.encode(x, (y + 1) % 3).mean)
    assert not torch.allclose(together, model.decode(z, (y + 1) % 3))


def test_it_begins_with_the_mean_picture():
    torch.manual_seed(0)
    x = torch.rand(500, 1, 8, 8) * torch.linspace(0.05, 1, 64).reshape(8, 8)
    for likelihood in vae.LIKELIHOODS:
        net = vae.VAE((1, 8, 8), 2, hidden=(8,), likelihood=likelihood)
        net.begin(x)
        with torch.no_grad():
            net.decoder.layers[-1].weight.zero_()
        off = net.sample(3) - x.mean(0).clamp(0.01, 0.99)
        assert number(off.abs().max()) < 1e-4, likelihood
    conv = vae.VAE((1, 8, 8), 2, net="conv", hidden=(4,))
    conv.begin(x)
    with torch.no_grad():
        conv.decoder.convolutions[-1].weight.zero_()
    assert number(conv.eval().decode(torch.zeros(1, 2))[0].mean()) == pytest.approx(
        number(torch.logit(x.mean(0), 0.01).mean()), abs=1e-5
    )


def test_it_learns_and_its_samples_look_like_what_it_saw():
    """Bars in one of three rows; after training the samples are bars too."""
    torch.manual_seed(0)
    x = torch.zeros(300, 1, 6, 6)
    x[torch.arange(300), 0, 2 * (torch.arange(300) % 3)] = 1
    net = vae.VAE((1, 6, 6), 2, hidden=(32,))
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    first = number(vae.elbo(net, x).total.detach())
    for _ in range(300):
        optimizer.zero_grad()
        (-vae.elbo(net, x).total).backward()
        optimizer.step()
    assert number(vae.elbo(net, x).total.detach()) > max(-4, first / 5)
    rows = net.sample(200).mean(3)[:, 0]
    bars = (rows.amax(1) > 0.9) & (rows.sort(1).values[:, -2] < 0.1)
    assert number(bars.float().mean()) > 0.55
    found = rows[bars].argmax(1).bincount(minlength=6)
    assert set(found.nonzero().flatten().tolist()) == {0, 2, 4}


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shape": (28, 28)}, r"shape is \(28, 28\); \(channels, height, width\)"),
        ({"net": "dense"}, "net is 'dense'; allowed are mlp, conv"),
        ({"net": "conv", "hidden": ()}, "at least one layer of maps"),
        ({"net": "conv", "shape": (1, 3, 3)}, "cannot be halved 2 times; give fewer hidden layers"),
        ({"likelihood": "normal"}, "likelihood is 'normal'; allowed are bernoulli, continuous, gaussian"),
        ({"z_dim": 0}, "z_dim is 0"),
        ({"classes": -1}, "classes is -1"),
        ({"hidden": (8, 0)}, "size is 0"),
    ],
)
def test_wrong_options_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        vae.VAE(**{"shape": SHAPE, **options})


@pytest.mark.bad_input
def test_wrong_calls_are_named():
    net, x = small(), binary()
    with pytest.raises(ValueError, match=r"y is given, and the model has 0 classes: leave it out"):
        net(x, torch.zeros(6).long())
    with pytest.raises(ValueError, match=r"y is missing, and the model has 3 classes: give the class"):
        small(classes=3)(x)
    with pytest.raises(ValueError, match="k is 0"):
        vae.iwae(net, x, 0)
    with pytest.raises(ValueError, match="beta is -1"):
        vae.elbo(net, x, beta=-1)
    with pytest.raises(ValueError, match="free is -1"):
        vae.elbo(net, x, free=-1)
    with pytest.raises(ValueError, match="threshold is 0"):
        vae.activity(net.encode(x), threshold=0)
    with pytest.raises(ValueError, match=r"1 picture\(s\); a variance needs at least 2"):
        vae.activity(net.encode(x[:1]))
