# SPDX-License-Identifier: Apache-2.0
"""Signals that front ends get wrong: named, deterministic, one second or so each."""

import numpy as np
from numpy.typing import NDArray

RATE = 16000
FULL_SCALE = 32767


def tone(hertz: float, amplitude: float = FULL_SCALE, phase: float = 0.3) -> NDArray[np.int16]:
    time = np.arange(RATE) / RATE
    return np.round(amplitude * np.sin(2 * np.pi * hertz * time + phase)).astype(np.int16)


def noise(amplitude: float, seed: int, samples: int = RATE) -> NDArray[np.int16]:
    values = np.random.default_rng(seed).standard_normal(samples) * amplitude
    return np.clip(np.round(values), -32768, 32767).astype(np.int16)


def impulse(value: int) -> NDArray[np.int16]:
    pcm = np.zeros(RATE, np.int16)
    pcm[3001] = value
    return pcm


def awkward_signals() -> dict[str, NDArray[np.int16]]:
    index = np.arange(RATE)
    signals = {
        "silence": np.zeros(RATE, np.int16),
        "one": np.ones(RATE, np.int16),
        "dc_high": np.full(RATE, 32767, np.int16),
        "dc_low": np.full(RATE, -32768, np.int16),
        "nyquist": (FULL_SCALE * (-1) ** index).astype(np.int16),
        "nyquist_full": np.where(index % 2, 32767, -32768).astype(np.int16),
        "beside_nyquist": tone(7999.5),
        "impulse_up": impulse(32767),
        "impulse_down": impulse(-32768),
        "impulse_small": impulse(1),
        "square_200": np.where(tone(200) > 0, 32767, -32768).astype(np.int16),
        "square_1000": np.where(tone(1000) > 0, 32767, -32768).astype(np.int16),
        "clipped_noise": noise(60000, 1),
        "white_noise": noise(5000, 2),
        "whisper": noise(3, 3),
        "off_and_on": np.where(index % 4000 < 2000, noise(20000, 4), 0).astype(np.int16),
    }
    for hertz in (31.25, 40, 125, 400, 1000, 2080, 4000, 4720, 7000, 7360.48, 7999):
        signals[f"tone_{hertz:g}"] = tone(hertz)
    return signals
