# SPDX-License-Identifier: Apache-2.0
"""Endless variations of a limited number of sounds, made on their log-mel patches.

A patch is ln(mel + 0.001) with mel linear in amplitude, so that louder, quieter, equalised, mixed and successive sounds
can be had from patches without going back to audio: what training needs is breadth, not fidelity.
"""

import numpy as np

from yamnet_tools.quantise.float_network import Float
from yamnet_tools.quantise.quantiser import LOG_MEL_HIGH

_OFFSET = np.float32(0.001)  # of the `yamnet` front end's logarithm
_MIXED, _FOLLOWED = 0.25, 0.4  # cumulative shares of patches that a second sound is added to, or put behind
_QUIETEST_SECOND_DB = -40.0
_COLOURED = 0.6  # share of patches whose level and spectrum are changed
_LEVELS_DB = (-18.0, 6.0)
_KNOTS, _KNOT_SPREAD = 5, 0.5  # of the equaliser's curve over the bands, in nepers
_EDGE = 8  # frames that each of two successive sounds has at least


def varied(pool: Float, rng: np.random.Generator, count: int) -> Float:
    """Draw variations.

    Args:
        pool: log-mel patches float32 [n, 96, 64].
        rng: draws them.
        count: how many.

    Returns:
        Log-mel patches float32 [count, 96, 64].
    """
    mel, second = (np.exp(pool[rng.integers(len(pool), size=count)]) - _OFFSET for _ in range(2))
    kind = rng.random(count)[:, np.newaxis, np.newaxis]
    gain = _amplitude(rng.uniform(_QUIETEST_SECOND_DB, 0, count))[:, np.newaxis, np.newaxis]
    frames, bands = pool.shape[1:]
    cuts = rng.integers(_EDGE, frames - _EDGE, count)[:, np.newaxis, np.newaxis]
    followed = np.where(np.arange(frames)[:, np.newaxis] < cuts, mel, second)
    # Sounds that have nothing to do with each other add in power.
    mixed = np.sqrt(mel**2 + (gain * second) ** 2)
    mel = np.where(kind < _MIXED, mixed, np.where(kind < _FOLLOWED, followed, mel))
    knots = rng.normal(0, _KNOT_SPREAD, (count, _KNOTS))
    places = np.linspace(0, _KNOTS - 1, bands)
    curves = np.stack([np.exp(np.interp(places, np.arange(_KNOTS), curve)) for curve in knots])
    curves *= _amplitude(rng.uniform(*_LEVELS_DB, count))[:, np.newaxis]
    curves[rng.random(count) >= _COLOURED] = 1
    logs = np.log(np.maximum(mel * curves[:, np.newaxis, :], 0) + _OFFSET)
    made: Float = np.minimum(logs, LOG_MEL_HIGH).astype(np.float32)
    return made


def _amplitude(level_db: np.ndarray) -> np.ndarray:
    return 10 ** (level_db / 20)
