"""How much can a layer stretch, and how to bound it while it learns (Miyato et al. 2018).

normalize.py   spectral_norm   SpectralNorm     weight ↦ weight/σ: one power step with each use
operator.py    Flattened   Layer                what σ is the norm of: the flattened weights, or the whole layer
               operator_norm                    the largest singular value of a layer as it stands
steepness.py   lipschitz_bound   steepness      a product of norms, and the slopes that it bounds
"""

from companion.nets.spectral_norm.normalize import SpectralNorm, spectral_norm
from companion.nets.spectral_norm.operator import Flattened, Layer, operator_norm
from companion.nets.spectral_norm.steepness import lipschitz_bound, steepness

__all__ = [
    "Flattened",
    "Layer",
    "SpectralNorm",
    "lipschitz_bound",
    "operator_norm",
    "spectral_norm",
    "steepness",
]
