# SPDX-License-Identifier: Apache-2.0
"""How sure counts are: exact 95 % intervals of a share and of a rate."""

import math
from collections.abc import Callable

_TAIL = 0.025
_STEPS = 60  # of bisection: more than a float64 tells apart


def share_interval(found: int, of: int) -> tuple[float, float]:
    """Of a share, found / of (Clopper and Pearson, Biometrika 26, 1934); 0 to 1 where there is nothing to be found."""
    if of == 0:
        return 0.0, 1.0
    low = 0.0 if found == 0 else _root(lambda p: 1 - _binomial(found - 1, of, p) - _TAIL, 0.0, 1.0)
    high = 1.0 if found == of else _root(lambda p: _TAIL - _binomial(found, of, p), 0.0, 1.0)
    return low, high


def rate_interval(count: int, hours: float) -> tuple[float, float]:
    """Of a rate per hour, count / hours (Garwood, Biometrika 28, 1936); up to infinity where no time was listened."""
    if hours <= 0:
        return 0.0, math.inf
    most = 2.0 * count + 20.0  # above the upper limit of every count
    low = 0.0 if count == 0 else _root(lambda mean: 1 - _poisson(count - 1, mean) - _TAIL, 0.0, most)
    high = _root(lambda mean: _TAIL - _poisson(count, mean), 0.0, most)
    return low / hours, high / hours


def _binomial(most: int, of: int, p: float) -> float:
    """The probability of at most so many of `of`."""
    if p in (0.0, 1.0):
        return 1.0 if p == 0.0 or most >= of else 0.0
    chances = (_log_choose(of, k) + k * math.log(p) + (of - k) * math.log1p(-p) for k in range(most + 1))
    return math.fsum(map(math.exp, chances))


def _poisson(most: int, mean: float) -> float:
    """The probability of at most so many where `mean` are expected."""
    if mean == 0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(most + 1))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that rises from below 0 to above it is 0."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
