# SPDX-License-Identifier: Apache-2.0
"""What to expect of sounds that were learnt: each recording is judged by a head that has not heard its source."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_core import RuleSet
from yamnet_tools.audio.pcm import SAMPLE_RATE
from yamnet_tools.events.clips import halves
from yamnet_tools.events.judge import SLACK_SAMPLES, Verdict
from yamnet_tools.events.scored import ScoredAudio
from yamnet_tools.events.stream import PAUSE_S, Heard
from yamnet_tools.events.sweep import Half, Point, judged, recommend, sweep
from yamnet_tools.model import TensorQuantization
from yamnet_tools.model.own_head import HeadGrid
from yamnet_tools.sounds.learning import examples, learn
from yamnet_tools.sounds.patches import LearntClip

FOLDS = 4
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98)
PATCH_COUNTS = ((1, 1), (2, 3))
"""That are tried: a sound of one's own is told at once, and may be short."""

_HOP_SAMPLES = 7_680
_LEVEL_DBFS, _FLOOR_DBFS = -30.0, -60.0  # rules of one's own sounds have no conditions on levels

Scores = NDArray[np.int8]


@dataclass(frozen=True)
class Expectation:
    """Of one sound.

    Attributes:
        name: its class.
        rule: JSON object of the rule to run, chosen on all recordings.
        points: the rule at every setting, on all recordings.
        verdict: of the rule to run.
        halves_verdict: of rules chosen on one half of the recordings and judged on the other, both ways.
        missed: of the recordings of this sound, those that the rule to run does not find.
        mistaken: recordings of something else in which it does, the worst first, with its largest probability there.
        strongest: largest probability of the sound in each recording, those of the sound itself first.
        own: how many of them are the sound's.
    """

    name: str
    rule: dict[str, Any]
    points: list[Point]
    verdict: Verdict
    halves_verdict: Verdict
    missed: list[LearntClip]
    mistaken: list[tuple[LearntClip, float]]
    strongest: NDArray[np.float64]
    own: int


def unheard_scores(
    clips: Sequence[LearntClip],
    labels: Sequence[str],
    grid: HeadGrid,
    output: TensorQuantization,
    advance: Callable[[], object] = lambda: None,
) -> list[Scores]:
    """Scores int8 [n, K] of each recording as it is, by a head learnt on recordings of other sources.

    Args:
        clips: at least FOLDS sources of each label.
        labels: of the sounds, in the order of the head's classes.
        grid: the model's.
        output: how the model's scores stand for probabilities.
        advance: called after each of FOLDS heads.
    """
    fold_of = _folds(clips)
    scores: list[Scores] = [np.empty((0, len(labels)), np.int8)] * len(clips)
    for fold in range(FOLDS):
        train = [clip for clip in clips if fold_of[clip.source.group] != fold]
        head = learn(examples(train, labels, grid), len(labels))
        for index, clip in enumerate(clips):
            if fold_of[clip.source.group] == fold:
                real = (clip.plain.embeddings.astype(np.float64) - grid.input_zero_point) * grid.input_scale
                steps = np.rint(head.probabilities(real) / output.scale) + output.zero_point
                scores[index] = np.clip(steps, -128, 127).astype(np.int8)
        advance()
    return scores


def _folds(clips: Sequence[LearntClip]) -> dict[str, int]:
    """A fold for each source, each label's sources dealt out evenly, in the order of a hash of their names."""
    fold_of: dict[str, int] = {}
    for label in dict.fromkeys(clip.source.label for clip in clips):
        sources = {clip.source.group for clip in clips if clip.source.label == label} - fold_of.keys()
        for place, source in enumerate(sorted(sources, key=lambda name: hashlib.sha256(name.encode()).digest())):
            fold_of[source] = place % FOLDS
    return fold_of


