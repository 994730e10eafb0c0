# SPDX-License-Identifier: Apache-2.0
"""The front ends in float64 NumPy, straight from Google's definition.

Source: tensorflow/models, research/audioset/yamnet/features.py and params.py; the mel matrix is
tf.signal.linear_to_mel_weight_matrix.
"""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16000
FRAME, HOP, FFT, BANDS = 400, 160, 512, 64
LOG_OFFSET = {"yamnet": 1e-3, "power": 1e-10}


def hertz_to_mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return 1127.0 * np.log(1.0 + np.asarray(hertz, np.float64) / 700.0)


def mel_matrix() -> NDArray[np.float64]:
    """Weights [257, 64]; the DC bin's row is zero."""
    bins = hertz_to_mel(np.linspace(0.0, SAMPLE_RATE / 2, FFT // 2 + 1))[:, None]
    edges = np.linspace(hertz_to_mel(125.0), hertz_to_mel(7500.0), BANDS + 2)
    lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0.0, np.minimum((bins - lower) / (center - lower), (upper - bins) / (upper - center)))
    weights[0] = 0.0
    return weights


def log_mel(pcm: NDArray[np.int16], profile: str = "yamnet") -> NDArray[np.float64]:
    """int16 PCM [n] -> log-mel [frames, 64]."""
    if len(pcm) < FRAME:
        return np.zeros((0, BANDS))
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(FRAME) / FRAME)
    frames = np.lib.stride_tricks.sliding_window_view(pcm / 32768.0, FRAME)[::HOP]
    magnitude = np.abs(np.fft.rfft(frames * window, FFT))
    spectrum = magnitude if profile == "yamnet" else magnitude**2
    return np.log(spectrum @ mel_matrix() + LOG_OFFSET[profile])


def quantize(values: NDArray[np.float64], scale: float, zero_point: int) -> NDArray[np.int8]:
    """The contract's q = round(x / scale + zero_point), clamped."""
    return np.clip(np.round(values / scale + zero_point), -128, 127).astype(np.int8)
