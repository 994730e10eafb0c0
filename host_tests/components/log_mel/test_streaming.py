# SPDX-License-Identifier: Apache-2.0
"""Streams: any block size gives the same bits, a reset keeps gaps out of patches, times are in samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import device_core
import signals

YAMNET = device_core.LogMelSpec.profile("yamnet")
SCALE, ZERO_POINT = 0.048, 16
TEN_SECONDS = signals.noise(4000, 5, 160_000)


def patch_stream() -> device_core.PatchStream:
    return device_core.PatchStream(YAMNET, SCALE, ZERO_POINT)


def in_blocks(pcm: NDArray[np.int16], sizes: list[int]) -> list[NDArray[np.int16]]:
    return np.split(pcm, np.cumsum(sizes))


def feed_all(stream: device_core.PatchStream, blocks: list[NDArray[np.int16]]) -> tuple[np.ndarray, np.ndarray]:
    results = [stream.feed(block) for block in blocks]
    return np.concatenate([patches for patches, _ in results]), np.concatenate([starts for _, starts in results])


def odd_blocks(count: int) -> list[NDArray[np.int16]]:
    cuts = np.sort(np.random.default_rng(6).choice(np.arange(1, len(TEN_SECONDS)), count - 1, replace=False))
    return np.split(TEN_SECONDS, cuts)


def test_ten_thousand_odd_blocks_give_the_same_bits_as_one() -> None:
    blocks = odd_blocks(10_000)
    assert len(blocks) == 10_000
    stream = device_core.LogMelStream(YAMNET)
    frames = np.concatenate([stream.feed(block) for block in blocks])
    assert frames.tobytes() == device_core.log_mel(TEN_SECONDS, YAMNET).tobytes()

    patches, starts = feed_all(patch_stream(), blocks)
    whole_patches, whole_starts = patch_stream().feed(TEN_SECONDS)
    assert patches.tobytes() == whole_patches.tobytes()
    assert starts.tolist() == whole_starts.tolist()


def test_sample_by_sample() -> None:
    pcm = TEN_SECONDS[:900]
    stream = device_core.LogMelStream(YAMNET)
    frames = np.concatenate([stream.feed(pcm[i : i + 1]) for i in range(len(pcm))])
    assert frames.tobytes() == device_core.log_mel(pcm, YAMNET).tobytes()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 30_000), max_size=12))
def test_any_blocks(sizes: list[int]) -> None:
    patches, _ = feed_all(patch_stream(), in_blocks(TEN_SECONDS, sizes))
    assert patches.tobytes() == patch_stream().feed(TEN_SECONDS)[0].tobytes()


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2), (16000, 98)])
def test_a_frame_comes_with_its_last_sample(samples: int, frames: int) -> None:
    assert device_core.log_mel(TEN_SECONDS[:samples], YAMNET).shape == (frames, 64)


@pytest.mark.parametrize(("samples", "count"), [(15_599, 0), (15_600, 1), (23_279, 1), (23_280, 2)])
def test_a_patch_comes_with_its_last_real_frame(samples: int, count: int) -> None:
    patches, starts = patch_stream().feed(TEN_SECONDS[:samples])
    assert patches.shape == (count, 96, 64)
    assert starts.tolist() == [7_680 * i for i in range(count)]


def test_consecutive_patches_share_half() -> None:
    patches, _ = patch_stream().feed(TEN_SECONDS)
    assert len(patches) == 19
    for earlier, later in itertools.pairwise(patches):
        assert (earlier[48:] == later[:48]).all()


def test_no_patch_spans_a_gap() -> None:
    before, after = TEN_SECONDS[:20_000], TEN_SECONDS[50_000:90_000]
    stream = patch_stream()
    stream.feed(before)
    stream.reset(next_sample=50_000)
    patches, starts = stream.feed(after)
    expected, expected_starts = patch_stream().feed(after)
    assert patches.tobytes() == expected.tobytes()
    assert starts.tolist() == (expected_starts + 50_000).tolist()


def test_times_stay_exact_after_days() -> None:
    stream = patch_stream()
    four_days = 4 * 86_400 * 16_000
    stream.reset(next_sample=four_days)
    _, starts = stream.feed(TEN_SECONDS)
    assert starts.tolist() == [four_days + 7_680 * i for i in range(19)]


def test_streams_do_not_share_state() -> None:
    first, second = patch_stream(), patch_stream()
    for block in in_blocks(TEN_SECONDS, [1_000] * 100):
        first.feed(block)
        second.feed(block[::-1])
    assert first.feed(TEN_SECONDS)[0].tobytes() != second.feed(TEN_SECONDS)[0].tobytes()
