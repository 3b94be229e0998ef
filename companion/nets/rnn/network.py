"""A network that reads a sequence and answers: one of torch's recurrent layers with a good start, and a last layer."""

from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from companion._array import whole

STARTS = ("orthogonal", "identity", "uniform")


class Recurrent(nn.Module):
    """A sequence x (n, t, p) to one answer (n, outputs): read one moment after the other, answer from the last state.

    `cell` is "tanh", "relu" (both without gates), "gru" or "lstm". U, or that of each gate, begins as a random rotation
    (`start` "orthogonal", Saxe et al. 2014), as the identity ("identity", Le, Jaitly & Hinton 2015), or as torch begins
    ("uniform" within ±1/√hidden); W as torch's, biases as zero, and those of the LSTM's forget gates as `forget`.
    """

    CELLS: ClassVar = {"tanh": nn.RNN, "relu": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        *,
        cell: str = "gru",
        start: str = "orthogonal",
        forget: float = 1.0,
    ) -> None:
        super().__init__()
        for name, size in (("inputs", inputs), ("hidden", hidden), ("outputs", outputs)):
            whole(size, name, low=1)
        for name, value, allowed in (("cell", cell, tuple(self.CELLS)), ("start", start, STARTS)):
            if value not in allowed:
                raise ValueError(f"{name} is {value!r}; allowed are {', '.join(allowed)}.")
        kind = {"nonlinearity": cell} if cell in ("tanh", "relu") else {}
        self.cell = self.CELLS[cell](inputs, hidden, batch_first=True, **kind)
        self.answer = nn.Linear(hidden, outputs)
        self._begin(cell, start, forget)

    @torch.no_grad()
    def _begin(self, cell: str, start: str, forget: float) -> None:
        for U in self.cell.weight_hh_l0.chunk({"gru": 3, "lstm": 4}.get(cell, 1)):
            if start != "uniform":
                U.copy_(torch.eye(len(U))) if start == "identity" else nn.init.orthogonal_(U)
        self.cell.bias_ih_l0.zero_()
        self.cell.bias_hh_l0.zero_()
        if cell == "lstm":
            self.cell.bias_ih_l0.chunk(4)[1].fill_(forget)

    def answers(self, x: Float[Tensor, "n t p"]) -> Float[Tensor, "n t k"]:
        """The answer after each moment, as if the sequence ended there."""
        return self.answer(self._states(x))

    def forward(self, x: Float[Tensor, "n t p"], lengths: Int[Tensor, " n"] | None = None) -> Float[Tensor, "n k"]:
        """The answer after the last moment, or after moment `lengths` of each sequence: what follows is padding."""
        states = self._states(x)
        if lengths is None:
            return self.answer(states[:, -1])
        if lengths.shape != (len(x),) or not bool(((lengths >= 1) & (lengths <= x.shape[1])).all()):
            raise ValueError(
                f"lengths are {lengths.tolist()}; one for each of the {len(x)} sequences, from 1 to {x.shape[1]}."
            )
        return self.answer(states[torch.arange(len(x), device=x.device), lengths - 1])

    def _states(self, x: Tensor) -> Tensor:
        if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != self.cell.input_size:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; (sequences, moments, {self.cell.input_size}) is needed, at least one "
                "moment: data.sequences.as_sequence makes it of pictures."
            )
        return self.cell(x)[0]
