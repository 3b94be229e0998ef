"""The recurrence, its gradients through time and the gated cells against torch's own."""

import math

import pytest
import torch
from torch import nn

from companion.nets import rnn


def elman(inputs=3, hidden=4, seed=0):
    torch.manual_seed(seed)
    theirs = nn.RNN(inputs, hidden).double()
    with torch.no_grad():
        theirs.bias_hh_l0.zero_()
    return theirs, rnn.Elman(theirs.weight_ih_l0.detach(), theirs.weight_hh_l0.detach(), theirs.bias_ih_l0.detach())


def test_states_are_torchs():
    theirs, cell = elman()
    x = torch.randn(6, 2, 3).double()
    torch.testing.assert_close(rnn.unroll(x, cell)[1:], theirs(x)[0].detach())
    h = torch.randn(2, 4).double()
    torch.testing.assert_close(rnn.unroll(x, cell, h)[1:], theirs(x, h[None])[0].detach())


def test_gradients_through_time_are_autograds():
    theirs, cell = elman()
    x, h0 = torch.randn(6, 2, 3).double().requires_grad_(), torch.randn(1, 2, 4).double().requires_grad_()
    weight = torch.randn(6, 2, 4).double()
    (theirs(x, h0)[0] * weight).sum().backward()
    states = rnn.unroll(x.detach(), cell, h0.detach()[0])
    found = rnn.through_time(x.detach(), states, cell, weight)
    torch.testing.assert_close(found.cell.W, theirs.weight_ih_l0.grad)
    torch.testing.assert_close(found.cell.U, theirs.weight_hh_l0.grad)
    torch.testing.assert_close(found.cell.b, theirs.bias_ih_l0.grad)
    torch.testing.assert_close(found.x, x.grad)
    torch.testing.assert_close(found.h0, h0.grad[0])
    assert float(found.norms[0]) == pytest.approx(float(h0.grad.norm()))


@pytest.mark.parametrize(("scale", "grows"), [(0.5, False), (2.0, True)])
def test_the_gradient_shrinks_or_grows_with_the_norm_of_u(scale, grows):
    T, h = 20, 6
    cell = rnn.Elman(torch.zeros(h, 1), scale * torch.linalg.qr(torch.randn(h, h))[0], torch.zeros(h))
    x, gradient = torch.zeros(T, 1, 1), torch.zeros(T, 1, h)
    gradient[-1] = 1
    norms = rnn.through_time(x, rnn.unroll(x, cell), cell, gradient).norms
    assert float(norms[0] / norms[-1]) == pytest.approx(scale**T, rel=1e-3)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gated_cells_are_torchs(cell):
    torch.manual_seed(0)
    theirs = (nn.LSTMCell if cell == "lstm" else nn.GRUCell)(3, 5).double()
    x, h, c = torch.randn(2, 3).double(), torch.randn(2, 5).double(), torch.randn(2, 5).double()
    W, U, b, b_h = (getattr(theirs, name).detach() for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    if cell == "lstm":
        for ours, their in zip(rnn.lstm_step(x, h, c, (W, U, b + b_h)), theirs(x, (h, c)), strict=True):
            torch.testing.assert_close(ours, their.detach())
    else:
        torch.testing.assert_close(rnn.gru_step(x, h, (W, U, b, b_h)), theirs(x, h).detach())


@pytest.mark.parametrize("cell", ["tanh", "relu", "gru", "lstm"])
@pytest.mark.parametrize("start", ["orthogonal", "identity"])
def test_recurrent_weights_begin_as_rotations(cell, start):
    net = rnn.Recurrent(2, 6, 3, cell=cell, start=start)
    for U in net.cell.weight_hh_l0.detach().split(6):
        torch.testing.assert_close(U @ U.T, torch.eye(6), atol=1e-5, rtol=0)
        assert (start == "identity") == torch.equal(U, torch.eye(6))
    assert net(torch.randn(4, 7, 2)).shape == (4, 3)
    assert math.isclose(float(net.cell.bias_ih_l0.sum()), 6 if cell == "lstm" else 0)


@pytest.mark.parametrize(
    ("options", "words"), [({"cell": "elman"}, "cell is 'elman'"), ({"start": "zero"}, "start is 'zero'")]
)
def test_wrong_names_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        rnn.Recurrent(1, 2, 3, **options)
