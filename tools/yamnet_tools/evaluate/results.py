# SPDX-License-Identifier: Apache-2.0
"""What an evaluation finds, as plain values: the terminal, JSON, HTML and Markdown reports are made from these."""

from dataclasses import dataclass

from yamnet_tools.evaluate.metrics import CalibrationBin, Interval


@dataclass(frozen=True)
class TargetResult:
    """One target of one model.

    Attributes:
        name: of the target.
        classes: of the model that stand for it; the strongest counts.
        clips: that have it.
        average_precision, roc_auc: with intervals.
        d_prime: of that ROC AUC.
    """

    name: str
    classes: list[str]
    clips: int
    average_precision: Interval
    roc_auc: Interval
    d_prime: float


@dataclass(frozen=True)
class SourceResult:
    """Figures over the clips of one collection, targets being those it has.

    Attributes:
        source: the collection.
        clips: of it.
        recordings: that they were cut from, as far as names or the index tell.
        shared_recordings: of these, those that another collection has clips of as well.
        targets: it has.
        mean_average_precision, accuracy: NaN with fewer than two targets.
    """

    source: str
    clips: int
    recordings: int
    shared_recordings: int
    targets: int
    mean_average_precision: Interval
    accuracy: Interval


@dataclass(frozen=True)
class FalseAlarm:
    """A clip on which a target was heard that is not its label."""

    clip: str
    label: str
    heard: str
    probability: float


@dataclass(frozen=True)
class Confusion:
    """Clips of one label on which another target was the strongest: `share` of that label's clips."""

    label: str
    heard: str
    share: float
    clips: list[str]


@dataclass(frozen=True)
class Comparison:
    """A model against another one on the same clips.

    Attributes:
        other: the other model's name.
        patches: compared one by one.
        top_equal: share of patches with the same first strongest class.
        top_tied: share where the other's strongest class is among the model's strongest.
        mean_difference, largest_difference: of probabilities.
        mean_average_precision, accuracy, baby_cry_auc: how much larger the model's figure is; the interval is of the
            difference, both models being computed on the same resamples.
    """

    other: str
    patches: int
    top_equal: Interval
    top_tied: Interval
    mean_difference: float
    largest_difference: float
    mean_average_precision: Interval
    accuracy: Interval
    baby_cry_auc: Interval | None


@dataclass(frozen=True)
class ModelResult:
    """All figures of one model.

    Attributes:
        name, kind, size_bytes: of the model.
        patches: scored.
        mean_average_precision: over targets.
        mean_roc_auc: over targets.
        d_prime: of the mean ROC AUC.
        accuracy: zero-shot: share of clips whose strongest target is theirs.
        baby_cry_auc: ROC AUC of class 20 itself; None where model or clips have none.
        agreement: with the reference; None for the reference itself.
        front_end_change: against the same model behind its own front end; None if that is what this is.
        targets, sources, calibration: in detail.
        false_alarms: strongest first.
        confusions: most clips first.
        confusion_matrix: [t, t], clips of a row's target on which the column's was strongest.
    """

    name: str
    kind: str
    size_bytes: int
    patches: int
    mean_average_precision: Interval
    mean_roc_auc: Interval
    d_prime: float
    accuracy: Interval
    baby_cry_auc: Interval | None
    agreement: Comparison | None
    front_end_change: Comparison | None
    targets: list[TargetResult]
    sources: list[SourceResult]
    calibration: list[CalibrationBin]
    false_alarms: list[FalseAlarm]
    confusions: list[Confusion]
    confusion_matrix: list[list[int]]


@dataclass(frozen=True)
class Evaluation:
    """The whole report.

    Attributes:
        clips: scored.
        recordings: that they were cut from, as far as names or the index tell.
        counts: clips by target.
        counter_examples: clips without a target of their own.
        left_out: one line per clip or label that was not used.
        unreadable: those of these lines that are about clips which cannot be read.
        reference: name of the model others are compared with.
        pooling: `mean` or `max` over a clip's patches.
        resamples, seed: of the bootstrap.
        models: results in the order of the command line.
    """

    clips: int
    recordings: int
    counts: dict[str, int]
    counter_examples: int
    left_out: list[str]
    unreadable: list[str]
    reference: str
    pooling: str
    resamples: int
    seed: int
    models: list[ModelResult]

    def model(self, name: str) -> ModelResult:
        """A model by its name."""
        return next(model for model in self.models if model.name == name)
