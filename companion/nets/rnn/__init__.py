"""The same weights at every moment: a state is carried from each moment of a sequence to the next.

states = rnn.unroll(x, cell)                             # x (moments, sequences, inputs)
found = rnn.through_time(x, states, cell, gradient)      # found.cell, found.x, found.h0, found.norms
answer = rnn.Recurrent(28, 64, 10, cell="gru")(x)        # x (sequences, moments, inputs)

recurrence.py   unroll: tanh of the input and the state before; through_time: its gradients; jacobians: step by step
gates.py        lstm_step, gru_step: one moment of a cell that learns what to keep
network.py      Recurrent: torch's layers, begun as a rotation or as the identity, and an answer from the last state
"""

from .gates import gru_step, lstm_step
from .network import STARTS, Recurrent
from .recurrence import Elman, ThroughTime, jacobians, through_time, unroll

__all__ = [
    "STARTS",
    "Elman",
    "Recurrent",
    "ThroughTime",
    "gru_step",
    "jacobians",
    "lstm_step",
    "through_time",
    "unroll",
]
