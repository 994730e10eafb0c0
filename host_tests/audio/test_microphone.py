# SPDX-License-Identifier: Apache-2.0
"""The microphone, with PortAudio replaced by a device that does as it is told."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from yamnet_tools.audio import microphone
from yamnet_tools.audio.microphone import Microphone
from yamnet_tools.errors import AudioError


class PortAudioError(Exception):
    pass


class FakeStream:
    """Stands for sounddevice.InputStream."""

    def __init__(self, samplerate: int, blocksize: int, callback: Callable[..., None], **_: Any) -> None:
        self.samplerate, self.blocksize, self.callback = samplerate, blocksize, callback

    def start(self) -> None:
        pass

    def close(self) -> None:
        pass

    def deliver(self, samples: np.ndarray, *, overflow: bool = False) -> None:
        self.callback(samples[:, np.newaxis], len(samples), None, SimpleNamespace(input_overflow=overflow))


@pytest.fixture
def sounddevice(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    def check(samplerate: int, **_: Any) -> None:
        if samplerate not in fake.rates:
            raise PortAudioError("Invalid sample rate")

    fake = SimpleNamespace(
        rates=[16_000],
        InputStream=FakeStream,
        PortAudioError=PortAudioError,
        check_input_settings=check,
        query_devices=lambda **_: {"default_samplerate": 48_000.0},
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


@pytest.mark.usefixtures("sounddevice")
def test_blocks_come_as_they_were_captured() -> None:
    with Microphone() as mic:
        sent = [np.arange(n, dtype=np.int16) for n in (1920, 1920, 777)]
        for samples in sent:
            mic._stream.deliver(samples)
        blocks = mic.blocks()
        received = [next(blocks) for _ in sent]
    assert [block.start for block in received] == [0, 1920, 3840]
    assert all(np.array_equal(block.samples, samples) for block, samples in zip(received, sent, strict=True))
    assert mic.duration_s == (1920 + 1920 + 777) / 16_000


def test_a_device_without_16_khz_is_resampled(sounddevice: SimpleNamespace) -> None:
    sounddevice.rates = []
    with Microphone() as mic:
        assert mic._stream.samplerate == 48_000
        for _ in range(100):
            mic._stream.deliver(np.zeros(mic._stream.blocksize, np.int16))
        blocks = mic.blocks()
        total = 0
        while mic.duration_s < 100 * 0.12:
            block = next(blocks)
            assert block.start == total
            total += len(block.samples)
    assert 0 <= 100 * 0.12 * 16_000 - total < 1600  # what the resampler still holds


@pytest.mark.usefixtures("sounddevice")
def test_lost_sound_is_a_gap_between_blocks() -> None:
    with Microphone() as mic:
        stream = mic._stream
        kept = mic._queue.maxsize
        for _ in range(kept + 3):  # three more than the queue holds
            stream.deliver(np.zeros(1920, np.int16))
        blocks = mic.blocks()
        first = [next(blocks) for _ in range(kept)]
        stream.deliver(np.zeros(1920, np.int16))
        stream.deliver(np.zeros(1920, np.int16), overflow=True)
        after, last = next(blocks), next(blocks)
    assert [block.start for block in first] == [1920 * n for n in range(kept)]
    assert after.start == 1920 * (kept + 3)
    assert last.start > after.start + 1920
    assert mic.lost_s == pytest.approx(3 * 0.12, abs=0.001)


@pytest.mark.usefixtures("sounddevice")
def test_a_device_that_falls_silent_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "_SILENT_DEVICE_SECONDS", 0.05)
    with Microphone() as mic, pytest.raises(AudioError, match="nothing has come"):
        next(mic.blocks())


def test_no_device_is_an_error(sounddevice: SimpleNamespace) -> None:
    def fail(**_: Any) -> None:
        raise PortAudioError("Error querying device -1")

    sounddevice.InputStream = fail
    with pytest.raises(AudioError, match="microphone: Error querying device -1"):
        Microphone()


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioError, match=r"--mic needs the sounddevice package: pip install"):
        Microphone()


def test_the_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AudioError, match=r"apt install libportaudio2.*PortAudio library not found"):
        Microphone()
