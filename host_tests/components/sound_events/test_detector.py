# SPDX-License-Identifier: Apache-2.0
"""Each thing a rule can say, shown on patches made by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_core import EventDetector, RuleSet
from patches import CLASSES, HOP, SPAN, bench, kinds, parse, rule


def test_start_and_end_are_exact_and_carry_peak_mean_and_top_classes() -> None:
    b = bench(rule())
    assert b.feed(0.1, 0.1) == []
    (start,) = b.feed({2: 0.5, 3: 0.25})
    assert (start.kind, start.rule, start.start_sample, start.end_sample) == ("start", "baby", 2 * HOP, 2 * HOP + SPAN)
    assert b.feed({2: 0.75, 0: 0.375}, 0.5, level=-12.5, floor=-61.25) == []
    (end,) = b.feed(0.1)
    assert (end.kind, end.reason, end.sequence) == ("end", "quiet", start.sequence)
    assert (end.start_sample, end.end_sample) == (2 * HOP, 4 * HOP + SPAN)
    assert (end.peak, end.peak_sample) == (0.75, 3 * HOP)
    assert end.mean == pytest.approx((0.5 + 0.75 + 0.5) / 3, abs=1e-4)
    assert (end.patches, end.level, end.floor) == (3, -12.5, -60.0)
    assert end.top == [(2, 0.75), (0, 0.375), (3, 0.25)]


def test_states_go_through_all_five() -> None:
    b = bench(rule(patches={"need": 2, "of": 2}, hold_s=0.5, cool_off_s=1))
    seen = [b.state]
    for probability in (0.6, 0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1):
        b.feed(probability)
        if b.state != seen[-1]:
            seen.append(b.state)
    assert seen == ["idle", "rising", "on", "holding", "cooling", "idle"]


def test_n_of_m_patches() -> None:
    b = bench(rule(patches={"need": 2, "of": 3}))
    assert b.feed(0.6, 0.1, 0.1, 0.6, 0.1, 0.1) == []
    (start,) = b.feed(0.6, 0.1, 0.6)
    assert start.start_sample == 6 * HOP, "the event begins with the first patch that counted"


def test_the_oldest_hit_must_lie_within_the_window() -> None:
    b = bench(rule(patches={"need": 2, "of": 2}))
    (start,) = b.feed(0.6, 0.1, 0.6, 0.6)
    assert start.start_sample == 2 * HOP


def test_a_weaker_sound_that_lasts_counts_too() -> None:
    lasting = {"on": 0.1, "patches": {"need": 4, "of": 5}}
    b = bench(rule(off=0.05, lasting=lasting))
    assert b.feed(0.2, 0.2, 0.2, 0.01, 0.01, 0.2, 0.2) == []
    (start,) = b.feed(0.01, 0.2, 0.2)
    assert start.start_sample == 5 * HOP
    assert kinds(b.feed(0.06, 0.04)) == ["end"]
    assert kinds(b.feed(0.01, 0.6)) == ["start"], "a strong one needs no time"


def test_thresholds_have_hysteresis() -> None:
    b = bench(rule(on=0.5, off=0.3))
    assert kinds(b.feed(0.4, 0.49)) == []
    assert kinds(b.feed(0.5, 0.31, 0.31)) == ["start"]
    assert kinds(b.feed(0.29)) == ["end"]


def test_min_duration_keeps_short_ones_untold() -> None:
    b = bench(rule(min_duration_s=2.0))
    assert b.feed(0.6, 0.6, 0.1, 0.1) == []
    events = b.feed(0.6, 0.6, 0.6, 0.6)
    assert kinds(events) == ["start"]
    assert events[0].start_sample == 4 * HOP
    assert events[0].end_sample - events[0].start_sample >= 32_000


def test_max_duration_ends_and_a_new_event_may_follow() -> None:
    b = bench(rule(max_duration_s=2))
    events = b.feed(*[0.6] * 12)
    assert kinds(events)[:3] == ["start", "end", "start"]
    assert events[1].reason == "max_duration"
    assert events[1].end_sample - events[1].start_sample == 32_000
    assert events[2].start_sample >= events[1].end_sample


def test_hold_bridges_a_pause_and_its_patches_count_in_the_mean() -> None:
    b = bench(rule(hold_s=1))
    assert kinds(b.feed(0.6, 0.1, 0.1, 0.6)) == ["start"]
    (end,) = b.feed(0.1, 0.1, 0.1)
    assert (end.end_sample, end.patches) == (3 * HOP + SPAN, 4)
    assert end.mean == pytest.approx((0.6 + 0.1 + 0.1 + 0.6) / 4, abs=0.004)


def test_cool_off_counts_from_the_event_s_end() -> None:
    b = bench(rule(cool_off_s=4))
    b.feed(0.6, 0.1)
    events = b.feed(*[0.6] * 14)
    assert kinds(events) == ["start"]
    assert 0 <= events[0].start_sample - (SPAN + 64_000) < HOP


def test_updates_come_at_intervals() -> None:
    b = bench(rule(update_s=2))
    events = b.feed(*[0.6] * 14)
    assert kinds(events) == ["start", "update", "update"]
    assert all(later.end_sample > earlier.end_sample for earlier, later in itertools.pairwise(events))


@pytest.mark.parametrize(("combine", "expected"), [("max", 0.5), ("sum", 0.875), ("noisy-or", 1 - 0.5 * 0.75 * 0.875)])
def test_classes_combine(combine: str, expected: float) -> None:
    classes = ["Baby cry, infant cry", {"class": "Dog", "weight": 0.5}, {"class": 4, "weight": 2}]
    b = bench(rule(classes=classes, combine=combine, on=0.1, off=0.1))
    (start,) = b.feed({2: 0.5, 3: 0.5, 4: 0.0625})
    assert start.peak == pytest.approx(expected, abs=1e-4)


def test_a_suppressing_class_keeps_a_patch_from_counting() -> None:
    b = bench(rule(suppress=[{"class": "Baby laughter", "weight": 2}]))
    assert b.feed({2: 0.6, 1: 0.3}) == []
    assert kinds(b.feed({2: 0.6, 1: 0.25})) == ["start"]
    assert kinds(b.feed({2: 0.6, 1: 0.9})) == ["end"]


def test_minimum_level_absolute_and_above_the_floor() -> None:
    b = bench(rule(level={"min_dbfs": -40, "above_floor_db": 10, "hysteresis_db": 3}))
    assert b.feed(0.9, level=-40.1, floor=-80) == []
    assert b.feed(0.9, level=-30, floor=-39) == []
    assert kinds(b.feed(0.9, level=-40, floor=-50)) == ["start"]
    assert b.feed(0.9, level=-43, floor=-53) == []
    assert kinds(b.feed(0.9, level=-43.1, floor=-60)) == ["end"]


def test_a_rule_without_classes_goes_by_level_alone() -> None:
    b = bench(rule(name="loud", classes=None, on=None, off=None, level={"above_floor_db": 20, "hysteresis_db": 5}))
    assert b.feed(0.0, level=-41) == []
    (start,) = b.feed({3: 0.25}, level=-39)
    assert (start.peak, start.level, start.top) == (1.0, -39.0, [(3, 0.25)])


def test_thresholds_move_with_the_floor_up_to_a_limit() -> None:
    moving = {"reference_dbfs": -60, "threshold_per_db": 0.01, "limit": 0.2}
    b = bench(rule(floor=moving))
    assert b.feed(0.59, floor=-50) == []
    assert kinds(b.feed(0.61, floor=-50)) == ["start"]
    b = bench(rule(floor=moving))
    assert kinds(b.feed(0.71, floor=-10)) == ["start"]
    b = bench(rule(floor=moving))
    assert kinds(b.feed(0.41, floor=-70)) == ["start"]


def test_quiet_hours_let_nothing_begin_but_end_nothing() -> None:
    b = bench(rule(quiet_hours=[{"from": "22:00", "to": "06:30"}]))
    assert kinds(b.feed(0.9, minute=21 * 60 + 59)) == ["start"]
    assert b.feed(0.9, minute=22 * 60) == []
    assert kinds(b.feed(0.1, minute=22 * 60)) == ["end"]
    b.feed(0.1)
    assert b.feed(0.9, 0.9, minute=0) == []
    assert b.feed(0.9, minute=6 * 60 + 29) == []
    assert kinds(b.feed(0.9, minute=6 * 60 + 30)) == ["start"]
    b.feed(0.1, 0.1)
    assert kinds(b.feed(0.9, minute=-1)) == ["start"], "while nobody knows the time no hour is quiet"


def test_higher_priority_is_told_first_and_a_yielding_rule_waits_for_it() -> None:
    dog = rule(name="dog", classes=["Dog"], priority=9)
    low = rule(name="low", classes=["Dog"], priority=1, yields=True)
    b = bench(low, rule(priority=3), dog)
    events = b.feed({2: 0.9, 3: 0.9})
    assert [event.rule for event in events] == ["dog", "baby"]
    assert b.feed({3: 0.9})[0].rule == "baby"
    assert [event.rule for event in b.feed({3: 0.1}, {3: 0.1})] == ["dog"]
    b = bench(low)
    assert [event.rule for event in b.feed({3: 0.9})] == ["low"]


def test_a_gap_ends_an_event_where_its_audio_ended() -> None:
    b = bench(rule(gap="end"))
    b.feed(0.9, 0.9)
    b.skip(1)
    events = b.feed(0.1)
    assert kinds(events) == ["end"]
    assert (events[0].reason, events[0].end_sample) == ("gap", HOP + SPAN)


def test_a_gap_clears_patches_that_were_counted() -> None:
    b = bench(rule(patches={"need": 2, "of": 3}))
    b.feed(0.9)
    b.skip(100)
    assert b.feed(0.9) == []
    assert kinds(b.feed(0.9)) == ["start"]


def test_a_rule_may_bridge_gaps_up_to_a_length() -> None:
    b = bench(rule(gap={"bridge_s": 2}))
    b.feed(0.9)
    b.skip(SPAN - HOP + 32_000)  # exactly two seconds without any patch
    assert b.feed(0.9) == []
    b.skip(SPAN - HOP + 32_001)
    events = b.feed(0.9)
    assert [(event.kind, event.reason) for event in events] == [("end", "gap"), ("start", "none")]


def test_the_end_of_the_audio_ends_events() -> None:
    b = bench(rule(), rule(name="dog", classes=["Dog"], min_duration_s=5))
    b.feed({2: 0.9, 3: 0.9})
    (end,) = b.detector.finish()
    assert (end.rule, end.kind, end.reason) == ("baby", "end", "stream_end")
    assert b.detector.finish() == []


def test_setting_rules_ends_events_and_goes_on_counting() -> None:
    b = bench(rule())
    (start,) = b.feed(0.9)
    (end,) = b.detector.set_rules(parse(rule(name="other")))
    assert (end.kind, end.reason, end.sequence) == ("end", "rules_changed", start.sequence)
    (start,) = b.feed(0.9)
    assert (start.rule, start.sequence) == ("other", end.sequence + 1)


def test_a_rule_that_is_set_again_stands_where_it_stood() -> None:
    b = bench(rule(), rule(name="dog", classes=["Dog"], patches={"need": 3, "of": 3}))
    (start,) = b.feed({2: 0.9, 3: 0.9})
    b.feed({2: 0.9, 3: 0.9})
    assert (
        b.detector.set_rules(
            parse(rule(name="dog", classes=["Dog"], patches={"need": 3, "of": 3}), rule(), rule(name="c"))
        )
        == []
    )
    assert dict(b.detector.states) == {"dog": "rising", "baby": "on", "c": "idle"}
    (dog,) = [event for event in b.feed({2: 0.9, 3: 0.9}) if event.rule == "dog"]
    assert (dog.start_sample, dog.sequence) == (0, start.sequence + 1)
    ends = b.detector.finish()
    assert {event.rule: event.sequence for event in ends}["baby"] == start.sequence


def test_rules_for_another_model_are_refused_and_the_running_ones_stay() -> None:
    b = bench(rule())
    b.feed(0.9)
    names = [*CLASSES, "Ninth"]
    other = RuleSet.parse('{"schema":1,"rules":[{"name":"x","classes":["Ninth"],"on":0.5,"off":0.5}]}', names)
    with pytest.raises(ValueError, match='rule "x" uses class 8 of 8'):
        b.detector.set_rules(other)
    assert b.detector.states == [("baby", "on")]


def test_a_patch_out_of_order_is_refused_and_changes_nothing() -> None:
    b = bench(rule())
    b.feed(0.9)
    b.next_start -= 1
    with pytest.raises(ValueError, match="starts before"):
        b.feed(0.1)
    b.next_start = HOP
    assert b.feed(0.9) == []
    assert b.state == "on"


@pytest.mark.parametrize(("scale", "zero_point"), [(0.0, 0), (float("nan"), 0), (-0.1, 0), (1.5, 0), (0.1, 128)])
def test_impossible_score_formats_are_refused(scale: float, zero_point: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        EventDetector(parse(rule()), scale, zero_point, len(CLASSES))


RULES = [
    rule(patches={"need": 2, "of": 4}, hold_s=1, cool_off_s=2, max_duration_s=6, update_s=1),
    rule(name="dog", classes=["Dog", "Siren"], combine="noisy-or", min_duration_s=2, gap={"bridge_s": 1}, priority=4),
    rule(name="any", classes=None, on=None, off=None, level={"above_floor_db": 12}, yields=True),
]
PATCH = st.tuples(
    st.lists(st.integers(-128, 127), min_size=8, max_size=8),
    st.sampled_from([-60.0, -50.0, -45.0, -20.0]),
    st.sampled_from([0, 0, 0, 0, 0, 1, 9_000, 60_000]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PATCH, min_size=1, max_size=80), st.integers(1, 80))
def test_whatever_comes_events_are_well_formed_and_batches_do_not_matter(
    patches: list[tuple[list[int], float, int]], batch: int
) -> None:
    scores = np.array([scores for scores, _, _ in patches], np.int8)
    starts = np.cumsum([HOP + gap for _, _, gap in patches]).astype(np.int64)
    levels = np.array([level for _, level, _ in patches])
    floors = np.full(len(patches), -60.0)

    def run(step: int) -> list[tuple[object, ...]]:
        detector = EventDetector(parse(*RULES), 1 / 256, -128, len(CLASSES))
        events = []
        for first in range(0, len(patches), step):
            part = slice(first, first + step)
            events += detector.process(scores[part], starts[part], levels[part], floors[part])
        events += detector.finish()
        return [
            (
                e.rule,
                e.kind,
                e.reason,
                e.sequence,
                e.start_sample,
                e.end_sample,
                e.peak,
                e.mean,
                e.patches,
            )
            for e in events
        ]

    told = run(batch)
    assert told == run(1)
    ended: dict[str, int] = {}
    running: dict[str, tuple[object, ...]] = {}
    for event in told:
        name, kind, _, sequence, start, end, peak, mean, _ = event
        assert 0 <= mean <= peak <= 1
        assert start < end
        if kind == "start":
            assert name not in running
            assert start >= ended.get(name, 0)
            running[name] = event
        else:
            assert (running[name][3], running[name][4]) == (sequence, start)
        if kind == "end":
            del running[name]
            ended[name] = end + (32_000 if name == "baby" else 0)
            assert name != "baby" or end - start <= 96_000
            assert name != "dog" or end - start >= 32_000
    assert not running
    sequences = [event[3] for event in told if event[1] == "start"]
    assert sequences == list(range(1, len(sequences) + 1))
