"""log p(x) of a model with latent codes, by importance sampling: the one metric that is a probability.

NumPy arrays and torch tensors: whatever the model works with.
"""

import math
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj
from jaxtyping import Float64

from companion._array import logsumexp, whole


@runtime_checkable
class Model(Protocol):
    """What `importance_bound` asks of a model: log p(x, z) − log q(z|x) for k codes z of each picture, (k, n)."""

    def log_weights(self, x: Any, k: int, *labels: Any) -> Any: ...


class Likelihood(NamedTuple):
    """Nats per picture: the mean and its standard error over pictures; the bound for each picture, and how many of its
    k codes count, (Σw)²/Σw². Where few do, the bound is still well below log p(x): take more codes.
    """

    mean: float
    error: float
    each: Float64[np.ndarray, " n"]
    effective: Float64[np.ndarray, " n"]


def importance_bound(model: Model, x: Any, k: int = 5000, *, labels: Any = None, chunk: int = 5000) -> Likelihood:
    """log p(x) ≥ E[log (1/k) Σ_i p(x, z_i)/q(z_i|x)], for the rows of x (Burda, Grosse & Salakhutdinov 2016).

    k = 1 is the ELBO; the bound does not fall with k, and reaches log p(x). As −mean it is the NLL of the literature,
    usually with k = 5000. At most `chunk` codes are decoded at once, which bounds the memory. `labels` go to the model
    row by row. Batch norm: call model.eval() before. Random numbers are the model's: seed them for the same figure.
    """
    n, k, chunk = _rows(x), whole(k, "k", 1), whole(chunk, "chunk", 1)
    if labels is not None and len(labels) != n:
        raise ValueError(f"labels has {len(labels)} rows, x has {n}; give one label for each row of x.")
    size = max(1, chunk // k)  # few codes: many pictures at once; many codes: one picture, its codes in parts
    logs = np.empty((2, n))
    for first in range(0, n, size):
        rows = slice(first, min(first + size, n))
        given = (x[rows],) if labels is None else (x[rows], labels[rows])
        logs[:, rows] = _sums(model, given, k, chunk)
    each, square = logs
    error = float(np.std(each, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return Likelihood(float(np.mean(each)), error, each, np.exp(2 * (each + math.log(k)) - square))


def _sums(model: Model, given: tuple, k: int, chunk: int) -> np.ndarray:
    """log (1/k)Σw and log Σw² over k codes for each of these pictures, `chunk` codes at a time."""
    total = np.full((2, _rows(given[0])), -np.inf)
    for start in range(0, k, chunk):
        part = min(chunk, k - start)
        log_w = model.log_weights(given[0], part, *given[1:])
        if not is_array_api_obj(log_w) or tuple(log_w.shape) != (part, total.shape[1]):
            raise ValueError(
                f"model.log_weights returned {_described(log_w)} for k = {part} and {total.shape[1]} picture(s); "
                f"log p(x, z) − log q(z|x) of shape {(part, total.shape[1])} is needed."
            )
        xp = array_namespace(log_w)
        log_w = xp.astype(log_w, xp.float64)
        found = [np.asarray(logsumexp(power * log_w, axis=0).tolist()) for power in (1, 2)]
        total = np.logaddexp(total, np.stack(found))
    return total - np.array([[math.log(k)], [0.0]])


def _rows(x: Any) -> int:
    if not is_array_api_obj(x) or x.ndim == 0 or x.shape[0] == 0:
        raise ValueError(f"x is {_described(x)}; an array or a tensor with at least one row is needed.")
    return x.shape[0]


def _described(x: Any) -> str:
    return f"an array of shape {tuple(x.shape)}" if is_array_api_obj(x) else f"a {type(x).__name__}"
