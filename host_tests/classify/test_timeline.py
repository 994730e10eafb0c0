# SPDX-License-Identifier: Apache-2.0
"""Segments of what was heard when, and the clip's strongest classes."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yamnet_tools.classify.scoring import Step
from yamnet_tools.classify.summary import Summary, strongest
from yamnet_tools.classify.timeline import Segment, Timeline

MakeStep = Callable[..., Step]
S, B, D, _ = range(4)


def test_consecutive_patches_are_one_segment(four_classes: SimpleNamespace, make_step: MakeStep) -> None:
    timeline = Timeline(four_classes, range(4), 0.5)
    timeline.add(make_step([[0.75, 0, 0, 0], [0.875, 0, 0.5, 0]]))
    timeline.add(make_step([[0.5, 0, 0.25, 0], [0.25, 0, 0.75, 0]], first_start=2 * 7680))
    assert list(timeline.segments(3.0)) == [
        Segment(0.0, 2 * 0.48 + 0.975, S, 0.875),
        Segment(0.48, 0.48 + 0.975, D, 0.5),
        Segment(3 * 0.48, 3 * 0.48 + 0.975, D, 0.75),
    ]


def test_onsets_are_told_once_and_the_strongest_first(four_classes: SimpleNamespace, make_step: MakeStep) -> None:
    timeline = Timeline(four_classes, range(4), 0.5)
    onsets = timeline.add(make_step([[0.5, 0.75, 0, 0], [0.5, 0.75, 0.5, 0], [0, 0.75, 0, 0], [0.5, 0.75, 0, 0]]))
    assert [(onset.start_s, onset.class_index) for onset in onsets] == [(0.0, B), (0.0, S), (0.48, D), (3 * 0.48, S)]


def test_only_the_chosen_classes_are_followed(four_classes: SimpleNamespace, make_step: MakeStep) -> None:
    timeline = Timeline(four_classes, [D], 0.5)
    timeline.add(make_step([[0.9, 0.9, 0.9, 0.9]]))
    assert [segment.class_index for segment in timeline.segments(1.0)] == [D]


def test_no_segment_spans_a_gap(four_classes: SimpleNamespace, make_step: MakeStep) -> None:
    timeline = Timeline(four_classes, range(4), 0.5)
    timeline.add(make_step([[0.75, 0, 0, 0]]))
    timeline.add(make_step([[0.75, 0, 0, 0]], first_start=10 * 16_000 + 5))
    assert [(s.start_s, s.end_s) for s in timeline.segments(99.0)] == [
        (0.0, 0.975),
        (10 + 5 / 16_000, 10.975 + 5 / 16_000),
    ]


def test_a_padded_clip_ends_where_its_sound_ends(four_classes: SimpleNamespace, make_step: MakeStep) -> None:
    timeline = Timeline(four_classes, range(4), 0.5)
    timeline.add(make_step([[0.75, 0, 0, 0]]))
    assert list(timeline.segments(0.3)) == [Segment(0.0, 0.3, S, 0.75)]


@given(st.lists(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75]), min_size=4, max_size=4), min_size=1, max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_segments_cover_exactly_what_reaches_the_threshold(
    four_classes: SimpleNamespace, make_step: MakeStep, rows: list[list[float]]
) -> None:
    timeline = Timeline(four_classes, range(4), 0.5)
    for at, row in enumerate(rows):
        timeline.add(make_step([row], first_start=at * 7680))
    segments = list(timeline.segments(1e9))
    assert [s.start_s for s in segments] == sorted(s.start_s for s in segments)
    covered = np.zeros((len(rows), 4))
    for segment in segments:
        first, last = round(segment.start_s / 0.48), round((segment.end_s - 0.975) / 0.48)
        covered[first : last + 1, segment.class_index] += 1
        assert segment.peak == max(rows[at][segment.class_index] for at in range(first, last + 1))
    assert np.array_equal(covered, np.array(rows) >= 0.5)


def test_summary_is_the_maximum_and_the_mean(four_classes: SimpleNamespace, make_step: MakeStep) -> None:
    summary = Summary(4, four_classes.output_quantization)
    rows = np.random.default_rng(0).integers(0, 256, (300, 4)) / 256
    for at in range(0, 300, 7):
        summary.add(make_step(rows[at : at + 7].tolist()))
    summary.add(make_step([]))
    assert summary.patches == 300
    assert np.array_equal(summary.max(), rows.max(axis=0))
    assert np.allclose(summary.mean(), rows.mean(axis=0), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("classes", "top", "threshold", "expected"),
    [
        (range(5), 3, 0.0, [1, 3, 0]),  # 0 and 4 are equal: the one that is stronger otherwise
        (range(5), 9, 0.25, [1, 3, 0, 4]),
        ([2, 4], 9, 0.0, [4, 2]),
        (range(5), 9, 0.95, []),
    ],
)
def test_ranking(classes: list[int], top: int, threshold: float, expected: list[int]) -> None:
    p = np.array([0.25, 0.9, 0.1, 0.5, 0.25])
    ties = np.array([0.2, 0.0, 0.0, 0.0, 0.1])
    assert [entry.class_index for entry in strongest(p, classes, top, threshold, ties)] == expected
