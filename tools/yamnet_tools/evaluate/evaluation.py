# SPDX-License-Identifier: Apache-2.0
"""Scores every clip with every model once, then computes all figures from that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yamnet_tools.audio import open_recording
from yamnet_tools.audio.pcm import SAMPLE_RATE
from yamnet_tools.errors import AudioError
from yamnet_tools.evaluate import metrics
from yamnet_tools.evaluate.dataset import Clip, DatasetError, Target, target_of
from yamnet_tools.evaluate.metrics import Agreement, Bool, CalibrationBin, Double, Interval, Whole
from yamnet_tools.evaluate.scorers import Probabilities, Scorer

BABY_CRY = 20
"""Index of "Baby cry, infant cry" in Google's class map."""

MOST_FALSE_ALARMS = 20
ALARM_THRESHOLD = 0.3
LONGEST_S = 60.0
"""Of a clip; what follows is not scored, so that one long recording does not take all memory."""


@dataclass(frozen=True)
class TargetResult:
    """One target of one model: clips that have it, average precision, ROC AUC and d'."""

    name: str
    clips: int
    average_precision: float
    roc_auc: float
    d_prime: float


@dataclass(frozen=True)
class FalseAlarm:
    """A clip on which a target was heard that is not its label."""

    clip: str
    label: str
    heard: str
    probability: float


@dataclass(frozen=True)
class SourceResult:
    """Figures over the clips of one collection, targets being those it has."""

    source: str
    clips: int
    mean_average_precision: float
    accuracy: float


@dataclass(frozen=True)
class ModelResult:
    """All figures of one model."""

    name: str
    kind: str
    size_bytes: int
    patches: int
    mean_average_precision: Interval
    accuracy: Interval
    baby_cry_auc: Interval | None
    agreement: Agreement | None
    targets: list[TargetResult]
    sources: list[SourceResult]
    calibration: list[CalibrationBin]
    false_alarms: list[FalseAlarm]


@dataclass(frozen=True)
class Evaluation:
    """The whole report.

    Attributes:
        clips: scored.
        counts: clips by target.
        counter_examples: clips without a target of their own.
        left_out: one line per clip that could not be read, and per label nobody knows.
        reference: name of the model others are compared with.
        pooling: `mean` or `max` over a clip's patches.
        models: results in the order of the command line.
    """

    clips: int
    counts: dict[str, int]
    counter_examples: int
    left_out: list[str]
    reference: str
    pooling: str
    models: list[ModelResult]


@dataclass(frozen=True)
class Settings:
    """Pooling, resamples of the bootstrap and its seed."""

    pooling: str = "mean"
    repeats: int = 300
    seed: int = 0


def evaluate(
    scorers: Sequence[Scorer],
    clips: Sequence[Clip],
    label_map: dict[str, Target | None],
    reference: int,
    settings: Settings,
    progress: Callable[[int], None] = lambda _: None,
) -> Evaluation:
    """Score clips with all models and compare them.

    Args:
        scorers: at least one; all with the same classes.
        clips: what to score.
        label_map: from read_label_map.
        reference: index of the model that others are compared with.
        settings: see Settings.
        progress: told the number of clips done.

    Raises:
        DatasetError: models with different classes, no usable clip, or fewer than two targets.
    """
    names = scorers[0].class_names
    if any(scorer.class_names != names for scorer in scorers):
        raise DatasetError("the models do not have the same classes, so they cannot be compared in one report")
    kept, wanted, left_out = _known(clips, label_map, names)
    per_model: list[list[Probabilities]] = [[] for _ in scorers]
    scored: list[int] = []
    for index, clip in enumerate(kept):
        try:
            pcm, whole = _read(clip)
        except AudioError as error:
            left_out.append(str(error))
            continue
        if not whole:
            left_out.append(f"{clip.path}: all after its first {LONGEST_S:.0f} s")
        scored.append(index)
        for found, scorer in zip(per_model, scorers, strict=True):
            found.append(scorer.score(pcm))
        progress(index + 1)
    kept, wanted = [kept[index] for index in scored], [wanted[index] for index in scored]
    targets = list(dict.fromkeys(target for target in wanted if target is not None))
    if len(targets) < 2:
        raise DatasetError(f"{len(targets)} of the labels mean a class of the models; at least two are needed")
    # Labels that mean the same share a name; the first one's classes stand for all.
    by_name = {target.name: target for target in reversed(targets)}
    ordered = sorted(by_name)
    truth = np.array([[target is not None and target.name == name for name in ordered] for target in wanted])
    results = []
    for scorer, found in zip(scorers, per_model, strict=True):
        pooled = _pooled(found, settings.pooling)
        scores = np.stack([pooled[:, list(by_name[name].classes)].max(axis=1) for name in ordered], axis=1)
        table = _Table(kept, ordered, truth, scores, pooled, settings)
        against = per_model[reference] if found is not per_model[reference] else None
        results.append(table.result(scorer, found, against))
    counts = {name: int(column.sum()) for name, column in zip(ordered, truth.T, strict=True)}
    without = int((~truth.any(axis=1)).sum())
    return Evaluation(len(kept), counts, without, left_out, scorers[reference].name, settings.pooling, results)


