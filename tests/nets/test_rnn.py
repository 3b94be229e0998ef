"""The recurrence, its gradients through time and the gated cells against torch's own."""

import math

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given
from torch import nn

from companion.nets import rnn


def elman(inputs=3, hidden=4, seed=0):
    torch.manual_seed(seed)
    theirs = nn.RNN(inputs, hidden).double()
    with torch.no_grad():
        theirs.bias_hh_l0.zero_()
    return theirs, rnn.Elman(theirs.weight_ih_l0.detach(), theirs.weight_hh_l0.detach(), theirs.bias_ih_l0.detach())


def scaled_cell(scale, hidden=6):
    torch.manual_seed(0)
    return rnn.Elman(
        torch.zeros(hidden, 1), scale * torch.linalg.qr(torch.randn(hidden, hidden))[0], torch.zeros(hidden)
    )


# --- the recurrence --------------------------------------------------------------------------------------------------


def test_states_are_torchs():
    theirs, cell = elman()
    x = torch.randn(6, 2, 3).double()
    torch.testing.assert_close(rnn.unroll(x, cell)[1:], theirs(x)[0].detach())
    h = torch.randn(2, 4).double()
    torch.testing.assert_close(rnn.unroll(x, cell, h)[1:], theirs(x, h[None])[0].detach())
    assert torch.equal(rnn.unroll(x, cell, h)[0], h)
    assert rnn.unroll(x.float(), rnn.Elman(*(w.float() for w in cell))).dtype == torch.float32


@given(moments=st.integers(1, 6), cut=st.integers(0, 6), sequences=st.integers(1, 3), seed=st.integers(0, 99))
def test_a_sequence_can_be_read_in_two_parts(moments, cut, sequences, seed):
    """The state is all that the first part leaves behind, for the states and for the gradients."""
    _, cell = elman(seed=seed)
    x, cut = torch.randn(moments, sequences, 3).double(), min(cut, moments - 1)
    g = torch.randn(moments, sequences, 4).double()
    states = rnn.unroll(x, cell)
    if not cut:
        return
    first = rnn.unroll(x[:cut], cell)
    second = rnn.unroll(x[cut:], cell, first[-1])
    torch.testing.assert_close(torch.cat([first, second[1:]]), states)
    whole = rnn.through_time(x, states, cell, g)
    late = rnn.through_time(x[cut:], second, cell, g[cut:])
    early_g = g[:cut].clone()
    early_g[-1] += late.h0
    early = rnn.through_time(x[:cut], first, cell, early_g)
    for a, b, both in zip(early.cell, late.cell, whole.cell, strict=True):
        torch.testing.assert_close(a + b, both)
    torch.testing.assert_close(torch.cat([early.x, late.x]), whole.x)
    torch.testing.assert_close(early.h0, whole.h0)


# --- gradients through time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moments", [1, 2, 6])
@pytest.mark.parametrize("asked", ["every moment", "the last"])
def test_gradients_through_time_are_autograds(moments, asked):
    theirs, cell = elman()
    x, h0 = torch.randn(moments, 2, 3).double().requires_grad_(), torch.randn(1, 2, 4).double().requires_grad_()
    weight = torch.randn(moments, 2, 4).double()
    if asked == "the last":
        weight[:-1] = 0
    (theirs(x, h0)[0] * weight).sum().backward()
    states = rnn.unroll(x.detach(), cell, h0.detach()[0])
    kept = [w.clone() for w in (*cell, states, weight)]
    found = rnn.through_time(x.detach(), states, cell, weight)
    torch.testing.assert_close(found.cell.W, theirs.weight_ih_l0.grad)
    torch.testing.assert_close(found.cell.U, theirs.weight_hh_l0.grad)
    torch.testing.assert_close(found.cell.b, theirs.bias_ih_l0.grad)
    torch.testing.assert_close(found.x, x.grad)
    torch.testing.assert_close(found.h0, h0.grad[0])
    assert all(torch.equal(a, b) for a, b in zip(kept, (*cell, states, weight), strict=True)), "what came in is changed"


def test_norms_are_those_of_the_gradient_by_each_state():
    """By autograd on the unrolled network, whose states are leaves of a graph that is kept."""
    _, cell = elman()
    x, weight = torch.randn(5, 2, 3).double(), torch.randn(5, 2, 4).double()
    states = [torch.zeros(2, 4).double().requires_grad_()]
    for x_t in x:
        states.append(torch.tanh(x_t @ cell.W.T + states[-1] @ cell.U.T + cell.b))
        states[-1].retain_grad()
    sum((h * w).sum() for h, w in zip(states[1:], weight, strict=True)).backward()
    norms = rnn.through_time(x, torch.stack(states).detach(), cell, weight).norms
    assert norms.tolist() == pytest.approx([float(h.grad.norm()) for h in states])


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_the_gradient_shrinks_or_grows_as_the_powers_of_u(scale):
    """With zero input the states are zero and the slopes one: a scaled rotation changes lengths by its scale."""
    T, cell = 20, scaled_cell(scale)
    x, gradient = torch.zeros(T, 1, 1), torch.zeros(T, 1, 6)
    gradient[-1] = 1
    norms = rnn.through_time(x, rnn.unroll(x, cell), cell, gradient).norms
    assert float(norms[0] / norms[-1]) == pytest.approx(scale**T, rel=1e-3)


