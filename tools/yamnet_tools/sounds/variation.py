# SPDX-License-Identifier: Apache-2.0
"""A recording as it may be heard another time: nearer or further, in another room, with something else going on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio.pcm import SAMPLE_RATE
from yamnet_tools.events.stream import ROOM_DBFS, pink_noise
from yamnet_tools.examples.synthesis import Sound, at_peak, in_room, to_pcm

LEAD_S = 1.0
"""Of room noise before a sound and behind it: patches that hear nothing of it."""

_HOP_S = 0.48  # between patches: a sound begins anywhere in it
_BLOCK = 1_920  # 120 ms
_STEP = 480
_LOUD_DB = 12.0  # below its loudest 120 ms, a sound is still itself
_HEARD_DB = 35.0  # and further below there is nothing of it
_LOUD_ENOUGH_BLOCKS = 4

_PEAK_DB = (-30.0, -1.0)
_ROOM_CHANCE, _DECAY_S, _WET = 0.5, (0.15, 0.8), (0.1, 0.7)
_NOISE_CHANCE, _NOISE_DB = 0.7, (5.0, 30.0)
_BACKGROUND_CHANCE = 0.5
_NOISE_S = 60


@dataclass(frozen=True)
class Scene:
    """A sound in a room.

    Attributes:
        pcm: int16 [n] at 16 kHz.
        start: the sound's first sample.
        loud: int64 [k], starts of the 120 ms in which the sound is itself.
        heard: likewise, in which there is something of it at all.
    """

    pcm: NDArray[np.int16]
    start: int
    loud: NDArray[np.int64]
    heard: NDArray[np.int64]

    def present(self, starts: NDArray[np.int64], patch_samples: int) -> NDArray[np.bool_]:
        """Whether enough of the sound is in patches that begin there, bool [n]."""
        enough = min(_LOUD_ENOUGH_BLOCKS, -(-len(self.loud) // 2))
        there: NDArray[np.bool_] = _counted(self.loud, starts, patch_samples) >= max(1, enough)
        return there

    def absent(self, starts: NDArray[np.int64], patch_samples: int) -> NDArray[np.bool_]:
        """Whether nothing of it is in them, bool [n]."""
        nothing: NDArray[np.bool_] = _counted(self.heard, starts, patch_samples) == 0
        return nothing


def plain(sound: Sound, rng: np.random.Generator) -> Scene:
    """The recording as it is, in a quiet room; where patches begin in it is left to chance."""
    return _placed(sound, sound, rng, _gain(ROOM_DBFS))


def varied(sound: Sound, backgrounds: Sequence[Sound], rng: np.random.Generator) -> Scene:
    """At another level, perhaps in another room, with noise or one of the backgrounds (may be none)."""
    clean = sound
    if rng.random() < _ROOM_CHANCE:
        clean = _in_some_room(sound, rng)
    clean = at_peak(clean, _gain(float(rng.uniform(*_PEAK_DB)))) if clean.any() else clean
    loudest = float(np.sqrt(_powers(clean).max()))
    noise = max(_gain(ROOM_DBFS), 1e-4)
    if rng.random() < _NOISE_CHANCE:
        noise = max(noise, loudest * _gain(-float(rng.uniform(*_NOISE_DB))))
    mixed = clean
    if backgrounds and rng.random() < _BACKGROUND_CHANCE:
        other = _excerpt(backgrounds[int(rng.integers(len(backgrounds)))], len(clean), rng)
        power = float(np.sqrt(np.mean(other**2)))
        if power > 0:
            mixed = clean + other * (loudest * _gain(-float(rng.uniform(*_NOISE_DB))) / power)
    return _placed(clean, mixed, rng, noise)


def _in_some_room(sound: Sound, rng: np.random.Generator) -> Sound:
    """Padded to where the Fourier transform of sound and echo is quick."""
    decay_s = float(rng.uniform(*_DECAY_S))
    echo = round(decay_s * SAMPLE_RATE)
    size = 1 << (len(sound) + echo - 1).bit_length()
    padded = np.pad(sound, (0, size - len(sound) - echo))
    return in_room(padded, decay_s, float(rng.uniform(*_WET)), int(rng.integers(1 << 31)))[: len(sound)]


@cache
def _much_pink_noise() -> Sound:
    return pink_noise(_NOISE_S * SAMPLE_RATE, np.random.default_rng(0))


def _placed(clean: Sound, mixed: Sound, rng: np.random.Generator, noise: float) -> Scene:
    start = round((LEAD_S + float(rng.uniform(0, _HOP_S))) * SAMPLE_RATE)
    scene = np.zeros(start + len(mixed) + round(LEAD_S * SAMPLE_RATE))
    scene[start : start + len(mixed)] = mixed
    scene += _excerpt(_much_pink_noise(), len(scene), rng) * noise
    powers = _powers(clean)
    places = start + np.arange(len(powers)) * _STEP
    top = max(float(powers.max()), 1e-12)
    return Scene(
        to_pcm(scene),
        start,
        places[powers >= top * _gain(-_LOUD_DB) ** 2],
        places[powers >= top * _gain(-_HEARD_DB) ** 2],
    )


def _powers(sound: Sound) -> NDArray[np.float64]:
    """Mean squares of 120 ms each, a new one every 30 ms."""
    sums = np.concatenate([[0.0], np.cumsum(np.pad(sound, (0, max(0, _BLOCK - len(sound)))) ** 2)])
    means: NDArray[np.float64] = (sums[_BLOCK:] - sums[:-_BLOCK])[::_STEP] / _BLOCK
    return means


def _counted(places: NDArray[np.int64], starts: NDArray[np.int64], patch_samples: int) -> NDArray[np.int64]:
    """How many of the blocks lie in each patch, by their middle."""
    middles = places + _BLOCK // 2
    counts: NDArray[np.int64] = np.searchsorted(middles, starts + patch_samples) - np.searchsorted(middles, starts)
    return counts


def _excerpt(sound: Sound, count: int, rng: np.random.Generator) -> Sound:
    first = int(rng.integers(max(1, len(sound) - count + 1)))
    return np.resize(sound[first : first + count], count)


def _gain(level_db: float) -> float:
    return float(10 ** (level_db / 20))
