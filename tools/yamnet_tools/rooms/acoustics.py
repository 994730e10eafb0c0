# SPDX-License-Identifier: Apache-2.0
"""What lies between a sound and the samples: distance, the room's reverberation, the microphone's own noise."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.errors import EngineError

Signal = NDArray[np.float64]

ROOM_M = (6.0, 5.0, 2.6)
_EDGE_M = 0.4
_HEIGHT_M = 1.4
FARTHEST_M = math.dist((_EDGE_M, _EDGE_M), (ROOM_M[0] - _EDGE_M, ROOM_M[1] - _EDGE_M))
"""The farthest two points of the room that the model may place sound and microphone at."""


@dataclass(frozen=True)
class Place:
    """Where a sound is heard.

    Attributes:
        distance_m: From the microphone; recordings are taken as made from 1 m.
        decay_s: In which the room's reverberation falls by 60 dB; 0: no room.
    """

    distance_m: float = 1.0
    decay_s: float = 0.0

    def response(self) -> Signal:
        """The impulse response from sound to microphone; the direct sound has 1 / distance.

        Reverberation is pyroomacoustics' image-source model of a room of ROOM_M whose walls absorb as Sabine's formula
        wants it for `decay_s`.

        Raises:
            EngineError: pyroomacoustics is not installed, or no walls make such a room.
        """
        if self.decay_s == 0.0:
            return np.array([1.0 / self.distance_m])
        try:
            import pyroomacoustics
        except ImportError as error:
            raise EngineError(
                f"--reverberation needs pyroomacoustics ({error}); `pip install -e .[rooms]` brings it"
            ) from error
        try:
            absorption, order = pyroomacoustics.inverse_sabine(self.decay_s, ROOM_M)
        except ValueError as error:
            raise EngineError(f"--reverberation {self.decay_s:g}: too short for a room of {ROOM_M} m") from error
        room = pyroomacoustics.ShoeBox(
            ROOM_M, fs=SAMPLE_RATE, materials=pyroomacoustics.Material(absorption), max_order=min(order, 40)
        )
        along = np.array([ROOM_M[0] - 2 * _EDGE_M, ROOM_M[1] - 2 * _EDGE_M]) * self.distance_m / FARTHEST_M
        room.add_source([_EDGE_M, _EDGE_M, _HEIGHT_M])
        room.add_microphone([_EDGE_M + along[0], _EDGE_M + along[1], _HEIGHT_M])
        room.compute_rir()
        response: Signal = np.asarray(room.rir[0][0], np.float64)
        direct = int(np.argmax(np.abs(response) > np.abs(response).max() * 0.1))
        heard: Signal = response[direct:]
        return heard


def heard_through(sound: Signal, response: Signal) -> Signal:
    """A sound as it arrives: convolved, its reverberation included."""
    if len(response) == 1:
        return sound * float(response[0])
    size = len(sound) + len(response) - 1
    arrived: Signal = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)
    return arrived


def microphone_noise(count: int, dbfs: float, random: np.random.Generator) -> Signal:
    """White noise of this RMS level, full scale at 32768."""
    noise: Signal = random.standard_normal(count) * 32768.0 * 10 ** (dbfs / 20)
    return noise
