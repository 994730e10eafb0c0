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


def test_agreement_tells_equal_from_tied() -> None:
    reference = np.array([[0.1, 0.9], [0.8, 0.2], [0.2, 0.7]], np.float32)
    scores = np.array([[0.9, 0.9], [0.8, 0.2], [0.9, 0.1]], np.float32)
    found = metrics.agreement(scores, reference)
    assert (found.top_equal, found.top_tied) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert found.largest_difference == pytest.approx(0.8)


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
        found = metrics.bootstrap(lambda rows, values=values: float(values[rows].mean()), count, 400, 0)
        assert found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 5