def test_jacobians_multiply_to_the_derivative_of_the_last_state_by_the_first():
    _, cell = elman()
    x, h = torch.randn(5, 3, 3).double(), torch.randn(3, 4).double()
    J = rnn.jacobians(rnn.unroll(x, cell, h), cell)
    assert J.shape == (5, 3, 4, 4)
    for n in range(3):
        product = torch.linalg.multi_dot([*J[:, n].flip(0)])
        exact = torch.autograd.functional.jacobian(
            lambda start, n=n: rnn.unroll(x[:, n : n + 1], cell, start[None])[-1, 0], h[n]
        )
        torch.testing.assert_close(product, exact)


@given(scale=st.floats(0.1, 3), seed=st.integers(0, 99))
def test_the_product_is_bounded_by_the_product_of_norms(scale, seed):
    """The chapter's inequality: ‖∂h_T/∂h₀‖₂ ≤ Π‖Jₜ‖₂ ≤ ‖U‖₂ᵀ."""
    torch.manual_seed(seed)
    cell = rnn.Elman(torch.randn(5, 2).double(), scale * torch.randn(5, 5).double(), torch.randn(5).double())
    J = rnn.jacobians(rnn.unroll(torch.randn(7, 1, 2).double(), cell), cell)[:, 0]
    norm = float(torch.linalg.matrix_norm(torch.linalg.multi_dot([*J.flip(0)]), 2))
    each = float(torch.linalg.matrix_norm(J, 2).prod())
    assert norm <= each * (1 + 1e-9)
    assert each <= float(torch.linalg.matrix_norm(cell.U, 2)) ** 7 * (1 + 1e-9)


# --- cells with gates ------------------------------------------------------------------------------------------------


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


def test_an_open_gate_keeps_its_memory_and_a_closed_one_loses_it():
    """Forget gates at σ(±40), input gates shut: c stays to the last bit, or goes, over any number of moments."""
    h = c = torch.randn(2, 3, generator=torch.Generator().manual_seed(0)).double()
    for bias, kept in ((40.0, c), (-40.0, 0 * c)):
        b = torch.cat([torch.full((3,), v) for v in (-40.0, bias, 0.0, 0.0)]).double()
        state, memory = h, c
        for _ in range(50):
            state, memory = rnn.lstm_step(
                torch.zeros(2, 1).double(), state, memory, (torch.zeros(12, 1).double(), torch.zeros(12, 3).double(), b)
            )
        torch.testing.assert_close(memory, kept)
        torch.testing.assert_close(state, torch.tanh(kept) / 2)


# --- the network -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["tanh", "relu", "gru", "lstm"])
@pytest.mark.parametrize("start", rnn.STARTS)
def test_recurrent_weights_begin_as_promised(cell, start):
    torch.manual_seed(0)
    net = rnn.Recurrent(2, 6, 3, cell=cell, start=start, forget=2.5)
    blocks = net.cell.weight_hh_l0.detach().split(6)
    assert len(blocks) == {"gru": 3, "lstm": 4}.get(cell, 1)
    for U in blocks:
        rotation = torch.allclose(U @ U.T, torch.eye(6), atol=1e-5)
        assert rotation == (start != "uniform")
        assert (start == "identity") == torch.equal(U, torch.eye(6))
        assert start != "uniform" or float(U.abs().max()) <= 6**-0.5
    assert net(torch.randn(4, 7, 2)).shape == (4, 3)
    biases = net.cell.bias_ih_l0.detach()
    forget = biases.split(6)[1] if cell == "lstm" else torch.zeros(0)
    assert forget.tolist() == [2.5] * len(forget)
    assert math.isclose(float(biases.sum()), 15 if cell == "lstm" else 0)
    assert not net.cell.bias_hh_l0.any()


def test_the_forget_gates_begin_at_one():
    assert rnn.Recurrent(2, 6, 3, cell="lstm").cell.bias_ih_l0.detach().split(6)[1].tolist() == [1.0] * 6