def _read(clip: Clip) -> tuple[npt.NDArray[np.int16], bool]:
    """A clip's first minute, int16 [n], and whether that is all of it."""
    most = int(LONGEST_S * SAMPLE_RATE)
    blocks, count = [], 0
    with open_recording(str(clip.path)) as recording:
        for block in recording.blocks():
            blocks.append(block.samples)
            count += len(block.samples)
            if count > most:
                break
    return np.concatenate(blocks)[:most], count <= most


def _known(
    clips: Sequence[Clip], label_map: dict[str, Target | None], names: Sequence[str]
) -> tuple[list[Clip], list[Target | None], list[str]]:
    """Clips whose label means something, what it means, and a line for each label that does not."""
    kept: list[Clip] = []
    wanted: list[Target | None] = []
    unknown: dict[str, int] = {}
    for clip in clips:
        try:
            wanted.append(target_of(clip.label, label_map, names))
            kept.append(clip)
        except KeyError:
            unknown[clip.label] = unknown.get(clip.label, 0) + 1
    lines = [
        f"{count} clip(s) labelled '{label}': neither in the mapping nor a class's name"
        for label, count in unknown.items()
    ]
    return kept, wanted, lines


def _pooled(found: Sequence[Probabilities], pooling: str) -> Double:
    """A clip's probabilities from its patches': [clips, K]."""
    pool = np.mean if pooling == "mean" else np.max
    return np.stack([pool(scores, axis=0) for scores in found]).astype(np.float64)


@dataclass(frozen=True)
class _Table:
    """Clips x targets of one model."""

    clips: list[Clip]
    names: list[str]
    truth: Bool
    scores: Double
    pooled: Double
    settings: Settings

    def result(self, scorer: Scorer, found: list[Probabilities], reference: list[Probabilities] | None) -> ModelResult:
        return ModelResult(
            name=scorer.name,
            kind=scorer.kind,
            size_bytes=scorer.size_bytes,
            patches=sum(len(scores) for scores in found),
            mean_average_precision=self._interval(
                lambda rows: metrics.mean_average_precision(self.scores[rows], self.truth[rows])
            ),
            accuracy=self._interval(lambda rows: metrics.zero_shot_accuracy(self.scores[rows], self.truth[rows])),
            baby_cry_auc=self._baby_cry(scorer),
            agreement=None
            if reference is None
            else metrics.agreement(np.concatenate(found), np.concatenate(reference)),
            targets=[self._target(index) for index in range(len(self.names))],
            sources=self._sources(),
            calibration=metrics.calibration(self.scores, self.truth),
            false_alarms=self._false_alarms(),
        )

    def _interval(self, measure: Callable[[Whole], float]) -> Interval:
        return metrics.bootstrap(measure, len(self.clips), self.settings.repeats, self.settings.seed)

    def _baby_cry(self, scorer: Scorer) -> Interval | None:
        """ROC AUC of class 20 itself, where the model has it and clips have it as their label."""
        name = scorer.class_names[BABY_CRY] if len(scorer.class_names) > BABY_CRY else ""
        column = [index for index, target in enumerate(self.names) if target == "crying baby"]
        if not name.startswith("Baby cry") or not column:
            return None
        truth, scores = self.truth[:, column[0]], self.pooled[:, BABY_CRY]
        return self._interval(lambda rows: metrics.roc_auc(scores[rows], truth[rows]))

    def _target(self, index: int) -> TargetResult:
        scores, truth = self.scores[:, index], self.truth[:, index]
        auc = metrics.roc_auc(scores, truth)
        precision = metrics.average_precision(scores, truth)
        return TargetResult(self.names[index], int(truth.sum()), precision, auc, metrics.d_prime(auc))

    def _sources(self) -> list[SourceResult]:
        results = []
        for source in sorted({clip.source for clip in self.clips}):
            rows = np.array([clip.source == source for clip in self.clips])
            columns = self.truth[rows].any(axis=0)
            truth, scores = self.truth[rows][:, columns], self.scores[rows][:, columns]
            several = bool(columns.sum() > 1)
            results.append(
                SourceResult(
                    source,
                    int(rows.sum()),
                    metrics.mean_average_precision(scores, truth) if several else float("nan"),
                    metrics.zero_shot_accuracy(scores, truth) if several else float("nan"),
                )
            )
        return results

    def _false_alarms(self) -> list[FalseAlarm]:
        wrong = np.where(self.truth, 0.0, self.scores)
        found = []
        for place in np.argsort(-wrong, axis=None, kind="stable")[:MOST_FALSE_ALARMS]:
            row, column = divmod(int(place), len(self.names))
            if wrong[row, column] < ALARM_THRESHOLD:
                break
            clip = self.clips[row]
            found.append(FalseAlarm(str(clip.path), clip.label, self.names[column], float(wrong[row, column])))
        return found
