# SPDX-License-Identifier: Apache-2.0
"""The few means the example clips are made with. All sound is float64 [n] at 16 kHz, full scale at +-1."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio import SAMPLE_RATE

Sound = NDArray[np.float64]


def seconds(duration_s: float) -> Sound:
    """The time of each sample of a sound that lasts `duration_s` seconds."""
    return np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE


def tone(frequency_hz: float | Sound, partials: Sequence[float], duration_s: float) -> Sound:
    """A harmonic tone.

    Args:
        frequency_hz: Constant, or one value for each sample.
        partials: Amplitude of the fundamental, the second harmonic, and so on.
        duration_s: Its length.
    """
    time = seconds(duration_s)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(np.asarray(frequency_hz, np.float64), time.shape)) / SAMPLE_RATE
    sound = np.zeros_like(time)
    for number, amplitude in enumerate(partials, start=1):
        sound += amplitude * np.sin(number * phase)
    return sound


def fade(sound: Sound, attack_s: float, release_s: float) -> Sound:
    """Let a sound begin and end in straight ramps, without a click."""
    time = np.arange(len(sound)) / SAMPLE_RATE
    left = len(sound) / SAMPLE_RATE - time
    return sound * np.minimum(1.0, np.minimum(time / attack_s, left / release_s))


def mix(duration_s: float, parts: Sequence[tuple[float, Sound]]) -> Sound:
    """Add sounds, each from its start in seconds, cut at `duration_s`."""
    mixed = np.zeros(round(duration_s * SAMPLE_RATE))
    for start_s, sound in parts:
        start = round(start_s * SAMPLE_RATE)
        heard = sound[: len(mixed) - start]
        mixed[start : start + len(heard)] += heard
    return mixed


def in_room(sound: Sound, decay_s: float, wet: float, seed: int) -> Sound:
    """Add a room: convolution with noise that decays exponentially (Moorer, "About this reverberation business", 1979).

    Args:
        sound: The dry sound.
        decay_s: Time in which the reverberation falls by 60 dB.
        wet: Level of the reverberation for a direct sound of 1.
        seed: Of the noise.
    """
    length = round(decay_s * SAMPLE_RATE)
    response = white_noise(length, 1.0, seed) * 10.0 ** (-3.0 * np.arange(length) / length)
    response *= wet / np.sqrt(np.sum(response**2))
    size = len(sound) + length
    echoes = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)
    return sound + echoes[: len(sound)]


def white_noise(count: int, rms: float, seed: int) -> Sound:
    """Gaussian noise, from NumPy's legacy generator, whose stream is frozen (NEP 19)."""
    noise: Sound = rms * np.random.RandomState(seed).standard_normal(count)
    return noise


def at_peak(sound: Sound, peak: float) -> Sound:
    """Scale a sound to a peak."""
    scale: float = peak / np.max(np.abs(sound))
    return sound * scale


def to_pcm(sound: Sound) -> NDArray[np.int16]:
    """Round to 16 bits."""
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)
