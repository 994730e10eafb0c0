# SPDX-License-Identifier: Apache-2.0
"""What a simulated device hears: a recording, played in real time, over and over, or the PC's microphone."""

import queue
import threading
import time
from pathlib import Path
from typing import Protocol

import numpy as np

from device_core import SimulatedDevice
from yamnet_tools.audio import SAMPLE_RATE, PcmBlock, read_recording
from yamnet_tools.audio.microphone import Microphone
from yamnet_tools.cli import say
from yamnet_tools.errors import AudioError

_LONGEST_STEP = SAMPLE_RATE


class Live(Protocol):
    """What one device hears."""

    def begin(self) -> None:
        """Start over, for a device that has just booted."""

    def step(self, device: SimulatedDevice) -> None:
        """Let the device hear what is due by now; to be called often."""

    def close(self) -> None:
        """Stop listening."""


class LiveInput:
    """Plays a recording."""

    def __init__(self, clip: Path) -> None:
        self._source = f"replay {clip.name}"
        self._pcm = read_recording(str(clip), lambda error: say(f"{error}; played as far as it goes"))
        self.begin()

    def begin(self) -> None:
        """Play it from its beginning."""
        self._next = 0
        self._time = time.monotonic()

    def step(self, device: SimulatedDevice) -> None:
        """Play what is due by now."""
        due = min(int((time.monotonic() - self._time) * SAMPLE_RATE), _LONGEST_STEP)
        if due == 0:
            return
        self._time += due / SAMPLE_RATE
        device.hear(np.take(self._pcm, np.arange(self._next, self._next + due), mode="wrap"), self._source)
        self._next += due

    def close(self) -> None:
        """Nothing is open."""


class LiveMicrophone:
    """The default microphone. It is closed while the device is muted.

    Raises:
        AudioError: There is none, or it has stopped delivering.
    """

    def __init__(self) -> None:
        self._capture: _Capture | None = _Capture()

    def begin(self) -> None:
        """Go on: a microphone has no beginning."""

    def step(self, device: SimulatedDevice) -> None:
        """Let the device hear what has come since the last step."""
        if device.muted:
            self.close()
            return
        if self._capture is None:
            self._capture = _Capture()
        for block in self._capture.take():
            device.hear(block.samples, "mic")

    def close(self) -> None:
        """Close the microphone."""
        if self._capture is not None:
            self._capture.close()
        self._capture = None


class _Capture:
    """Reads a microphone in a thread of its own."""

    def __init__(self) -> None:
        self._microphone = Microphone()
        self._heard: queue.SimpleQueue[PcmBlock | AudioError] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def take(self) -> list[PcmBlock]:
        blocks = []
        while not self._heard.empty():
            heard = self._heard.get()
            if isinstance(heard, AudioError):
                raise heard
            blocks.append(heard)
        return blocks

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._microphone as microphone:
                for block in microphone.blocks():
                    self._heard.put(block)
                    if self._stop.is_set():
                        return
        except AudioError as error:
            self._heard.put(error)
