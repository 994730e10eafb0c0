# SPDX-License-Identifier: Apache-2.0
"""simulate_device.py --mic, with PortAudio replaced by a device that does as it is told."""

import sys
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from yamnet_tools.errors import AudioError
from yamnet_tools.simulated_device.live import LiveMicrophone


class FakeStream:
    """Stands for sounddevice.InputStream; delivers a block for each time that is asked for."""

    open = 0

    def __init__(self, callback: Any, blocksize: int, **_: object) -> None:
        self.callback, self.blocksize = callback, blocksize

    def start(self) -> None:
        FakeStream.open += 1
        FakeStream.latest = self

    def deliver(self, value: int) -> None:
        samples = np.full((self.blocksize, 1), value, np.int16)
        self.callback(samples, self.blocksize, None, SimpleNamespace(input_overflow=False))

    def close(self) -> None:
        FakeStream.open -= 1


@pytest.fixture(autouse=True)
def sounddevice(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(
        InputStream=FakeStream, PortAudioError=OSError, check_input_settings=lambda **_: None, query_devices=None
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)


class Ear:
    """Of a device only what a microphone needs."""

    def __init__(self) -> None:
        self.muted = False
        self.heard: list[int] = []

    def hear(self, samples: np.ndarray, source: str) -> None:
        assert source == "mic"
        self.heard.append(int(samples[0]))


def step_until(live: LiveMicrophone, ear: Any, blocks: int) -> None:
    deadline = time.monotonic() + 10
    while len(ear.heard) < blocks:
        assert time.monotonic() < deadline
        live.step(ear)
        time.sleep(0.01)


def wait_for_stream(count: int) -> None:
    deadline = time.monotonic() + 10
    while FakeStream.open != count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_is_heard_and_closed_while_the_device_is_muted() -> None:
    ear: Any = Ear()
    live = LiveMicrophone()
    wait_for_stream(1)
    for value in (1, 2, 3):
        FakeStream.latest.deliver(value)
    step_until(live, ear, 3)
    ear.muted = True
    FakeStream.latest.deliver(4)  # lets its thread see that it is to stop
    live.step(ear)
    assert FakeStream.open == 0
    live.step(ear)
    ear.muted = False
    live.step(ear)
    wait_for_stream(1)
    FakeStream.latest.deliver(5)
    step_until(live, ear, 4)
    assert ear.heard == [1, 2, 3, 5]
    FakeStream.latest.deliver(6)
    live.close()
    assert FakeStream.open == 0


def test_a_microphone_that_stops_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yamnet_tools.audio.microphone._SILENT_DEVICE_SECONDS", 0.1)
    live = LiveMicrophone()
    with pytest.raises(AudioError, match="nothing has come"):
        step_until(live, Ear(), 1)
    live.close()
