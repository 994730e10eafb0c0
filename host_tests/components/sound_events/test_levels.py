# SPDX-License-Identifier: Apache-2.0
"""Levels, where they lie, and what the noise floor makes of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from device_core import LevelStream, LogMelSpec, NoiseFloor, PatchStream

BLOCK_S = 0.12
RNG = np.random.default_rng(1)


def noise(dbfs: float, samples: int) -> NDArray[np.int16]:
    return (RNG.standard_normal(samples) * 32768 * 10 ** (dbfs / 20)).clip(-32768, 32767).astype(np.int16)


def level_of(pcm: NDArray[np.int16]) -> float:
    return float(10 * np.log10(np.mean(pcm.astype(np.float64) ** 2) / 32768**2))


def hear(floor: NoiseFloor, seconds: float, dbfs: float, spread: float = 1.0) -> None:
    for deviation in RNG.standard_normal(round(seconds / BLOCK_S)) * spread:
        floor.observe(dbfs + deviation)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 32767), st.integers(1, 1920))
def test_levels_are_those_of_the_definition(amplitude: int, count: int) -> None:
    pcm = np.zeros(1920, np.int16)
    pcm[:count] = amplitude
    stream = LevelStream(NoiseFloor())
    stream.feed(pcm)
    assert stream.floor.level == pytest.approx(level_of(pcm), abs=0.011)


def test_extreme_samples_and_silence() -> None:
    stream = LevelStream(NoiseFloor())
    stream.feed(np.full(1920, -32768, np.int16))
    assert stream.floor.level == 0.0
    stream.feed(np.zeros(1920, np.int16))
    assert stream.floor.level == -200.0


def test_levels_come_at_the_patches_positions_whatever_the_blocks() -> None:
    pcm = np.concatenate([noise(dbfs, 9_001) for dbfs in (-60, -20, -50, -10, -70, -30, -40)])
    spec = LogMelSpec.profile("yamnet")

    def run(size: int) -> list[tuple[int, float, float]]:
        stream = LevelStream(NoiseFloor(warm_up_s=1))
        levels = [level for at in range(0, 40_000, size) for level in stream.feed(pcm[at : min(at + size, 40_000)])]
        stream.reset(50_000)
        return levels + [level for at in range(50_000, len(pcm), size) for level in stream.feed(pcm[at : at + size])]

    levels = run(len(pcm))
    assert levels == run(1) == run(777) == run(16_000)
    patches = PatchStream(spec, 0.05, 0)
    starts = list(patches.feed(pcm[:40_000])[1])
    patches.reset(50_000)
    starts += list(patches.feed(pcm[50_000:])[1])
    assert [start for start, _, _ in levels] == starts
    for start, level, _ in levels:
        windows = [pcm[at : at + 1920] for at in range(start, start + 15_600 - 1919, 240)]
        assert level == pytest.approx(max(map(level_of, windows)), abs=0.011)


def test_the_floor_is_assumed_until_it_is_warm() -> None:
    floor = NoiseFloor(warm_up_s=30, assumed_floor_dbfs=-55)
    hear(floor, 29, -70)
    assert (floor.warmed_up, floor.floor) == (False, -55)
    hear(floor, 2, -70)
    assert floor.warmed_up
    assert floor.floor == pytest.approx(-70, abs=0.5)


def test_median_and_p95_are_those_of_the_levels() -> None:
    floor = NoiseFloor()
    levels = np.concatenate([RNG.normal(-62, 2, 4000), RNG.normal(-55, 3, 800)])
    RNG.shuffle(levels)
    for level in levels:
        floor.observe(level)
    assert floor.floor == pytest.approx(np.percentile(levels, 50), abs=0.6)
    assert floor.p95 == pytest.approx(np.percentile(levels, 95), abs=1.0)


@pytest.mark.parametrize("minutes", [1, 10, 25])
def test_a_long_event_does_not_fool_it(minutes: int) -> None:
    floor = NoiseFloor()
    hear(floor, 600, -60)
    p95 = floor.p95
    for _ in range(minutes * 60 // 8):  # a cry of 6 s, a breath of 2 s, again and again
        hear(floor, 6, -25, spread=4)
        hear(floor, 2, -60)
    assert floor.floor == pytest.approx(-60, abs=1)
    assert floor.p95 == pytest.approx(p95, abs=2)


def test_a_room_that_stays_loud_becomes_the_floor() -> None:
    floor = NoiseFloor(longest_event_s=1800, half_life_s=600)
    hear(floor, 1200, -60)
    hear(floor, 1790, -40)
    assert floor.holding
    assert floor.floor == pytest.approx(-60, abs=1)
    hear(floor, 900, -40)
    assert floor.floor == pytest.approx(-40, abs=1)


def test_a_louder_room_below_the_margin_is_learned_in_one_half_life() -> None:
    floor = NoiseFloor(half_life_s=120)
    hear(floor, 3600, -60, spread=0.3)
    hear(floor, 110, -52, spread=0.3)
    assert floor.floor < -58
    hear(floor, 20, -52, spread=0.3)
    assert floor.floor > -54


def test_a_quieter_room_is_learned_too() -> None:
    floor = NoiseFloor(half_life_s=120)
    hear(floor, 3600, -40)
    hear(floor, 130, -70)
    assert floor.floor == pytest.approx(-70, abs=2)


def test_digital_silence_is_not_learned() -> None:
    floor = NoiseFloor()
    hear(floor, 100, -60)
    for _ in range(10_000):
        floor.observe(-200)
    assert floor.floor == pytest.approx(-60, abs=0.5)


def test_what_was_learned_survives_a_restart() -> None:
    floor = NoiseFloor()
    hear(floor, 2000, -63, spread=3)
    state = floor.save()
    assert len(state) < 300
    other = NoiseFloor()
    other.restore(state)
    assert other.warmed_up
    assert other.floor == pytest.approx(floor.floor, abs=0.05)
    assert other.p95 == pytest.approx(floor.p95, abs=0.05)
    hear(other, 700, -58, spread=1)
    assert other.floor > -60, "it goes on learning"


def test_a_damaged_state_is_refused_and_changes_nothing() -> None:
    floor = NoiseFloor()
    hear(floor, 100, -63)
    state = floor.save()
    hear(floor, 100, -66)
    before = floor.save()
    for position in range(len(state)):
        damaged = bytearray(state)
        damaged[position] ^= 1 << position % 8
        with pytest.raises(ValueError, match="noise floor's state"):
            floor.restore(bytes(damaged))
    with pytest.raises(ValueError, match="wrong size"):
        floor.restore(state[:-1])
    assert floor.save() == before


@pytest.mark.parametrize(
    "arguments",
    [
        {"half_life_s": 9},
        {"warm_up_s": 0},
        {"assumed_floor_dbfs": 1.0},
        {"event_margin_db": 2.0},
        {"learned_event_s": -1},
        {"longest_event_s": 1},
    ],
)
def test_impossible_settings_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments)).removesuffix("_dbfs").removesuffix("_db")):
        NoiseFloor(**arguments)  # type: ignore[arg-type]
