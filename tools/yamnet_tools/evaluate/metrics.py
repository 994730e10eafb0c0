# SPDX-License-Identifier: Apache-2.0
"""Figures of merit of scores against truth, and how sure they are."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Double = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Interval:
    """A value with the 95 % interval of a bootstrap over clips."""

    value: float
    low: float
    high: float


def average_precision(scores: Double, truth: Bool) -> float:
    """Mean precision at each positive, clips of equal score being taken together; NaN without positives.

    Args:
        scores: [n].
        truth: [n].
    """
    positives = int(truth.sum())
    if positives == 0:
        return math.nan
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hits = np.cumsum(truth[order])[ends]
    gained = np.diff(hits, prepend=0)
    return float(np.sum(gained * hits / (ends + 1)) / positives)


def roc_auc(scores: Double, truth: Bool) -> float:
    """Probability that a positive scores above a negative, ties counting half (Mann-Whitney); NaN without either."""
    positives = int(truth.sum())
    negatives = truth.size - positives
    if positives == 0 or negatives == 0:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[inverse]
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def d_prime(auc: float) -> float:
    """Distance of two normal distributions of unit variance with this ROC AUC: sqrt(2) times its normal quantile."""
    if math.isnan(auc):
        return math.nan
    return math.sqrt(2) * NormalDist().inv_cdf(min(max(auc, 1e-9), 1 - 1e-9))


def mean_average_precision(scores: Double, truth: Bool) -> float:
    """Mean of the targets' average precisions, [n, t] and [n, t]; targets without positives are left out."""
    return _mean([average_precision(scores[:, index], truth[:, index]) for index in range(truth.shape[1])])


def zero_shot_accuracy(scores: Double, truth: Bool) -> float:
    """Share of clips whose strongest target is theirs; clips without a target are left out. Ties are lost in part."""
    labelled = truth.any(axis=1)
    if not labelled.any():
        return math.nan
    scores, truth = scores[labelled], truth[labelled]
    tied = scores == scores.max(axis=1, keepdims=True)
    return float(((tied & truth).sum(axis=1) / tied.sum(axis=1)).mean())


def bootstrap(measure: Callable[[Whole], float], count: int, repeats: int, seed: int) -> Interval:
    """A measure of `count` clips with its 95 % interval.

    Args:
        measure: of the clips with these indices, which may repeat.
        count: clips there are.
        repeats: resamples drawn.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    drawn = [measure(rng.integers(count, size=count)) for _ in range(repeats)]
    kept = [value for value in drawn if not math.isnan(value)]
    low, high = np.percentile(kept, [2.5, 97.5]) if kept else (math.nan, math.nan)
    return Interval(measure(np.arange(count)), float(low), float(high))


@dataclass(frozen=True)
class Agreement:
    """How a model compares with a reference, patch by patch.

    Attributes:
        patches: compared.
        top_equal: share with the same first strongest class.
        top_tied: share where the reference's strongest class is among the model's strongest.
        mean_difference, largest_difference: of probabilities.
    """

    patches: int
    top_equal: float
    top_tied: float
    mean_difference: float
    largest_difference: float


def agreement(scores: npt.NDArray[np.float32], reference: npt.NDArray[np.float32]) -> Agreement:
    """Compare probabilities [n, K] with a reference's."""
    top = reference.argmax(axis=1)
    rows = np.arange(len(top))
    difference = np.abs(scores - reference)
    return Agreement(
        patches=len(top),
        top_equal=float((scores.argmax(axis=1) == top).mean()),
        top_tied=float((scores[rows, top] == scores.max(axis=1)).mean()),
        mean_difference=float(difference.mean()),
        largest_difference=float(difference.max()),
    )


@dataclass(frozen=True)
class CalibrationBin:
    """Clip scores in one tenth of 0..1: how many, their mean, and the share that is true."""

    count: int
    mean_score: float
    share_true: float


def calibration(scores: Double, truth: Bool) -> list[CalibrationBin]:
    """Compare what scores promise with what is true, over all clips and targets; empty tenths are left out."""
    flat, hits = scores.reshape(-1), truth.reshape(-1)
    tenth = np.minimum((flat * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    found = []
    for index in range(CALIBRATION_BINS):
        chosen = tenth == index
        if chosen.any():
            found.append(CalibrationBin(int(chosen.sum()), float(flat[chosen].mean()), float(hits[chosen].mean())))
    return found


def _mean(values: list[float]) -> float:
    kept = [value for value in values if not math.isnan(value)]
    return float(np.mean(kept)) if kept else math.nan
