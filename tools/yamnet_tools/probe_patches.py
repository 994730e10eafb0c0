# SPDX-License-Identifier: Apache-2.0
"""Made-up patches that bring sums to their ends: what sound never looks like, and kernels must compute all the same."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from yamnet_tools.model.network import INPUT_SHAPE

_LOWEST, _HIGHEST = -128, 127
_FRAMES, _BANDS = INPUT_SHAPE[1:3]

_Values = npt.NDArray[np.int64]


def made_up_patches(count: int, seed: int) -> npt.NDArray[np.int8]:
    """Patches of each kind in turn, int8 [count, 96, 64]; the same for the same seed, whatever the count."""
    patches = np.empty((count, _FRAMES, _BANDS), np.int8)
    for index in range(count):
        patches[index] = _KINDS[index % len(_KINDS)](np.random.default_rng((seed, index)))
    return patches


def _noise(rng: np.random.Generator) -> _Values:
    return rng.integers(_LOWEST, _HIGHEST, (_FRAMES, _BANDS), endpoint=True)


def _narrow_noise(rng: np.random.Generator) -> _Values:
    low, high = np.sort(rng.integers(_LOWEST, _HIGHEST, 2, endpoint=True))
    return rng.integers(low, high, (_FRAMES, _BANDS), endpoint=True)


def _constant(rng: np.random.Generator) -> _Values:
    return np.full((_FRAMES, _BANDS), rng.integers(_LOWEST, _HIGHEST, endpoint=True))


def _extremes(rng: np.random.Generator) -> _Values:
    return np.where(rng.random((_FRAMES, _BANDS)) < rng.random(), _LOWEST, _HIGHEST)


def _stripes(rng: np.random.Generator) -> _Values:
    frame, band = np.indices((_FRAMES, _BANDS))
    phase = frame * rng.integers(0, 4) + band * rng.integers(1, 4)
    on, off = rng.permutation([_LOWEST, _HIGHEST])
    stripes: _Values = np.where(phase % rng.integers(2, 9) == 0, on, off)
    return stripes


def _sparse(rng: np.random.Generator) -> _Values:
    patch = _constant(rng)
    places = rng.integers(0, patch.size, rng.integers(1, 40))
    patch.flat[places] = rng.integers(_LOWEST, _HIGHEST, places.size, endpoint=True)
    return patch


_KINDS: tuple[Callable[[np.random.Generator], _Values], ...] = (
    _noise,
    _narrow_noise,
    _constant,
    _extremes,
    _stripes,
    _sparse,
)
