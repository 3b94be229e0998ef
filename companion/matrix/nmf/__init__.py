"""X ≈ WH with W, H ≥ 0: every row of X is a sum of parts, the rows of H, and nothing is ever taken away.

NumPy arrays and torch tensors, float32 or float64; SciPy-sparse X with NumPy factors. `hals` is the fast way to a small
squared error; `multiplicative` also has the Kullback–Leibler divergence, for counts and light. One file, one idea:

    factorization   NMF   hals   multiplicative   what a run is asked for, and gives back
    alternating     hals_step                     one row of a factor at a time, each set to its best value
    updates                                       every entry times a quotient, which is 1 where the gradient vanishes
    frobenius                                     one iteration on the squared error, WH never formed
    momentum                                      steps that look ahead, and go back when that did not pay
    starts          nndsvd                        a start from the SVD, by its positive parts
    problem   checks                              data and starts: what passes, and what is told why not
"""

from companion.matrix.nmf.alternating import hals_step
from companion.matrix.nmf.factorization import NMF, hals, multiplicative
from companion.matrix.nmf.starts import nndsvd

__all__ = ["NMF", "hals", "hals_step", "multiplicative", "nndsvd"]
