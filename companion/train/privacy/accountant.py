"""How much a run gives away: Rényi differential privacy of the subsampled Gaussian, and the ε that follows from it.

One step adds normal noise of standard deviation noise · max_norm to a sum in which each example takes part with
probability `rate`, and moves the sum by max_norm at most. Two data sets are neighbours if one has one example more.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

# Orders that are tried. Up to 63 those of opacus; the large ones matter where ε is far below 1.
ORDERS = (*(1 + i / 10 for i in range(1, 100)), *range(12, 64), 80, 96, 128, 192, 256, 384, 512)
TAIL = 12.0  # standard deviations beyond which nothing is left: e^(−72)
LEAST = 0.01  # noise below which the sum would have too many points
FINE = 10  # points of the sum per standard deviation


class Spent(NamedTuple):
    """The run is (epsilon, δ)-differentially private; `order` is the one that proves it best."""

    epsilon: float
    order: float


def rdp(rate: float, noise: float, order: float) -> float:
    """log E_{z∼N(0, σ²)} [(1 − q + q·exp((2z − 1)/2σ²))^α] / (α − 1): the Rényi divergence of one step at order α.

    Mironov, Talwar & Zhang (2019), section 3.3: their A_α, q the `rate`, σ the `noise`, α the `order` > 1; they show
    that the divergence the other way round is never larger. Here the integral is a sum over evenly spaced points,
    which for integrands as smooth as this one is exact to rounding; the integrand grows up to z = 0 at least and falls
    from z = α on, so nothing is left TAIL standard deviations beyond. Infinite where `noise` is 0; below a noise of
    0.01, where ε is in the thousands, the bound without sampling, α/2σ², stands in.
    """
    q, sigma, alpha = _check_rate(rate), _check_noise(noise), _check_order(order)
    if q == 0 or math.isinf(sigma):
        return 0.0
    if sigma == 0:
        return math.inf
    if q == 1 or sigma < LEAST:
        return alpha / (2 * sigma**2)
    step = sigma / FINE
    z = np.arange(-TAIL * sigma, alpha + TAIL * sigma, step)
    log_ratio = np.logaddexp(math.log1p(-q), math.log(q) + (2 * z - 1) / (2 * sigma**2))
    log_density = -(z**2) / (2 * sigma**2) - math.log(sigma * math.sqrt(2 * math.pi))
    log_a = float(np.logaddexp.reduce(log_density + alpha * log_ratio)) + math.log(step)
    return max(log_a, 0.0) / (alpha - 1)


def to_epsilon(divergence: float, order: float, delta: float) -> float:
    """ε = D + log((α − 1)/α) − (log δ + log α)/(α − 1), the ε that a Rényi divergence D at order α promises at δ.

    Balle, Barthe, Gaboardi, Hsu & Sato (2020), theorem 21; never below 0.
    """
    alpha, delta = _check_order(order), _check_delta(delta)
    if not divergence >= 0:
        raise ValueError(f"divergence is {divergence!r}; a number ≥ 0 is needed.")
    return max(0.0, divergence + math.log1p(-1 / alpha) - (math.log(delta) + math.log(alpha)) / (alpha - 1))


def epsilon(rate: float, noise: float, steps: int, delta: float, *, orders: Iterable[float] = ORDERS) -> Spent:
    """The least ε over all `orders` of that many steps: divergences of one order add up (Mironov 2017, proposition 1).

    `steps` ≥ 0, `delta` in (0, 1), far below one over the number of examples. Infinite where `noise` is 0 and `rate` is
    not: without noise nothing is promised, however small the clipped gradients are.
    """
    steps, orders = _check_steps(steps), list(orders)
    if not orders:
        raise ValueError("orders is empty; at least one order > 1 is needed.")
    rate, noise, delta = _check_rate(rate), _check_noise(noise), _check_delta(delta)
    if steps == 0 or rate == 0:
        return Spent(0.0, float(orders[-1]))
    return min(Spent(to_epsilon(steps * rdp(rate, noise, order), order, delta), float(order)) for order in orders)


def noise_for(target: float, rate: float, steps: int, delta: float, *, tol: float = 1e-3) -> float:
    """The smallest noise, to a share `tol` above, with which that many steps stay within ε = `target`.

    By halving between a noise that is too little and one that is enough. ValueError where even a huge one is not:
    then δ is too small for the orders that are tried.
    """
    if not target > 0 or math.isinf(target):
        raise ValueError(f"target is {target!r}; an ε > 0 is needed.")
    if not 0 < tol < 1:
        raise ValueError(f"tol is {tol!r}; a share between 0 and 1 is needed.")
    low, high = 0.0, 0.5
    while epsilon(rate, high, steps, delta).epsilon > target:
        low, high = high, 2 * high
        if high > 1e6:
            raise ValueError(f"no noise reaches ε = {target:g} at δ = {delta:g} with the orders tried; ask for more.")
    while high - low > tol * high:
        middle = (low + high) / 2
        low, high = (middle, high) if epsilon(rate, middle, steps, delta).epsilon > target else (low, middle)
    return high


def _check_rate(rate: float) -> float:
    if not 0 <= rate <= 1:
        raise ValueError(f"rate is {rate!r}; a probability from 0 to 1 is needed: the mean batch by the examples.")
    return float(rate)


def _check_noise(noise: float) -> float:
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; a number ≥ 0 is needed, in units of max_norm.")
    return float(noise)


def _check_order(order: float) -> float:
    if not 1 < order < math.inf:
        raise ValueError(f"order is {order!r}; a finite number > 1 is needed.")
    return float(order)


def _check_delta(delta: float) -> float:
    if not 0 < delta < 1:
        raise ValueError(f"delta is {delta!r}; a number between 0 and 1 is needed, far below 1 by the examples.")
    return float(delta)


def _check_steps(steps: int) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise ValueError(f"steps is {steps!r}; a whole number ≥ 0 is needed.")
    return steps