@pytest.mark.parametrize("cell", ["tanh", "relu", "gru", "lstm"])
def test_answers_are_those_of_the_written_out_steps(cell):
    torch.manual_seed(0)
    net = rnn.Recurrent(3, 5, 2, cell=cell).double()
    x = torch.randn(4, 6, 3).double()
    W, U, b, c = (p.detach() for p in net.cell.parameters())
    h = memory = torch.zeros(4, 5).double()
    answers = []
    for x_t in x.unbind(1):
        if cell == "lstm":
            h, memory = rnn.lstm_step(x_t, h, memory, (W, U, b + c))
        elif cell == "gru":
            h = rnn.gru_step(x_t, h, (W, U, b, c))
        else:
            h = (torch.tanh if cell == "tanh" else torch.relu)(x_t @ W.T + h @ U.T + b + c)
        answers.append(net.answer(h))
    torch.testing.assert_close(net.answers(x), torch.stack(answers, 1))
    torch.testing.assert_close(net(x), answers[-1])


def test_padding_is_not_read():
    """With lengths the answer is that of the sequence alone, whatever follows it."""
    torch.manual_seed(0)
    net = rnn.Recurrent(3, 5, 2)
    x, lengths = torch.randn(3, 8, 3), torch.tensor([8, 3, 1])
    alone = torch.cat([net(x[i : i + 1, :n]) for i, n in enumerate(lengths.tolist())])
    torch.testing.assert_close(net(x, lengths), alone)
    assert not torch.allclose(net(x)[1:], alone[1:], atol=1e-3)


# --- what is refused -------------------------------------------------------------------------------------------------


def zeros(*shape):
    return torch.zeros(shape)


CELL = rnn.Elman(zeros(4, 3), zeros(4, 4), zeros(4))
SHORT, LONG = (zeros(12, 3), zeros(12, 4), zeros(12)), (zeros(16, 3), zeros(16, 4), zeros(16), zeros(16))


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rnn.unroll(zeros(5, 2, 4), CELL), r"x has shape \(5, 2, 4\); \(moments, sequences, 3"),
        (lambda: rnn.unroll(zeros(5, 3), CELL), r"x has shape \(5, 3\)"),
        (lambda: rnn.unroll(zeros(0, 2, 3), CELL), "at least one"),
        (lambda: rnn.unroll(zeros(5, 2, 3), CELL, zeros(4)), r"h has shape \(4,\); \(2, 4\)"),
        (lambda: rnn.through_time(zeros(5, 2, 4), zeros(6, 2, 4), CELL, zeros(5, 2, 4)), "moments first"),
        (
            lambda: rnn.through_time(zeros(5, 2, 3), zeros(5, 2, 4), CELL, zeros(5, 2, 4)),
            r"states have shape \(5, 2, 4\).*\(6, 2, 4\) and \(5, 2, 4\)",
        ),
        (lambda: rnn.through_time(zeros(5, 2, 3), zeros(6, 2, 4), CELL, zeros(2, 4)), r"gradient \(2, 4\)"),
        (lambda: rnn.jacobians(zeros(6, 4), CELL), r"states have shape \(6, 4\); \(moments \+ 1, sequences, 4"),
        (lambda: rnn.lstm_step(zeros(1, 3), zeros(1, 4), zeros(1, 4), SHORT), "12, 12 and 12 rows; 4 gates of 4 units"),
        (lambda: rnn.gru_step(zeros(1, 3), zeros(1, 4), LONG), "3 gates of 4 units need 12"),
        (lambda: rnn.Recurrent(1, 2, 3, cell="elman"), "cell is 'elman'; allowed are tanh, relu, gru, lstm"),
        (lambda: rnn.Recurrent(1, 2, 3, start="zero"), "start is 'zero'; allowed are orthogonal"),
        (lambda: rnn.Recurrent(0, 2, 3), "inputs is 0"),
        (lambda: rnn.Recurrent(1, 2, 3)(zeros(2, 4, 1), torch.tensor([4, 5])), r"lengths are \[4, 5\]"),
        (lambda: rnn.Recurrent(1, 2, 3)(zeros(2, 4, 1), torch.tensor([0, 4])), "from 1 to 4"),
        (lambda: rnn.Recurrent(1, 2, 3)(zeros(2, 4, 1), torch.tensor([4])), "each of the 2 sequences"),
        (lambda: rnn.Recurrent(2, 2, 3)(zeros(2, 4, 1)), r"x has shape \(2, 4, 1\); \(sequences, moments, 2"),
        (lambda: rnn.Recurrent(2, 2, 3).answers(zeros(4, 2)), r"x has shape \(4, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.bad_input
@pytest.mark.parametrize(("sizes", "words"), [((1, 2.5, 3), "hidden is 2.5"), ((1, 2, True), "outputs is True")])
def test_sizes_are_whole_numbers(sizes, words):
    with pytest.raises(TypeError, match=words):
        rnn.Recurrent(*sizes)
