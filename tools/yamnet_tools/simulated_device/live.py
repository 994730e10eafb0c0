# SPDX-License-Identifier: Apache-2.0
"""A recording in place of a microphone: played in real time, over and over."""

import time
from pathlib import Path

import numpy as np

from device_core import SimulatedDevice
from yamnet_tools.audio import SAMPLE_RATE, open_recording

_LONGEST_STEP = SAMPLE_RATE


class LiveInput:
    """Plays into one device; `step` is to be called often."""

    def __init__(self, clip: Path) -> None:
        self._source = f"replay {clip.name}"
        with open_recording(str(clip)) as recording:
            self._pcm = np.concatenate([block.samples for block in recording.blocks()])
        self.begin()

    def begin(self) -> None:
        """Start over, for a device that has just booted."""
        self._next = 0
        self._time = time.monotonic()

    def step(self, device: SimulatedDevice) -> None:
        """Let the device hear what is due by now."""
        due = min(int((time.monotonic() - self._time) * SAMPLE_RATE), _LONGEST_STEP)
        if due == 0:
            return
        self._time += due / SAMPLE_RATE
        device.hear(np.take(self._pcm, np.arange(self._next, self._next + due), mode="wrap"), self._source)
        self._next += due
