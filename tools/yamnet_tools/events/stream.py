# SPDX-License-Identifier: Apache-2.0
"""A listening test: clips one after the other in a room that is never quite silent, as a device would hear them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.errors import TruncatedError
from yamnet_tools.events.clips import LabelledClip

ROOM_DBFS = -62.0
"""RMS of the room's noise."""

LEAD_S = 60
"""Seconds of room noise before the first clip: the noise floor's warm-up of 30 s, and as much again."""

PAUSE_S = 12
"""Seconds of room noise behind each clip: longer than any shipped rule's hold and cool-off."""

_FULL_SCALE = 32768
_BLOCK_SAMPLES = 1_920  # 120 ms
_NOISE_SAMPLES = 120 * SAMPLE_RATE  # then it repeats


@dataclass(frozen=True)
class Heard:
    """One clip in the stream.

    Attributes:
        label: The kind of sound.
        start: Its first sample in the stream.
        end: One behind its last sample.
        level: Its loudest 120 ms in dBFS, before the room's noise is added.
    """

    label: str
    start: int
    end: int
    level: float


@dataclass(frozen=True)
class ListeningTest:
    """Audio and the truth about it.

    Attributes:
        pcm: int16 [n] at 16 kHz.
        heard: The clips in it, in order.
    """

    pcm: NDArray[np.int16]
    heard: Sequence[Heard]


def build(clips: Sequence[LabelledClip], seed: int, cut_short: Callable[[TruncatedError], object]) -> ListeningTest:
    """Put the clips in a shuffled order into room noise; the same clips and seed give the same samples.

    `cut_short` is told of recordings that end before their end.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(clips))
    pieces = [np.zeros(LEAD_S * SAMPLE_RATE)]
    heard = []
    position = LEAD_S * SAMPLE_RATE
    for index in order:
        clip = clips[index]
        pcm = clip.pcm(cut_short)
        heard.append(Heard(clip.label, position, position + len(pcm), loudest(pcm)))
        pieces += [pcm.astype(np.float64), np.zeros(PAUSE_S * SAMPLE_RATE)]
        position += len(pcm) + PAUSE_S * SAMPLE_RATE
    mixed = np.concatenate(pieces)
    mixed += np.resize(pink_noise(_NOISE_SAMPLES, random), len(mixed)) * _FULL_SCALE * 10 ** (ROOM_DBFS / 20)
    return ListeningTest(np.rint(mixed).clip(-_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16), heard)


def loudest(pcm: NDArray[np.int16]) -> float:
    """Level of the loudest 120 ms in dBFS (a full-scale square wave has 0)."""
    sums = np.concatenate([[0.0], np.cumsum(pcm.astype(np.float64) ** 2)])
    window = min(_BLOCK_SAMPLES, len(pcm))
    largest = float(np.max(sums[window:] - sums[:-window])) if window else 0.0
    return 10 * float(np.log10(max(largest / max(window, 1), 1e-12))) - 20 * float(np.log10(_FULL_SCALE))


def pink_noise(samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Noise of equal power in each octave, RMS 1: white noise through Paul Kellet's filter of three poles."""
    out = np.zeros(samples)
    white = random.standard_normal(samples)
    for pole, gain in ((0.99765, 0.0990460), (0.96300, 0.2965164), (0.57000, 1.0526913)):
        out += _one_pole(white, pole) * gain
    out += white * 0.1848
    normalised: NDArray[np.float64] = out / np.sqrt(np.mean(out**2))
    return normalised


def _one_pole(signal: NDArray[np.float64], pole: float) -> NDArray[np.float64]:
    """y[n] = x[n] + pole y[n - 1], as a sum over the impulse response down to 1e-6."""
    length = int(np.ceil(np.log(1e-6) / np.log(pole)))
    size = 1 << 16
    response = np.fft.rfft(pole ** np.arange(length), size)
    step = size - length + 1
    filtered = np.zeros(len(signal) + size)
    for first in range(0, len(signal), step):
        block = np.fft.rfft(signal[first : first + step], size)
        filtered[first : first + size] += np.fft.irfft(block * response, size)
    return filtered[: len(signal)]
