# SPDX-License-Identifier: Apache-2.0
"""A recording in place of a microphone: played in real time, over and over, and scored."""

import math
import time
from pathlib import Path

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE, open_recording
from yamnet_tools.simulated_device.device import NotReadyError, SimulatedDevice

_TOP = 3
_LONGEST_STEP = SAMPLE_RATE


class LiveInput:
    """Plays into one device; `step` is to be called often."""

    def __init__(self, clip: Path) -> None:
        self._clip = clip
        with open_recording(str(clip)) as recording:
            self._pcm = np.concatenate([block.samples for block in recording.blocks()])

    def begin(self, device: SimulatedDevice) -> None:
        """Start over with a device that has just booted."""
        self._device = device
        self._front_end = None if not device.ready else device.front_end()
        self._next = 0
        self._time = time.monotonic()
        device.audio |= {"source": f"replay {self._clip.name}", "alive": True}

    def step(self) -> None:
        """Feed what is due by now, and log what was heard in it."""
        now = time.monotonic()
        due = min(int((now - self._time) * SAMPLE_RATE), _LONGEST_STEP)
        self._time += due / SAMPLE_RATE
        if self._front_end is None or due == 0:
            return
        if self._device.live_held:
            self._next += due
            self._front_end.reset(self._next)
            if self._device.events is not None:
                self._device.events.skip_to(self._next)
            return
        block = np.take(self._pcm, np.arange(self._next, self._next + due), mode="wrap")
        self._next += due
        self._device.audio["level_dbfs"] = _level_dbfs(block)
        if self._device.events is not None:
            self._device.events.feed(block)
        patches, starts = self._front_end.feed(block)
        for patch, start in zip(patches, starts, strict=True):
            self._log(patch.tobytes(), int(start))

    def _log(self, patch: bytes, start: int) -> None:
        try:
            given, taken_us = self._device.score(patch)
        except NotReadyError:
            return
        scores = np.frombuffer(given, np.int8)
        model = self._device.stored.model
        scale, zero_point = model.output_quantization
        best = np.argsort(-scores.astype(int), kind="stable")[:_TOP]
        named = ", ".join(f"{model.class_names[i]} {scale * (int(scores[i]) - zero_point):.3f}" for i in best)
        self._device.log(f"heard: {start / SAMPLE_RATE:.2f} s: {named} ({taken_us // 1000} ms)")
        if self._device.events is not None:
            self._device.events.score(start, scores)


def _level_dbfs(block: np.ndarray) -> float | None:
    power = float(np.mean((block / 32768.0) ** 2))
    return None if power == 0 else round(10 * math.log10(power), 1)
