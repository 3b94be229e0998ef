"""A fit: by descent or by automatic differentiation, and then in its canonical form."""

from typing import Any, NamedTuple

from array_api_compat import array_namespace, device
from jaxtyping import Inexact

from companion._array import positive, whole
from companion.matrix.trifactor.automatic import adam
from companion.matrix.trifactor.derivatives import Core, Groups, Square, squared
from companion.matrix.trifactor.descent import at, descend, problem
from companion.matrix.trifactor.starts import start

METHODS, BIASES = ("descent", "adam"), ("scalar", "row", None)


class TriFactors(NamedTuple):
    """X ≈ WHWᵀ + b with b one number or one for each row; `losses`: ‖X − WHWᵀ − b‖²_F at the start, after each step."""

    W: Groups
    H: Core
    b: Inexact[Any, ""] | Inexact[Any, " n"]
    losses: Inexact[Any, " steps"]

    def reconstruct(self) -> Square:
        """WHWᵀ + b."""
        return self.W @ self.H @ self.W.T + (self.b[:, None] if self.b.ndim else self.b)

    def canonical(self) -> "TriFactors":
        """The same product, with orthonormal W and the symmetric part of H diagonal, largest entries first.

        WHWᵀ is the same for WQ and Q⁻¹HQ⁻ᵀ with any invertible Q. This choice is unique unless entries of that
        diagonal are equal in size; for symmetric X it is the eigendecomposition. The first entry of each column of W
        that is within 0.1 % of its largest is made positive.
        """
        xp = array_namespace(self.W)
        Q, T = xp.linalg.qr(self.W)
        H = T @ self.H @ T.T
        values, V = xp.linalg.eigh((H + H.T) / 2)
        V = xp.take(V, xp.argsort(-xp.abs(values)), axis=1)
        W = Q @ V
        size = xp.abs(W)
        first = xp.argmax(xp.astype(size >= 0.999 * xp.max(size, axis=0), xp.int8), axis=0)
        signs = xp.sign(xp.take_along_axis(W, first[None, :], axis=0))[0]
        return self._replace(W=W * signs, H=signs[:, None] * (V.T @ H @ V) * signs)


def fit(
    X: Square,
    rank: int,
    *,
    bias: str | None = "scalar",
    method: str = "descent",
    steps: int = 200,
    lr: float | None = None,
    rng: Any = None,
) -> TriFactors:
    """WHWᵀ + b near X in the Frobenius norm, W with `rank` columns, in canonical form.

    `bias` is "scalar" for one number, "row" for one for each row, or None. "descent" never raises the loss, and stops
    early where no step lowers it; `lr` is the first length it tries, 1 if None. "adam" takes all `steps`, by automatic
    differentiation; `lr` is .05 if None. For a symmetric X without bias the best fit is the eigenvectors of the largest
    |eigenvalues|; it is the only minimum if no eigenvalue has the other sign. Else there may be several: try some
    seeds. `rng` is a seed or a numpy.random.Generator. `X` may be SciPy-sparse for "descent". Raises ValueError for an
    X whose ‖X‖² leaves the range of its dtype.
    """
    xp, X = squared(X)
    _check_choices(bias, method)
    rank, steps = whole(rank, "rank", 1, X.shape[0]), whole(steps, "steps", 1)
    lr = positive(lr, "lr") if lr is not None else {"descent": 1.0, "adam": 0.05}[method]
    p = problem(xp, X, bias)
    _check_range(p)
    begin = at(p, start(p, rank, rng))
    W, H, b, losses = _by_adam(p, begin, steps, lr) if method == "adam" else _by_descent(p, begin, steps, lr)
    return TriFactors(W, H, b, xp.asarray(losses, dtype=X.dtype, device=device(W))).canonical()


def _by_descent(p, begin, steps, lr):
    losses = []
    for point in descend(p, begin, steps, lr):
        losses.append(point.loss)
    return point.W, point.H, point.b, losses


def _by_adam(p, point, steps, lr):
    import torch

    if hasattr(p.X, "tocsr"):
        raise TypeError("X is sparse, which method='adam' does not take: give X.toarray(), or use method='descent'.")
    tensors = [torch.as_tensor(x) for x in (p.X, point.W, point.H, point.b)]
    *factors, losses = adam(*tensors, bias=p.bias, steps=steps, lr=lr)
    return *(p.xp.asarray(factor) for factor in factors), losses


def _check_choices(bias, method) -> None:
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; allowed are 'descent' and 'adam': choose one of these.")
    if bias not in BIASES:
        raise ValueError(f"bias is {bias!r}; allowed are 'scalar', 'row' and None: choose one of these.")


def _check_range(p) -> None:
    info = p.xp.finfo(p.sums.dtype)
    largest = float(abs(p.X).max())
    if largest > 0 and not info.smallest_normal / info.eps**2 < p.energy < info.max * info.eps:
        raise ValueError(
            f"X has entries up to {largest:.3g}, whose squares leave the range of {p.sums.dtype}: divide X by that."
        )
