# SPDX-License-Identifier: Apache-2.0
"""The portable part of audio_input: what the capture task decides with, on a PC."""

import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_core import CaptureRing, LivenessMonitor, es7210_gain_db, parse_wav_head

RATE = 16_000


def feed(monitor: LivenessMonitor, pcm: np.ndarray, start_ms: int, end_ms: int) -> list[str]:
    return [monitor.update(pcm.astype(np.int16), now) for now in range(start_ms, end_ms, 20)]


def test_a_quiet_room_is_alive() -> None:
    noise = np.random.default_rng(1).integers(-2, 3, 320)
    assert set(feed(LivenessMonitor(0), noise, 0, 60_000)) == {"alive"}


@pytest.mark.parametrize(
    ("value", "name"), [(0, "all zeros"), (-1, "stuck at one value"), (32767, "stuck at one value")]
)
def test_one_value_for_two_seconds_is_dead(value: int, name: str) -> None:
    monitor = LivenessMonitor(0)
    feed(monitor, np.array([5, 6, 7]), 0, 40)
    verdicts = feed(monitor, np.full(320, value), 40, 6000)
    assert verdicts[0] == "alive"
    first_dead = verdicts.index(name)
    assert 1960 <= 20 * first_dead <= 2040
    assert set(verdicts[first_dead:]) == {name}
    assert monitor.update(np.array([1, 2], np.int16), 6000) == "alive"


def test_no_data_for_two_seconds_is_dead() -> None:
    monitor = LivenessMonitor(1000)
    nothing = np.zeros(0, np.int16)
    assert monitor.update(nothing, 2999) == "alive"
    assert monitor.update(nothing, 3000) == "no data"
    assert monitor.update(np.array([1, 2], np.int16), 3001) == "alive"


def test_a_full_ring_drops_the_new_block_and_tells_by_positions() -> None:
    ring = CaptureRing(4)
    blocks = [np.full(320, i, np.int16) for i in range(7)]
    assert [ring.push(320 * i, block) for i, block in enumerate(blocks)] == [True] * 4 + [False] * 3
    assert ring.overruns == 3
    assert ring.pop() == (0, [0] * 320)
    assert ring.push(2240, np.array([9], np.int16))
    assert [ring.pop()[0] for _ in range(4)] == [320, 640, 960, 2240]
    assert ring.pop() is None


@given(st.lists(st.one_of(st.just(None), st.integers(1, 320)), max_size=300))
@settings(max_examples=50, deadline=None)
def test_what_is_accepted_comes_out_once_and_in_order(steps: list[int | None]) -> None:
    ring, waiting, position = CaptureRing(8), [], 0
    for step in steps:
        if step is None:
            assert ring.pop() == (waiting.pop(0) if waiting else None)
        else:
            pcm = (np.arange(position, position + step) % 30_000).astype(np.int16)
            if ring.push(position, pcm):
                waiting.append((position, pcm.tolist()))
            else:
                assert len(waiting) == 8
            position += step
    while waiting:
        assert ring.pop() == waiting.pop(0)


def wav_file(samples: int = 100, rate: int = RATE, channels: int = 1, width: int = 2) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as writer:
        writer.setparams((channels, width, rate, 0, "NONE", ""))
        writer.writeframes(bytes(samples * channels * width))
    return stream.getvalue()


def test_a_wav_file_is_read() -> None:
    assert parse_wav_head(wav_file(12_345)) == (44, 12_345)


def test_chunks_before_the_data_are_passed_over() -> None:
    plain = wav_file(50)
    extra = b"LIST" + struct.pack("<I", 7) + b"1234567\0"
    assert parse_wav_head(plain[:12] + extra + plain[12:]) == (44 + 16, 50)
    assert parse_wav_head(plain[:36] + extra + plain[36:]) == (44 + 16, 50)


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"", "not a WAV"),
        (b"RIFF1234WAVX", "not a WAV"),
        (wav_file(rate=44_100), "44100 Hz"),
        (wav_file(channels=2), "2 channels"),
        (wav_file(width=1), "8 bits"),
        (wav_file(width=3), "24 bits"),
        (wav_file()[:40], "no data chunk"),
        (wav_file()[:12] + wav_file()[36:], "before its format"),
        (wav_file()[:16] + struct.pack("<I", 0xFFFFFFFF) + wav_file()[20:], "no data chunk"),
        (wav_file()[:16] + struct.pack("<I", 2) + wav_file()[20:], "format chunk"),
    ],
)
def test_a_file_that_cannot_be_replayed_is_told_why(head: bytes, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        parse_wav_head(head)


@given(st.binary(max_size=200), st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_never_harm_the_wav_reader(noise: bytes, kept: int) -> None:
    try:
        offset, _ = parse_wav_head(wav_file()[:kept] + noise)
    except ValueError:
        return
    assert offset <= kept + len(noise)


def test_gains_are_those_of_the_chip() -> None:
    gains = {0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0, 24.0, 27.0, 30.0, 34.5, 36.0, 37.5}
    assert {es7210_gain_db(requested) for requested in range(-5, 60)} == gains
    assert es7210_gain_db(33) == 30.0
    assert es7210_gain_db(37) == 37.5
    assert all(es7210_gain_db(int(gain)) == gain for gain in gains - {37.5, 34.5})
