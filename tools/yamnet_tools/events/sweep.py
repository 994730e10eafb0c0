# SPDX-License-Identifier: Apache-2.0
"""A rule at many thresholds and patch counts, judged on two halves of the recordings."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from device_core import RuleSet
from yamnet_tools.events.judge import Verdict, judge
from yamnet_tools.events.scored import ScoredAudio
from yamnet_tools.events.stream import Heard

THRESHOLDS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PATCH_COUNTS = ((1, 1), (2, 3), (3, 5), (4, 8))
_LOWEST = 0.004  # of a threshold: a step of the model's output
_SHIFT_MARGIN = 0.003  # that a moving threshold has to keep (docs/rules.md)

Half = tuple[Sequence[Heard], ScoredAudio]


@dataclass(frozen=True)
class Point:
    """A rule at one setting.

    Attributes:
        rule: The rule's JSON object.
        choosing: On the half that settings are chosen on.
        judging: On the half kept back.
    """

    rule: dict[str, Any]
    choosing: Verdict
    judging: Verdict

    @property
    def on(self) -> float:
        """The threshold that begins an event."""
        return float(self.rule["on"])

    @property
    def patches(self) -> tuple[int, int]:
        """N of M patches."""
        count = self.rule.get("patches", {"need": 1, "of": 1})
        return int(count["need"]), int(count["of"])


def judged(rule: dict[str, Any], halves: Sequence[Half], class_names: Sequence[str]) -> Point:
    """A rule as it is, on both halves."""
    rules = RuleSet.parse(json.dumps({"schema": 1, "rules": [rule]}), list(class_names))
    choosing, judging = (
        judge(
            [(event.start_sample, event.end_sample) for event in audio.events(rules) if event.kind == "end"],
            heard,
            lambda clip: clip.label == "positive",
        )
        for heard, audio in halves
    )
    return Point(rule, choosing, judging)


def at(rule: dict[str, Any], on: float, patches: tuple[int, int]) -> dict[str, Any]:
    """The rule at another threshold: its other ones (`off`, that of `lasting`) keep their ratio to it.

    How far `floor` moves them is cut to what `off` leaves.
    """
    scale = on / rule["on"]
    off = min(on, max(round(rule["off"] * scale, 4), _LOWEST))
    tried = rule | {"on": on, "off": off, "patches": {"need": patches[0], "of": patches[1]}}
    if lasting := rule.get("lasting"):
        tried["lasting"] = lasting | {"on": min(on, max(round(lasting["on"] * scale, 4), off))}
    if floor := rule.get("floor"):
        tried["floor"] = floor | {"limit": max(0.0, round(min(floor["limit"], off - _SHIFT_MARGIN), 4))}
    return tried


def sweep(
    rule: dict[str, Any],
    halves: Sequence[Half],
    class_names: Sequence[str],
    thresholds: Sequence[float] = THRESHOLDS,
    patch_counts: Sequence[tuple[int, int]] = PATCH_COUNTS,
    advance: Callable[[], object] = lambda: None,
) -> list[Point]:
    """Judge the rule at every setting.

    Args:
        rule: Its JSON object.
        halves: The one that settings are chosen on, and the one kept back.
        class_names: The model's.
        thresholds: Those that are tried.
        patch_counts: Those that are tried, N of M patches.
        advance: Called after each setting.
    """
    points = []
    for patches in patch_counts:
        for on in thresholds:
            points.append(judged(at(rule, on, patches), halves, class_names))
            advance()
    return points


def recommend(points: Sequence[Point], start: Point, most_per_hour: float) -> Point | None:
    """The setting that finds most on the choosing half without more false alarms than allowed there.

    Of settings that find as much, the one in the middle of their thresholds' range at the most demanding patch count:
    as far from missing as from false alarms. The rule that the sweep began with stays where no setting finds more on
    the choosing half, and where the half kept back shows that it does better there.

    Returns:
        None where no setting that finds anything keeps the limit.
    """
    allowed = [point for point in points if point.choosing.found and point.choosing.per_hour <= most_per_hour]
    start_allowed = start.choosing.found > 0 and start.choosing.per_hour <= most_per_hour
    if not allowed:
        return start if start_allowed else None
    most = max(point.choosing.found for point in allowed)
    best = [point for point in allowed if point.choosing.found == most]
    strictest = max(point.patches for point in best)
    row = sorted((point for point in best if point.patches == strictest), key=lambda point: point.on)
    chosen = row[len(row) // 2]
    if start_allowed and (start.choosing.found > most or _worth(start, most_per_hour) > _worth(chosen, most_per_hour)):
        return start
    return chosen


def _worth(point: Point, most_per_hour: float) -> tuple[bool, int, int]:
    """What counts on the half kept back, the more important first."""
    judging = point.judging
    return judging.per_hour <= most_per_hour, judging.found, -judging.false_alarms
