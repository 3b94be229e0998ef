"""Calls of companion.matrix.nmf, good and wrong."""

import math

import numpy as np
import scipy.sparse
import torch

from calls.common import GOOD, RNG, nonnegative_number, whole_number
from companion.matrix import nmf

START = nmf.nndsvd(GOOD, 2, fill="mean")
BROKEN = np.ones((4, 3), bool)
BROKEN[2] = False
COMMON = {"rank": 2, "init": "random", "mask": None, "l1": 0.0, "l2": 0.0, "max_iter": 3, "tol": 0.0, "rng": 0}

CALLS = {
    nmf.hals: {"X": GOOD, "sweeps": 1, "extrapolate": True, **COMMON},
    nmf.multiplicative: {"X": GOOD, "loss": "kl", "extrapolate": True, "floor": 0.0, **COMMON},
    nmf.hals_step: {"X": GOOD, "W": START[0], "H": START[1]},
    nmf.nndsvd: {"X": GOOD, "rank": 2, "fill": "zero", "rng": 0},
}
UNCHECKED = {nmf.NMF.reconstruct: "takes no argument"}
SPARSE_TOO = (nmf.hals, nmf.multiplicative, nmf.hals_step, nmf.nndsvd)

NOT_DATA = [
    (GOOD - 1, ValueError, ("X has the negative entry -1", "all must be ≥ 0", "shift or clip")),
    (torch.tensor(GOOD - 1), ValueError, ("X has the negative entry -1",)),
]
NOT_REAL = [(GOOD * 1j, TypeError, ("X has dtype complex128", "real numbers", "X.real"))]
NO_SCALE = [
    (np.zeros((4, 3)), ValueError, ("X has the largest entry 0", "not zero everywhere")),
    ((1e-25 * GOOD).astype(np.float32), ValueError, ("largest entry 3e-25", "float32 has no room", "divided by")),
    ((1e20 * GOOD).astype(np.float32), ValueError, ("largest entry 3e+20", "float32 has no room", "divided by")),
    (scipy.sparse.csr_array((4, 3)), ValueError, ("X has the largest entry 0",)),
]
STARTS = [
    ("nndsvdar", ValueError, ("init is 'nndsvdar'", "'nndsvda', 'nndsvd', 'random'", "a pair (W, H)")),
    (None, ValueError, ("init is None",)), (3, ValueError, ("init is 3",)), (START[:1], ValueError, ("a pair (W, H)",)),
    ((START[0].T, START[1]), ValueError, ("W of init has shape (2, 4)", "must be (4, 2)")),
    ((START[0], START[1][:1]), ValueError, ("H of init has shape (1, 3)", "must be (2, 3)")),
    ((-START[0], START[1]), ValueError, ("W of init has entries that are not ≥ 0", "absolute values")),
    ((START[0], START[1] * 1j), ValueError, ("H of init has entries that are not ≥ 0",)),
    ((START[0], torch.tensor(START[1])), TypeError, ("H of init is a Tensor", "one library")),
    ((START[0], START[1] * math.nan), ValueError, ("H of init holds NaN",)),
    ((START[0].tolist(), START[1]), TypeError, ("W of init is a list",)),
]  # fmt: skip
MASKS = [
    (np.ones((3, 4), bool), ValueError, ("mask has shape (3, 4), X (4, 3)", "one truth value for each entry")),
    (np.ones((4, 3)), TypeError, ("mask has dtype float64", "must be bool", "mask > 0")),
    (torch.ones(4, 3, dtype=torch.bool), TypeError, ("mask is a Tensor for X, a ndarray", "one library")),
    ([[True] * 3] * 4, TypeError, ("mask is a list",)), (BROKEN, ValueError, ("knows nothing of row 2", "leave out")),
    (np.ones((4, 3), bool) & [True, True, False], ValueError, ("knows nothing of column 2",)),
]  # fmt: skip
WEIGHTS = {name: [*nonnegative_number(name)[:-2], ((0.1, -1.0), ValueError, (f"{name} is -1.0",)),
                  ((1, 2, 3), TypeError, (f"{name} is (1, 2, 3)",))] for name in ("l1", "l2")}  # fmt: skip
SWITCH = [
    ("no", TypeError, ("extrapolate is 'no'", "True or False")), (1, TypeError, ("extrapolate is 1",)),
    (None, TypeError, ("extrapolate is None",)),
]  # fmt: skip
STEP = [
    (np.ones((2, 4)), ValueError, ("has shape (2, 4) for an X of (4, 3)", "it must be")),
    (np.ones(3), ValueError, ("has shape (3,)", "dimension")), ([[1.0]], TypeError, ("is a list", "numpy.asarray")),
]  # fmt: skip

WRONG = {
    **{(f, "X"): NOT_DATA + NOT_REAL + NO_SCALE for f in (nmf.hals, nmf.multiplicative)},
    (nmf.nndsvd, "X"): NOT_DATA + NOT_REAL + NO_SCALE,
    **{(f, "rank"): whole_number("rank", 1) for f in (nmf.hals, nmf.multiplicative)},
    (nmf.nndsvd, "rank"): whole_number("rank", 1, 3),
    **{(f, "init"): STARTS for f in (nmf.hals, nmf.multiplicative)},
    **{(f, "mask"): MASKS for f in (nmf.hals, nmf.multiplicative)},
    **{(f, name): cases for f in (nmf.hals, nmf.multiplicative) for name, cases in WEIGHTS.items()},
    **{(f, "max_iter"): whole_number("max_iter", 0) for f in (nmf.hals, nmf.multiplicative)},
    **{(f, "tol"): nonnegative_number("tol") for f in (nmf.hals, nmf.multiplicative)},
    **{(f, "extrapolate"): SWITCH for f in (nmf.hals, nmf.multiplicative)},
    (nmf.hals, "sweeps"): whole_number("sweeps", 1),
    (nmf.multiplicative, "floor"): nonnegative_number("floor"),
    (nmf.multiplicative, "loss"): [
        ("KL", ValueError, ("loss is 'KL'", "'frobenius' and 'kl'", "choose one")), (2, ValueError, ("loss is 2",)),
        (None, ValueError, ("loss is None",)), (["kl"], ValueError, ("loss is ['kl']",)),
    ],
    (nmf.nndsvd, "fill"): [
        ("ar", ValueError, ("fill is 'ar'", "'zero' and 'mean'", "choose one")), (0, ValueError, ("fill is 0",)),
    ],
    (nmf.hals_step, "W"): STEP,
    (nmf.hals_step, "H"): STEP,
    **{(f, "rng"): RNG for f in (nmf.hals, nmf.multiplicative, nmf.nndsvd)},
}  # fmt: skip
