# SPDX-License-Identifier: Apache-2.0
"""Figures of merit of scores against truth, and how sure they are."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Double = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float32]

CALIBRATION_BINS = 10

Measure = Callable[[Double, Bool], float]
"""Of one target's scores [n] and truth [n]."""

RowMeasure = Callable[[Whole], float]
"""Of the clips with these indices, which may repeat."""


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
    """Distance of two normal distributions of unit variance with this ROC AUC: sqrt(2) times its normal quantile.

    Infinite where nothing overlaps. (Hershey et al. 2017, CNN architectures for large-scale audio classification.)
    """
    if math.isnan(auc):
        return math.nan
    if auc in (0.0, 1.0):
        return math.copysign(math.inf, auc - 0.5)
    return math.sqrt(2) * NormalDist().inv_cdf(auc)


def by_target(measure: Measure, scores: Double, truth: Bool) -> Double:
    """A measure of each target: [n, t] and [n, t] -> [t], NaN where it has none."""
    return np.array([measure(scores[:, index], truth[:, index]) for index in range(truth.shape[1])])


def mean_of(values: Double) -> float:
    """Mean of what is a number, NaN where nothing is."""
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if kept.size else math.nan


def zero_shot_accuracy(scores: Double, truth: Bool) -> float:
    """Share of clips whose strongest target is theirs; clips without a target are left out. Ties are lost in part."""
    labelled = truth.any(axis=1)
    if not labelled.any():
        return math.nan
    scores, truth = scores[labelled], truth[labelled]
    tied = scores == scores.max(axis=1, keepdims=True)
    return float(((tied & truth).sum(axis=1) / tied.sum(axis=1)).mean())


def resamples(groups: Sequence[Hashable], strata: Sequence[Hashable], repeats: int, seed: int) -> list[Whole]:
    """Draw clips with replacement for a stratified cluster bootstrap (Davison and Hinkley 1997, section 3.8).

    Clips cut from one recording are not independent, so whole recordings are drawn. They are drawn within each
    label, so that a rare one is not absent from some of the draws.

    Args:
        groups: each clip's recording.
        strata: each clip's label; a recording belongs to that of its first clip.
        repeats: how many draws.
        seed: of the draws.

    Returns:
        Indices of clips, one array per draw.
    """
    members: dict[Hashable, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    by_stratum: dict[Hashable, list[Whole]] = {}
    for rows in members.values():
        by_stratum.setdefault(strata[rows[0]], []).append(np.array(rows))
    rng = np.random.default_rng(seed)
    return [
        np.concatenate([rows[pick] for rows in by_stratum.values() for pick in rng.integers(len(rows), size=len(rows))])
        for _ in range(repeats)
    ]


def interval(value: float, draws: Double) -> Interval:
    """A value with the 2.5th and 97.5th percentile of the same figure over resamples [repeats]."""
    kept = draws[~np.isnan(draws)]
    low, high = np.percentile(kept, [2.5, 97.5]) if kept.size else (math.nan, math.nan)
    return Interval(value, float(low), float(high))


@dataclass(frozen=True)
class TopClasses:
    """Patches of each clip on which a model and a reference have one strongest class: whole numbers [n].

    Attributes:
        patches: compared.
        equal: with the same first strongest class.
        tied: where the reference's strongest class is among the model's strongest.
    """

    patches: Whole
    equal: Whole
    tied: Whole


def top_classes(found: Sequence[Probabilities], reference: Sequence[Probabilities]) -> TopClasses:
    """Compare the probabilities of each clip's patches, n times [k, K], with a reference's."""
    counts = []
    for scores, wanted in zip(found, reference, strict=True):
        top = wanted.argmax(axis=1)
        equal = scores.argmax(axis=1) == top
        tied = scores[np.arange(len(top)), top] == scores.max(axis=1)
        counts.append((len(top), equal.sum(), tied.sum()))
    patches, equal, tied = np.array(counts, np.int64).reshape(-1, 3).T
    return TopClasses(patches, equal, tied)


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
