"""Calls of companion.matrix.norms, good and wrong."""

import math

import numpy as np

from calls.common import GOOD, RNG, positive_number, whole_number
from companion.matrix import norms

CALLS = {
    norms.vector: {"x": GOOD[0], "p": 2},
    norms.matrix: {"A": GOOD, "kind": "fro"},
    norms.power_iteration: {"A": GOOD, "tol": 1e-3, "max_iter": 100, "rng": 0},
    norms.condition: {"A": GOOD},
    norms.stable_rank: {"A": GOOD},
    norms.convolution: {"weight": np.ones((1, 2, 3, 3)), "size": 5},
}
UNCHECKED = {
    norms.power_step: "the inside of power_iteration's loop: checks here would be paid at every step",
}
SPARSE_TOO = (norms.power_iteration,)
WRONG = {
    (norms.vector, "p"): [
        (0.5, ValueError, ("p is 0.5", "1 ≤ p ≤ math.inf", "triangle inequality")),
        (0, ValueError, ("p is 0",)), (-math.inf, ValueError, ("p is -inf",)), (math.nan, ValueError, ("p is nan",)),
        ("2", TypeError, ("p is '2'", "p ≥ 1 or math.inf")), (True, TypeError, ("p is True",)),
        (None, TypeError, ("p is None",)), ([2], TypeError, ("p is [2]",)), (2j, TypeError, ("p is 2j",)),
    ],
    (norms.matrix, "kind"): [
        ("two", ValueError, ("kind is 'two'", "'1', '2', 'inf', '2inf', 'fro', 'nuc'", "choose one")),
        (2, ValueError, ("kind is 2",)), (None, ValueError, ("kind is None",)), (["1"], ValueError, ("kind is ['1']",)),
    ],
    (norms.power_iteration, "tol"): positive_number("tol"),
    (norms.power_iteration, "max_iter"): whole_number("max_iter", 1),
    (norms.convolution, "size"): [
        (2, ValueError, ("size is 2", "size ≥ 3", "choose size")), ((5, 2), ValueError, ("size is 2", "size ≥ 3")),
        ((5, 5, 5), ValueError, ("size is (5, 5, 5)", "kernel (3, 3)", "one length per kernel dimension")),
        ((5,), ValueError, ("size is (5,)",)), ((), ValueError, ("size is ()",)),
        (5.0, TypeError, ("size is 5.0", "whole number")), ("5", TypeError, ("size is '5'",)),
        (None, TypeError, ("size is None",)), ((5, 5.5), TypeError, ("size is 5.5",)),
    ],
    (norms.stable_rank, "A"): [(np.zeros((2, 2)), ValueError, ("A is the zero matrix", "not defined", "not zero"))],
    (norms.power_iteration, "rng"): RNG,
}  # fmt: skip
