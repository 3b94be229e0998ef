"""Calls of companion.matrix.trifactor, good and wrong."""

import math

import numpy as np
import scipy.sparse
import torch

from calls.common import RNG, positive_number, whole_number
from companion.matrix import trifactor

SQUARE = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
GOOD = trifactor.fit(SQUARE, 2, rng=0)

CALLS = {
    trifactor.fit: {
        "X": SQUARE, "rank": 2, "bias": "row", "method": "descent", "steps": 3, "lr": 0.5, "rng": 0,
    },
    trifactor.gradients: {"X": SQUARE, "W": GOOD.W, "H": GOOD.H, "b": GOOD.b},
    trifactor.loss: {"X": SQUARE, "W": GOOD.W, "H": GOOD.H, "b": GOOD.b},
}  # fmt: skip
UNCHECKED = {
    trifactor.descent_step: "the inside of fit's loop: checks here would be paid at every step",
    trifactor.TriFactors.reconstruct: "takes no argument",
    trifactor.TriFactors.canonical: "takes no argument",
}
SPARSE_TOO = (trifactor.fit, trifactor.gradients, trifactor.loss)

NOT_SQUARE = [
    (scipy.sparse.csr_array(np.ones((3, 4))), ValueError, ("X has shape (3, 4)", "must be square")),
    (np.ones((3, 4)), ValueError, ("X has shape (3, 4)", "must be square", "the same n things")),
    (np.ones((1, 3)), ValueError, ("X has shape (1, 3)", "must be square")),
    (torch.ones(4, 3), ValueError, ("X has shape (4, 3)", "must be square")),
    (SQUARE * 1j, TypeError, ("X has dtype complex128", "real numbers are needed", "X.real")),
]
FACTOR = [
    (np.ones((4, 2)), ValueError, ("for an X of 3 × 3", "W must be n × d and H d × d", "one and the same fit")),
    (np.ones((3, 3)), ValueError, ("must be n × d",)), (np.ones(2), ValueError, ("has shape (2,)", "dimension")),
    ([[1.0, 2.0]], TypeError, ("is a list", "NumPy array or a torch tensor")), (None, TypeError, ("is a NoneType",)),
    (np.full((3, 2), math.nan), ValueError, ("holds NaN or infinity",)),
]  # fmt: skip
LEVEL = [
    (np.ones(2), ValueError, ("b has shape (2,) for an X of 3 × 3", "one number or 3 of them")),
    (np.ones((3, 1)), ValueError, ("b has shape (3, 1)", "dimension")), ("1", TypeError, ("b is a str",)),
    (None, TypeError, ("b is a NoneType",)), (math.nan, ValueError, ("b holds NaN",)),
]  # fmt: skip
WRONG = {
    (trifactor.fit, "X"): [
        *NOT_SQUARE,
        (1e200 * SQUARE, ValueError, ("X has entries up to 3e+200", "the range of float64", "divide X by that")),
        (1e-200 * SQUARE, ValueError, ("X has entries up to 3e-200", "divide X by that")),
        (1e150 * SQUARE, ValueError, ("up to 3e+150", "the range of float64")),  # its square fits, but no sum of such
        (1e-145 * SQUARE, ValueError, ("up to 3e-145", "the range of float64")),
        (1e25 * SQUARE.astype(np.float32), ValueError, ("up to 3e+25", "the range of float32")),
    ],
    (trifactor.fit, "rank"): whole_number("rank", 1, 3),
    (trifactor.fit, "steps"): whole_number("steps", 1),
    (trifactor.fit, "lr"): [case for case in positive_number("lr") if case[0] is not None],
    (trifactor.fit, "method"): [
        ("sgd", ValueError, ("method is 'sgd'", "'descent' and 'adam'", "choose one")),
        (None, ValueError, ("method is None",)), (["adam"], ValueError, ("method is ['adam']",)),
    ],
    (trifactor.fit, "bias"): [
        ("column", ValueError, ("bias is 'column'", "'scalar', 'row' and None", "choose one")),
        (True, ValueError, ("bias is True",)), ("none", ValueError, ("bias is 'none'",)),
    ],
    (trifactor.fit, "rng"): RNG,
    **{(f, "X"): NOT_SQUARE for f in (trifactor.gradients, trifactor.loss)},
    **{(f, "W"): FACTOR for f in (trifactor.gradients, trifactor.loss)},
    **{(f, "H"): FACTOR for f in (trifactor.gradients, trifactor.loss)},
    **{(f, "b"): LEVEL for f in (trifactor.gradients, trifactor.loss)},
}  # fmt: skip