def expect(
    clips: Sequence[LearntClip],
    scores: Sequence[Scores],
    labels: Sequence[str],
    names: Sequence[str],
    number: int,
    output: TensorQuantization,
    most_per_hour: float,
) -> Expectation:
    """What to expect of one sound, and the rule that tells of it.

    Args:
        clips: all recordings.
        scores: of each, from unheard_scores.
        labels: of the sounds, in the order of their classes.
        names: of the classes.
        number: of the sound.
        output: how scores stand for probabilities.
        most_per_hour: false alarms allowed where settings are chosen.
    """
    label = labels[number]
    by_path = {clip.source.path: index for index, clip in enumerate(clips)}
    sides = [[by_path[source.path] for source in side] for side in halves([clip.source for clip in clips])]

    def stream(chosen: Sequence[int]) -> Half:
        return _stream([clips[index] for index in chosen], [scores[index] for index in chosen], label, output)

    start_rule = _rule(names[number], label)
    tests = [stream(side) for side in sides]
    start = judged(start_rule, tests, names)
    points = sweep(start_rule, tests, names, THRESHOLDS, PATCH_COUNTS)
    swapped = [Point(point.rule, point.judging, point.choosing) for point in points]
    whole = [_joined(point) for point in points]
    one = _chosen(points, start, most_per_hour)
    other = _chosen(swapped, Point(start.rule, start.judging, start.choosing), most_per_hour)
    best = _chosen(whole, _joined(start), most_per_hour)
    found = _found(clips, scores, best.rule, names, output)
    strongest = [_largest(score[:, number], output) for score in scores]
    is_own = [clip.source.label == label for clip in clips]
    mistaken = [index for index in found if not is_own[index]]
    order = np.argsort([not own for own in is_own], kind="stable")
    return Expectation(
        name=names[number],
        rule=best.rule,
        points=whole,
        verdict=best.choosing,
        halves_verdict=_sum(one.judging, other.judging),
        missed=[clip for index, clip in enumerate(clips) if is_own[index] and index not in found],
        mistaken=[(clips[i], strongest[i]) for i in sorted(mistaken, key=lambda i: -strongest[i])],
        strongest=np.array(strongest)[order],
        own=sum(is_own),
    )


def _rule(name: str, label: str) -> dict[str, Any]:
    return {
        "name": rule_name(label), "title": label, "classes": [name], "on": 0.5, "off": 0.25,
        "patches": {"need": 1, "of": 1}, "hold_s": 1.0, "cool_off_s": 2.0,
    }  # fmt: skip


def rule_name(label: str) -> str:
    """A rule's name, of letters, digits, `_` and `-`, from any text."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "_-") else "_" for char in label)
    return (plain if plain[:1].isalpha() else f"s_{plain}")[:31]


def _chosen(points: Sequence[Point], start: Point, most_per_hour: float) -> Point:
    """The setting that is recommended; where none keeps the limit, the one nearest to it that finds half of what can be
    found.
    """
    if chosen := recommend(points, start, most_per_hour):
        return chosen
    most = max(point.choosing.found for point in points)
    worth = [point for point in points if 2 * point.choosing.found >= max(most, 1)] or [start]
    return min(worth, key=lambda point: (point.choosing.false_alarms, -point.choosing.found))


def _joined(point: Point) -> Point:
    both = _sum(point.choosing, point.judging)
    return Point(point.rule, both, both)


def _sum(one: Verdict, other: Verdict) -> Verdict:
    return Verdict(
        one.found + other.found,
        one.wanted + other.wanted,
        one.false_alarms + other.false_alarms,
        one.negative_hours + other.negative_hours,
    )


def _stream(clips: Sequence[LearntClip], scores: Sequence[Scores], label: str, output: TensorQuantization) -> Half:
    """Recordings one after the other with pauses between, as one stretch of scored sound and what is true of it."""
    heard, starts, position = [], [], 0
    for clip, score in zip(clips, scores, strict=True):
        starts.append(position + np.arange(len(score), dtype=np.int64) * _HOP_SAMPLES)
        kind = "positive" if clip.source.label == label else "negative"
        start = position + clip.start
        heard.append(Heard(kind, start, start + round(clip.seconds * SAMPLE_RATE), _LEVEL_DBFS))
        position += (len(score) - 1) * _HOP_SAMPLES + SLACK_SAMPLES + PAUSE_S * SAMPLE_RATE
    joined = np.concatenate(scores)
    levels = np.full(len(joined), _LEVEL_DBFS)
    floors, no_patterns = np.full(len(joined), _FLOOR_DBFS), np.zeros((len(joined), 2), np.uint8)
    return heard, ScoredAudio(joined, np.concatenate(starts), levels, floors, no_patterns, output)


def _found(
    clips: Sequence[LearntClip],
    scores: Sequence[Scores],
    rule: dict[str, Any],
    names: Sequence[str],
    output: TensorQuantization,
) -> set[int]:
    """Numbers of the recordings in which a rule begins an event."""
    heard, audio = _stream(clips, scores, "", output)
    rules = RuleSet.parse(json.dumps({"schema": 1, "rules": [rule]}), list(names))
    begun = np.array([event.start_sample for event in audio.events(rules) if event.kind == "end"], np.int64)
    begins = np.array([clip.start - SLACK_SAMPLES for clip in heard], np.int64)
    return {int(index) for index in np.searchsorted(begins, begun, side="right") - 1}


def _largest(scores: NDArray[np.int8], output: TensorQuantization) -> float:
    return output.scale * (int(scores.max()) - output.zero_point) if len(scores) else 0.0
