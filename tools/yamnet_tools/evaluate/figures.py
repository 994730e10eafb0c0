# SPDX-License-Identifier: Apache-2.0
"""All figures of one model from its scores, and the same over resamples of the clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from yamnet_tools.evaluate import metrics
from yamnet_tools.evaluate.dataset import Clip
from yamnet_tools.evaluate.labels import Target
from yamnet_tools.evaluate.metrics import Bool, Double, Interval, Probabilities, Whole
from yamnet_tools.evaluate.results import Comparison, Confusion, FalseAlarm, ModelResult, SourceResult, TargetResult
from yamnet_tools.evaluate.scorers import Scorer

BABY_CRY = "Baby cry, infant cry"

MOST_FALSE_ALARMS = 20
MOST_CONFUSIONS = 20
ALARM_THRESHOLD = 0.3


@dataclass(frozen=True)
class Ground:
    """What is true of the clips, the same for all models.

    Attributes:
        clips: [n].
        class_names: of all models' classes, to which the targets' indices refer.
        targets: [t].
        truth: [n, t].
        seed: of the resamples.
        draws: resamples of all clips: indices, one array each.
    """

    clips: list[Clip]
    class_names: tuple[str, ...]
    targets: list[Target]
    truth: Bool
    seed: int
    draws: list[Whole]

    @cached_property
    def by_source(self) -> dict[str, tuple[Whole, list[Whole]]]:
        """The clips of each collection, and resamples of them."""
        found = {}
        for source in sorted({clip.source for clip in self.clips}):
            rows = np.flatnonzero([clip.source == source for clip in self.clips])
            chosen = [self.clips[row] for row in rows]
            found[source] = (rows, [rows[draw] for draw in draws_of(chosen, len(self.draws), self.seed)])
        return found


def draws_of(clips: Sequence[Clip], repeats: int, seed: int) -> list[Whole]:
    """Resamples of clips: whole recordings within each label."""
    return metrics.resamples([clip.recording for clip in clips], [clip.label for clip in clips], repeats, seed)


class Figures:
    """One model's figures.

    Args:
        ground: what is true.
        scorer: the model, for its name and classes.
        found: its probabilities [k, K] of each clip, for its own classes.
        pooling: from patches to a clip, `mean` or `max`.
    """

    def __init__(self, ground: Ground, scorer: Scorer, found: list[Probabilities], pooling: str) -> None:
        pool = np.mean if pooling == "mean" else np.max
        pooled: Double = np.stack([pool(scores, axis=0) for scores in found]).astype(np.float64)
        self._ground, self._scorer, self._found = ground, scorer, found
        self._truth = ground.truth
        self._columns = {name: column for column, name in enumerate(scorer.class_names)}
        columns = [[self._columns[name] for name in self._names(target)] for target in ground.targets]
        self._scores = np.stack([pooled[:, own].max(axis=1, initial=0.0) for own in columns], axis=1)
        crying = [index for index, target in enumerate(ground.targets) if BABY_CRY in self._names(target)]
        self._baby = (pooled[:, self._columns[BABY_CRY]], self._truth[:, crying[0]]) if crying else None

    def _names(self, target: Target) -> list[str]:
        """Of a target's classes, those that this model has."""
        names = [self._ground.class_names[index] for index in target.classes]
        return [name for name in names if name in self._columns]

    @cached_property
    def _precision(self) -> tuple[Double, Double]:
        """Average precision of each target, [t], and over resamples, [repeats, t]."""
        return self._by_target(metrics.average_precision)

    @cached_property
    def _auc(self) -> tuple[Double, Double]:
        return self._by_target(metrics.roc_auc)

    @cached_property
    def _accuracy(self) -> tuple[float, Double]:
        draws = np.array([self._accuracy_of(rows) for rows in self._ground.draws])
        return self._accuracy_of(slice(None)), draws

    @cached_property
    def _baby_auc(self) -> tuple[float, Double] | None:
        if self._baby is None:
            return None
        scores, truth = self._baby
        return metrics.roc_auc(scores, truth), np.array(
            [metrics.roc_auc(scores[rows], truth[rows]) for rows in self._ground.draws]
        )

    def result(self, reference: "Figures | None", own_front_end: "Figures | None") -> ModelResult:
        """Everything, compared with the reference and with the same model behind its own front end."""
        auc = _mean_interval(self._auc)
        return ModelResult(
            name=self._scorer.name,
            kind=self._scorer.kind,
            size_bytes=self._scorer.size_bytes,
            patches=sum(len(scores) for scores in self._found),
            mean_average_precision=_mean_interval(self._precision),
            mean_roc_auc=auc,
            d_prime=metrics.d_prime(auc.value),
            accuracy=metrics.interval(*self._accuracy),
            baby_cry_auc=None if self._baby_auc is None else metrics.interval(*self._baby_auc),
            agreement=None if reference is None else self._against(reference),
            front_end_change=None if own_front_end is None else self._against(own_front_end),
            targets=[self._target(index) for index in range(len(self._ground.targets))],
            sources=[self._source(source) for source in self._ground.by_source],
            calibration=metrics.calibration(self._scores, self._truth),
            false_alarms=self._false_alarms(),
            confusions=self._confusions(),
            confusion_matrix=self._confusion_matrix().tolist(),
        )

    def _by_target(self, measure: metrics.Measure) -> tuple[Double, Double]:
        draws = [metrics.by_target(measure, self._scores[rows], self._truth[rows]) for rows in self._ground.draws]
        return metrics.by_target(measure, self._scores, self._truth), np.array(draws)

    def _accuracy_of(self, rows: Whole | slice) -> float:
        return metrics.zero_shot_accuracy(self._scores[rows], self._truth[rows])

    def _against(self, other: "Figures") -> Comparison | None:
        """By the classes that both have; nothing where there are none."""
        shared = [name for name in self._columns if name in other._columns]
        if not shared:
            return None
        own_found, other_found = self._of_classes(shared), other._of_classes(shared)
        top = metrics.top_classes(own_found, other_found)
        mine, others = np.concatenate(own_found), np.concatenate(other_found)
        difference = np.abs(mine - others)
        baby = None
        if self._baby_auc is not None and other._baby_auc is not None:
            baby = _difference(self._baby_auc, other._baby_auc)
        return Comparison(
            other=other._scorer.name,
            patches=len(difference),
            top_equal=self._share(top.equal, top.patches),
            top_tied=self._share(top.tied, top.patches),
            mean_difference=float(difference.mean()),
            largest_difference=float(difference.max()),
            mean_average_precision=_difference(_means(self._precision), _means(other._precision)),
            accuracy=_difference(self._accuracy, other._accuracy),
            baby_cry_auc=baby,
        )

    def _of_classes(self, names: Sequence[str]) -> list[Probabilities]:
        columns = [self._columns[name] for name in names]
        return [scores[:, columns] for scores in self._found]

    def _share(self, part: Whole, whole: Whole) -> Interval:
        draws = [part[rows].sum() / whole[rows].sum() for rows in self._ground.draws]
        return metrics.interval(float(part.sum() / whole.sum()), np.array(draws))

    def _target(self, index: int) -> TargetResult:
        target = self._ground.targets[index]
        (precision, precisions), (auc, aucs) = self._precision, self._auc
        return TargetResult(
            name=target.name,
            classes=self._names(target),
            clips=int(self._truth[:, index].sum()),
            average_precision=metrics.interval(float(precision[index]), precisions[:, index]),
            roc_auc=metrics.interval(float(auc[index]), aucs[:, index]),
            d_prime=metrics.d_prime(float(auc[index])),
        )

    def _source(self, source: str) -> SourceResult:
        rows, draws = self._ground.by_source[source]
        columns = np.flatnonzero(self._truth[rows].any(axis=0))
        inside = {clip.recording for clip in self._ground.clips if clip.source == source}
        outside = {clip.recording for clip in self._ground.clips if clip.source != source}

        def precision(chosen: Whole) -> float:
            grid = np.ix_(chosen, columns)
            return metrics.mean_of(metrics.by_target(metrics.average_precision, self._scores[grid], self._truth[grid]))

        def accuracy(chosen: Whole) -> float:
            grid = np.ix_(chosen, columns)
            return metrics.zero_shot_accuracy(self._scores[grid], self._truth[grid])

        several = len(columns) > 1
        none = Interval(np.nan, np.nan, np.nan)
        return SourceResult(
            source=source,
            clips=len(rows),
            recordings=len(inside),
            shared_recordings=len(inside & outside),
            targets=len(columns),
            mean_average_precision=_interval_of(precision, rows, draws) if several else none,
            accuracy=_interval_of(accuracy, rows, draws) if several else none,
        )

    def _false_alarms(self) -> list[FalseAlarm]:
        wrong = np.where(self._truth, 0.0, self._scores)
        found = []
        for place in np.argsort(-wrong, axis=None, kind="stable")[:MOST_FALSE_ALARMS]:
            row, column = divmod(int(place), len(self._ground.targets))
            if wrong[row, column] < ALARM_THRESHOLD:
                break
            clip, heard = self._ground.clips[row], self._ground.targets[column].name
            found.append(FalseAlarm(str(clip.path), clip.label, heard, float(wrong[row, column])))
        return found

    @cached_property
    def _heard(self) -> list[tuple[int, int, int]]:
        """Clip, its target, and its strongest target, for clips that have one of their own."""
        strongest, own = self._scores.argmax(axis=1), self._truth.argmax(axis=1)
        return [(int(row), int(own[row]), int(strongest[row])) for row in np.flatnonzero(self._truth.any(axis=1))]

    def _confusion_matrix(self) -> Whole:
        counts = np.zeros((len(self._ground.targets),) * 2, np.int64)
        for _, own, heard in self._heard:
            counts[own, heard] += 1
        return counts

    def _confusions(self) -> list[Confusion]:
        rows: dict[tuple[int, int], list[int]] = {}
        for row, own, heard in self._heard:
            if own != heard:
                rows.setdefault((own, heard), []).append(row)
        most = sorted(rows.items(), key=lambda item: -len(item[1]))[:MOST_CONFUSIONS]
        names, totals = [target.name for target in self._ground.targets], self._truth.sum(axis=0)
        return [
            Confusion(
                names[own],
                names[heard],
                len(found) / int(totals[own]),
                [str(self._ground.clips[row].path) for row in found],
            )
            for (own, heard), found in most
        ]


def _interval_of(measure: metrics.RowMeasure, rows: Whole, draws: list[Whole]) -> Interval:
    return metrics.interval(measure(rows), np.array([measure(draw) for draw in draws]))


def _means(found: tuple[Double, Double]) -> tuple[float, Double]:
    value, draws = found
    return metrics.mean_of(value), np.array([metrics.mean_of(draw) for draw in draws])


def _mean_interval(found: tuple[Double, Double]) -> Interval:
    return metrics.interval(*_means(found))


def _difference(mine: tuple[float, Double], other: tuple[float, Double]) -> Interval:
    return metrics.interval(mine[0] - other[0], mine[1] - other[1])
