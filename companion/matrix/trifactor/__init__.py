"""X ≈ WHWᵀ + b: n things in d groups W, how the groups act on each other H, and a common level b.

The model is DEDICOM (Harshman 1978) with a bias; with one H for each of several relations it is called RESCAL (Nickel,
Tresp & Kriegel 2011). X is square; where it is not symmetric, H says who acts on whom. One file, one idea:

    factorization   TriFactors   fit      by descent or by Adam, then in canonical form
    derivatives     loss   gradients      by hand; no n × n matrix but X is ever formed
    descent         descent_step          a step that is guaranteed to descend
    starts                                which of several valleys is deep
    automatic                             the same with torch's derivatives and Adam
"""

from companion.matrix.trifactor.derivatives import Gradients, gradients, loss
from companion.matrix.trifactor.descent import descent_step
from companion.matrix.trifactor.factorization import TriFactors, fit

__all__ = ["Gradients", "TriFactors", "descent_step", "fit", "gradients", "loss"]
