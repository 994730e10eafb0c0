# SPDX-License-Identifier: Apache-2.0
"""Streams of rooms and how they are judged, without the network."""

import builtins

import numpy as np
import pytest

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.errors import EngineError, UsageError
from yamnet_tools.rooms import backgrounds
from yamnet_tools.rooms.acoustics import Place, heard_through
from yamnet_tools.rooms.alarms import lengthened, t3, t4
from yamnet_tools.rooms.recordings import Recording, active_rms, at_dbfs
from yamnet_tools.rooms.sounds import SOUNDS, require_classes, with_labels
from yamnet_tools.rooms.streams import Condition, Placed, Section, Setting, Wanted, sections
from yamnet_tools.rooms.verdicts import Told, judge

DOG = next(sound for sound in SOUNDS if sound.name == "dog")
BARK = Recording("bark", "dog", at_dbfs(-30) * np.sin(np.arange(SAMPLE_RATE)))
HUM = Recording("hum", "engine", at_dbfs(-30) * np.sin(np.arange(SAMPLE_RATE) / 9))
SETTING = Setting(("noise",), (10.0, 0.0), 0.5, Place(), -90.0, 7)


@pytest.fixture(scope="module")
def stream() -> list[tuple[Section, np.ndarray]]:
    return list(sections(SETTING, [Wanted(BARK, "dog"), Wanted(HUM, None)], [BARK, HUM]))


def test_sections_hold_each_sound_at_its_signal_to_noise(stream: list[tuple[Section, np.ndarray]]) -> None:
    assert [section.background for section, _ in stream] == [backgrounds.QUIET, "noise"]
    section, pcm = stream[1]
    assert {placed.condition.snr_db for placed in section.placed} == {10.0, 0.0}
    assert {placed.sound for placed in section.placed} == {"dog", None}
    first = section.placed[0]
    noise = active_rms(pcm[: first.start].astype(float))
    for placed in section.placed[:6]:
        power = np.mean(pcm[placed.start : placed.end].astype(float) ** 2) / noise**2 - 1
        assert 10 * np.log10(power) == pytest.approx(placed.condition.snr_db, abs=1.0)


def test_equal_seeds_give_equal_samples_and_others_do_not(stream: list[tuple[Section, np.ndarray]]) -> None:
    wanted = [Wanted(BARK, "dog"), Wanted(HUM, None)]
    section, pcm = next(sections(SETTING, wanted, [BARK, HUM]))
    assert section == stream[0][0]
    assert np.array_equal(pcm, stream[0][1])
    other = Setting(("noise",), (10.0, 0.0), 0.5, Place(), -90.0, 8)
    assert not np.array_equal(next(sections(other, wanted, [BARK, HUM]))[1], pcm)


def test_alarms_have_the_rhythm_of_their_standards() -> None:
    def on(sound: np.ndarray, at: float) -> bool:
        start = round(at * SAMPLE_RATE)
        return bool(np.abs(sound[start : start + 160]).max() > 0.5)

    three, four = t3(3100.0, 8.0), t4(3100.0, 12.0)
    assert [on(three, quarter * 0.5 + 0.2) for quarter in range(8)] == [True, False] * 3 + [False] * 2
    assert [on(three, 4.0 + quarter * 0.5 + 0.2) for quarter in range(8)] == [True, False] * 3 + [False] * 2
    assert [on(four, step * 0.1 + 0.03) for step in range(9)] == [True, False] * 4 + [False]
    assert on(four, 5.73)
    assert not on(four, 3.0)


def test_short_alarms_are_repeated_until_they_last() -> None:
    beep = np.ones(SAMPLE_RATE // 2)
    long = lengthened(beep, 12.0)
    assert len(long) == 12 * SAMPLE_RATE
    assert long[SAMPLE_RATE * 7 // 4] == 0.0
    assert len(lengthened(np.ones(5 * SAMPLE_RATE), 12.0)) == 15 * SAMPLE_RATE


def test_found_latency_and_false_alarms() -> None:
    place = Condition("noise", 0.0)
    placed = [
        Placed("a", "dog", "dog", place, 100_000, 150_000),
        Placed("b", "dog_or_other", None, place, 300_000, 350_000),
        Placed("c", "cow", None, place, 500_000, 550_000),
        Placed("d", "dog", "dog", place, 700_000, 750_000),
    ]
    told = [Told(95_000, 116_000), Told(310_000, 330_000), Told(510_000, 530_000), Told(620_000, 640_000)]
    verdict = judge([Section(0, "noise", 3600 * SAMPLE_RATE, placed)], [told], DOG)
    assert [outcome.latency_s for outcome in verdict.outcomes] == [1.0, None]
    assert [alarm.during for alarm in verdict.false_alarms] == ["cow", "noise"]
    assert verdict.hours == pytest.approx(1 - 100_000 / SAMPLE_RATE / 3600)


def test_distance_lowers_the_level_and_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard_through(np.ones(4), Place(2.0).response()) == pytest.approx(np.full(4, 0.5))

    real_import = builtins.__import__

    def refuse(name: str, *rest: object) -> object:
        if name == "pyroomacoustics":
            raise ImportError(name)
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(EngineError, match=r"pip install -e \.\[rooms\]"):
        Place(2.0, 0.5).response()


def test_labels_of_ones_own() -> None:
    assert "wuff" in with_labels(["wuff=dog"])["dog"].labels
    with pytest.raises(UsageError, match="LABEL=SOUND"):
        with_labels(["wuff=hound"])


def test_a_model_without_the_classes_is_refused() -> None:
    names = [name for sound in SOUNDS for name in sound.classes]
    require_classes({"dog": DOG}, names)
    with pytest.raises(UsageError, match="no class 'Bark', by which dog is known"):
        require_classes({"dog": DOG}, [name for name in names if name != "Bark"])
