# SPDX-License-Identifier: Apache-2.0
"""The ruler itself: who counts as found, what as false alarm, who is on which side."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from device_core import RuleSet, presets
from yamnet_tools.events.clips import LabelledClip, group_of, halves, side_of, source_of
from yamnet_tools.events.intervals import rate_interval, share_interval
from yamnet_tools.events.judge import Verdict, judge
from yamnet_tools.events.plain_rule import best_plain_rule, plain_events
from yamnet_tools.events.scored import ScoredAudio
from yamnet_tools.events.stream import Heard
from yamnet_tools.events.sweep import THRESHOLDS, Point, at, judged, recommend, sweep
from yamnet_tools.model import TensorQuantization

S = 16_000
HOP = 7_680


def heard(label: str, start_s: float, end_s: float, level: float = -20.0) -> Heard:
    return Heard(label, round(start_s * S), round(end_s * S), level)


def scored(columns: dict[int, list[float]], classes: int = 3) -> ScoredAudio:
    length = max(map(len, columns.values()))
    scores = np.full((length, classes), -128, np.int8)
    for index, values in columns.items():
        scores[: len(values), index] = [round(min(p * 256, 255)) - 128 for p in values]
    starts = np.arange(length, dtype=np.int64) * HOP
    levels, floors, patterns = np.full(length, -20.0), np.full(length, -60.0), np.zeros((length, 2), np.uint8)
    return ScoredAudio(scores, starts, levels, floors, patterns, TensorQuantization(1 / 256, -128))


TEST = [heard("dog", 10, 12), heard("rain", 20, 25), heard("dog", 30, 31), heard("maybe", 40, 41)]


def dogs(*starts_s: float) -> tuple[int, int]:
    spans = [(round(start * S), round((start + 1) * S)) for start in starts_s]
    verdict = judge(spans, TEST, lambda clip: clip.label == "dog", lambda clip: clip.label == "maybe")
    return verdict.found, verdict.false_alarms


def test_an_event_counts_for_the_sound_it_begins_in() -> None:
    assert dogs(10.5) == (1, 0)
    assert dogs(9.1, 30.9) == (2, 0)
    assert dogs(10.1, 11.0) == (1, 0), "two events of one sound are one sound found"
    assert dogs(8.9) == (0, 1)
    assert dogs(12.1) == (0, 1)
    assert dogs(22) == (0, 1)
    assert dogs(40.5) == (0, 0), "nobody can say"


def test_a_rule_that_is_always_on_finds_nothing() -> None:
    assert judge([(0, 100 * S)], TEST, lambda clip: clip.label == "dog").found == 0


def test_hours_are_those_of_the_other_recordings() -> None:
    verdict = judge([(20 * S, 21 * S)], TEST, lambda clip: clip.label == "dog", lambda clip: clip.label == "maybe")
    assert verdict.negative_hours == pytest.approx(5 / 3600)
    assert verdict.per_hour == pytest.approx(720)


def test_the_plain_rule_wants_six_in_a_row() -> None:
    audio = scored({0: [0.5] * 5 + [0.1] + [0.5] * 6 + [0.1]})
    assert plain_events(audio, 0, 0) == [(6 * HOP, 11 * HOP + 15_600)]


def test_the_plain_rule_gets_the_class_and_threshold_that_suit_it_best() -> None:
    truth = [heard("dog", 0, 5)]
    audio = scored({0: [0.3] * 8 + [0.0] * 8 + [0.2] * 8, 1: [0.1] * 24})
    rule = best_plain_rule(audio, range(3), lambda events: judge(events, truth, lambda _: True))
    assert (rule.index, rule.threshold) == (0, pytest.approx(0.3, abs=0.01))
    assert (rule.verdict.found, rule.verdict.false_alarms) == (1, 0)


def test_clips_of_one_source_stay_together() -> None:
    same = [
        ("esc10/dog/1-100032-A.wav", "urbansound8k/dog_bark/100032-3-0-0.wav"),
        (
            "a/7E4B9C14-F955-4BED-9B03-7F3096A6CBFF-1430-1.0-f-26-hu.wav",
            "b/7e4b9c14-f955-4bed-9b03-7f3096a6cbff-9-x.wav",
        ),
        ("s/zero_9f63152b_nohash_0.wav", "s/six_9f63152b_nohash_1.wav"),
        ("music/trumpet_0.wav", "music/trumpet_12.wav"),
    ]
    for one, other in same:
        assert group_of(Path(one)) == group_of(Path(other))
    assert group_of(Path("music/trumpet_0.wav")) != group_of(Path("music/drum_0.wav"))


def clip(label: str, name: str) -> LabelledClip:
    return LabelledClip(Path(name), label, group_of(Path(name)))


def test_both_halves_have_of_everything_and_no_source_is_on_both() -> None:
    names = [("cry", f"{source}_{take}.wav") for source in "abcde" for take in range(3)] + [
        ("room", "x"),
        ("room", "y"),
    ]
    clips = [clip(*name) for name in names]
    one, other = halves(clips)
    assert sorted(each.path for each in one + other) == sorted(each.path for each in clips)
    assert not {each.group for each in one} & {each.group for each in other}
    assert {each.label for each in one} == {each.label for each in other} == {"cry", "room"}
    assert abs(len(one) - len(other)) <= 3
    assert halves(clips[::-1])[0][0].group == one[0].group


def test_one_source_is_not_split() -> None:
    one, other = halves([clip("cry", "a_1.wav"), clip("cry", "a_2.wav")])
    assert (len(one), len(other)) == (2, 0)


def test_a_number_makes_clips_of_one_source_in_known_collections_only() -> None:
    assert source_of(Path("esc10/1-100032-A.wav")) == source_of(Path("urbansound8k/100032-3-0-0.wav"))
    assert source_of(Path("s/zero_9f63152b_nohash_0.wav")) == source_of(Path("s/six_9f63152b_nohash_1.wav"))
    assert source_of(Path("dogs/dog_1.wav")) != source_of(Path("dogs/dog_2.wav"))
    names = [*(f"dog_{number}.wav" for number in range(88)), *(f"bark_{number}.wav" for number in range(9))]
    sides = halves([LabelledClip(Path(name), "dog", source_of(Path(name))) for name in names])
    assert abs(len(sides[0]) - len(sides[1])) <= 1


@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [(0, 14, 0, 0.2316), (14, 14, 0.7684, 1), (1, 10, 0.0025, 0.4450), (83, 113, 0.6432, 0.8132), (0, 0, 0, 1)],
)
def test_intervals_of_shares_are_exact(found: int, of: int, low: float, high: float) -> None:
    assert share_interval(found, of) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("count", "hours", "low", "high"),
    [(0, 1, 0, 3.6889), (0, 1 / 60, 0, 221.33), (1, 1, 0.0253, 5.5716), (10, 2, 2.3977, 9.1952), (0, 0, 0, math.inf)],
)
def test_intervals_of_rates_are_exact(count: int, hours: float, low: float, high: float) -> None:
    assert rate_interval(count, hours) == pytest.approx((low, high), rel=1e-4, abs=1e-4)


def _point(on: float, choosing: tuple[int, int], judging: tuple[int, int]) -> Point:
    verdicts = [Verdict(found, 50, alarms, 1.0) for found, alarms in (choosing, judging)]
    return Point({"on": on, "off": on / 2}, *verdicts)


def test_a_worse_rule_than_the_one_it_began_with_is_never_recommended() -> None:
    start = _point(0.4, (50, 0), (49, 0))
    assert recommend([_point(0.5, (40, 0), (43, 0))], start, 0) is start
    assert recommend([_point(0.5, (50, 0), (43, 0))], start, 0) is start
    better = _point(0.5, (50, 0), (50, 0))
    assert recommend([better], start, 0) is better
    loud = _point(0.4, (50, 1), (50, 2))
    quiet = _point(0.5, (40, 0), (43, 0))
    assert recommend([quiet], loud, 0) is quiet
    assert recommend([quiet], loud, 2) is loud
    assert recommend([_point(0.5, (50, 3), (50, 0))], loud, 0) is None


def test_other_thresholds_keep_all_of_a_rule() -> None:
    preset = json.loads(presets()["baby"])["rules"][0]
    assert "lasting" in preset
    moving = {"reference_dbfs": -60, "threshold_per_db": 0.01, "limit": 0.01}
    names = ["Baby cry, infant cry", "Crying, sobbing", "Whimper", "Baby laughter", "Cat"]
    for rule in (preset, preset | {"floor": moving}):
        for on in THRESHOLDS:
            tried = at(rule, on, (2, 3))
            assert tried["on"] == on
            assert tried["lasting"]["patches"] == preset["lasting"]["patches"]
            assert set(tried) == set(rule) | {"patches"}
            assert RuleSet.parse(json.dumps({"schema": 1, "rules": [tried]}), names).rules
    doubled = at(preset, 2 * preset["on"], (1, 1))
    assert doubled["off"] == pytest.approx(2 * preset["off"])
    assert doubled["lasting"]["on"] == pytest.approx(2 * preset["lasting"]["on"])


def test_sides_are_about_equal_and_stable() -> None:
    sides = [side_of(f"freesound/{number}") for number in range(1000)]
    assert 450 < sum(sides) < 550
    assert [side_of("freesound/100032"), side_of("freesound/1")] == [
        side_of("freesound/100032"),
        side_of("freesound/1"),
    ]


def test_a_sweep_finds_the_thresholds_between_positives_and_negatives() -> None:
    audio = scored({0: [0.45] * 4 + [0.0] * 20 + [0.17] * 4 + [0.0] * 10})
    truth = [heard("positive", 0, 2.5), heard("negative", 11.5, 14)]
    rule = {"name": "x", "classes": [0], "on": 0.5, "off": 0.25}
    points = sweep(rule, [(truth, audio), (truth, audio)], ["a", "b", "c"])
    start = judged(rule, [(truth, audio), (truth, audio)], ["a", "b", "c"])
    chosen = recommend(points, start, 0.0)
    assert chosen is not None
    assert 0.17 < chosen.on < 0.45
    assert (chosen.choosing.found, chosen.choosing.false_alarms) == (1, 0)
    assert chosen.rule["on"] == chosen.on
    generous = recommend(points, start, 1e9)
    assert generous is not None
    assert generous.choosing.found == 1


def test_nothing_is_recommended_where_nothing_keeps_the_limit() -> None:
    audio = scored({0: [0.95] * 4 + [0.0] * 20 + [0.95] * 4 + [0.0] * 10})
    truth = [heard("positive", 0, 2.5), heard("negative", 11.5, 14)]
    rule = {"name": "x", "classes": [0], "on": 0.5, "off": 0.25}
    halves = [(truth, audio)] * 2
    points, start = sweep(rule, halves, ["a", "b", "c"]), judged(rule, halves, ["a", "b", "c"])
    assert recommend(points, start, 0.0) is None
    assert recommend(points, start, 1e9) is not None
