"""Gaussian mixtures by expectation–maximization: a density p(x) = Σ_k π_k N(x; μ_k, Σ_k) for a cloud of points.

Two steps take turns (Dempster, Laird & Rubin 1977). `e_step`: which component is behind each point, given the mixture?
`m_step`: which mixture fits best, given that? `em` repeats them. NumPy arrays and torch tensors, float32 or float64.
One file, one idea:

    steps         em   e_step   m_step       the two steps, and the run that repeats them
    mixture       GaussianMixture            the density, and what can be asked of it: score, share, draw
    covariance    KINDS                      the four kinds, and what each can do
    conditioning                             what the known coordinates say of the others
    moments                                  the fast form of both steps, one sweep over the points
    maximize   collapse                      from sums to a mixture, and when to stop
    seeding   starts   kmeans_plus_plus      where to begin
    points                                   the rows of a matrix as points
"""

from companion.matrix.gmm.covariance import KINDS
from companion.matrix.gmm.mixture import GaussianMixture, Samples
from companion.matrix.gmm.seeding import Seeds, kmeans_plus_plus
from companion.matrix.gmm.steps import EM, Expectation, e_step, em, m_step

__all__ = [
    "EM",
    "KINDS",
    "Expectation",
    "GaussianMixture",
    "Samples",
    "Seeds",
    "e_step",
    "em",
    "kmeans_plus_plus",
    "m_step",
]
