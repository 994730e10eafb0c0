# SPDX-License-Identifier: Apache-2.0
"""Figures of merit against their definitions, computed the slow way."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yamnet_tools.evaluate import metrics

cases = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=30
)


def slow_auc(scores: np.ndarray, truth: np.ndarray) -> float:
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[truth] for n in scores[~truth]]
    return sum(pairs) / len(pairs) if pairs else math.nan


def slow_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Area under the step curve of precision over recall, thresholds at each distinct score."""
    area, recall = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        above = scores >= threshold
        found = (above & truth).sum() / truth.sum()
        area += (found - recall) * (above & truth).sum() / above.sum()
        recall = found
    return area


@settings(max_examples=200, deadline=None)
@given(cases)
def test_roc_auc_and_average_precision(rows: list[tuple[float, bool]]) -> None:
    scores, truth = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    wanted = slow_auc(scores, truth)
    got = metrics.roc_auc(scores, truth)
    assert (math.isnan(wanted) and math.isnan(got)) or got == pytest.approx(wanted)
    if truth.any():
        assert metrics.average_precision(scores, truth) == pytest.approx(slow_precision(scores, truth))
    else:
        assert math.isnan(metrics.average_precision(scores, truth))


def test_known_values() -> None:
    scores, truth = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    assert metrics.average_precision(scores, truth) == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.roc_auc(scores, truth) == pytest.approx(0.75)
    assert metrics.d_prime(0.5) == pytest.approx(0)
    assert metrics.d_prime(0.9213504) == pytest.approx(2, abs=1e-4)


def test_zero_shot_shares_ties_and_leaves_out_clips_without_target() -> None:
    scores = np.array([[0.5, 0.5], [0.1, 0.9], [0.9, 0.1], [0.3, 0.4]])
    truth = np.array([[True, False], [False, True], [False, True], [False, False]])
    assert metrics.zero_shot_accuracy(scores, truth) == pytest.approx((0.5 + 1 + 0) / 3)


def test_top_classes_tell_equal_from_tied() -> None:
    reference = np.array([[0.1, 0.9], [0.8, 0.2], [0.2, 0.7]], np.float32)
    scores = np.array([[0.9, 0.9], [0.8, 0.2], [0.9, 0.1]], np.float32)
    found = metrics.top_classes([scores[:2], scores[2:]], [reference[:2], reference[2:]])
    assert found.patches.tolist() == [2, 1]
    assert found.equal.tolist() == [1, 0]
    assert found.tied.tolist() == [2, 0]


def test_calibration_bins_hold_each_score_once() -> None:
    scores, truth = np.array([[0.0, 0.05], [1.0, 0.55]]), np.array([[False, True], [True, False]])
    bins = metrics.calibration(scores, truth)
    assert [found.count for found in bins] == [2, 1, 1]
    assert bins[0].share_true == pytest.approx(0.5)


def test_bootstrap_interval_narrows_with_more_clips_and_holds_the_value() -> None:
    rng = np.random.default_rng(0)
    widths = []
    for count in (20, 2000):
        values = rng.normal(size=count)
        draws = metrics.resamples(range(count), ["x"] * count, 400, 0)
        found = metrics.interval(float(values.mean()), np.array([values[rows].mean() for rows in draws]))
        assert found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 5


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(200):
        values = rng.normal(size=60)
        draws = metrics.resamples(range(60), ["x"] * 60, 200, trial)
        found = metrics.interval(float(values.mean()), np.array([values[rows].mean() for rows in draws]))
        covered += found.low <= 0 <= found.high
    assert 0.88 < covered / 200 <= 0.99


def test_resamples_keep_recordings_whole_and_every_label_there() -> None:
    groups = ["a", "a", "a", "b", "c", "d"]
    strata = ["dog", "dog", "dog", "dog", "cat", "cat"]
    draws = metrics.resamples(groups, strata, 50, 0)
    for rows in draws:
        counts = np.bincount(rows, minlength=6)
        assert counts[0] == counts[1] == counts[2]
        assert counts[4] + counts[5] == 2
    assert len({tuple(rows) for rows in draws}) > 3
    again = metrics.resamples(groups, strata, 50, 0)
    assert all((first == second).all() for first, second in zip(draws, again, strict=True))
    assert any((first.shape != second.shape) or (first != second).any()
               for first, second in zip(draws, metrics.resamples(groups, strata, 50, 1), strict=True))  # fmt: skip


def test_what_has_no_value_is_not_a_number() -> None:
    scores, truth = np.array([[0.5, 0.1], [0.5, 0.2]]), np.array([[True, False], [True, False]])
    found = metrics.by_target(metrics.average_precision, scores, truth)
    assert found[0] == pytest.approx(1)
    assert math.isnan(found[1])
    assert metrics.mean_of(found) == pytest.approx(1)
    assert math.isnan(metrics.mean_of(np.array([math.nan])))
    assert math.isnan(metrics.roc_auc(scores[:, 0], truth[:, 0]))
    assert metrics.d_prime(1.0) == math.inf
    assert metrics.d_prime(0.0) == -math.inf
    assert math.isnan(metrics.d_prime(math.nan))


def test_all_ties_are_worth_chance() -> None:
    scores, truth = np.full(8, 0.5), np.arange(8) < 2
    assert metrics.roc_auc(scores, truth) == pytest.approx(0.5)
    assert metrics.average_precision(scores, truth) == pytest.approx(0.25)
