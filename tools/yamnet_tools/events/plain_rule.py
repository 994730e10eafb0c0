# SPDX-License-Identifier: Apache-2.0
"""The rule the field uses, to compare with: one class, a fixed threshold, six patches in a row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.events.judge import Span, Verdict
from yamnet_tools.events.scored import ScoredAudio

CONSECUTIVE = 6
_PATCH_SAMPLES = 15_600


def plain_events(audio: ScoredAudio, index: int, score: int) -> list[Span]:
    """Every stretch of at least CONSECUTIVE patches in a row in which the class's int8 score is `score` or more."""
    return _stretches(audio.scores[:, index] >= score, audio.starts)


def _stretches(on: NDArray[np.bool_], starts: NDArray[np.int64]) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return [
        (int(starts[first]), int(starts[behind - 1]) + _PATCH_SAMPLES)
        for first, behind in edges.reshape(-1, 2)
        if behind - first >= CONSECUTIVE
    ]


@dataclass(frozen=True)
class PlainRule:
    """A class and a threshold, and how they did.

    Attributes:
        index: The class.
        threshold: Probability.
        verdict: On the audio they were chosen on.
    """

    index: int
    threshold: float
    verdict: Verdict


def best_plain_rule(
    audio: ScoredAudio, classes: Iterable[int], judge_events: Callable[[Sequence[Span]], Verdict]
) -> PlainRule:
    """The class and the threshold with the highest F1 on this audio itself; of equals that with fewer false alarms."""
    scale, zero_point = audio.quantization
    best: PlainRule | None = None
    index = 0
    for index in classes:
        for score in np.unique(audio.scores[:, index]):
            if score <= zero_point:
                continue
            events = plain_events(audio, index, int(score))
            if not events:
                continue
            rule = PlainRule(index, scale * (int(score) - zero_point), judge_events(events))
            if best is None or _key(rule) > _key(best):
                best = rule
    # Where nothing is ever heard six patches in a row, every threshold finds as much as this one.
    return best or PlainRule(index, 1.0, judge_events([]))


def _key(rule: PlainRule) -> tuple[float, int]:
    return rule.verdict.f1, -rule.verdict.false_alarms
