# SPDX-License-Identifier: Apache-2.0
"""A rule at many thresholds and patch counts, judged on two halves of the recordings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from device_core import RuleSet
from yamnet_tools.events.judge import Verdict, judge
from yamnet_tools.events.scored import ScoredAudio
from yamnet_tools.events.stream import Heard

THRESHOLDS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PATCH_COUNTS = ((1, 1), (2, 3), (3, 5), (4, 8))
_OFF_SHARE = 0.5


@dataclass(frozen=True)
class Point:
    """A rule at one setting.

    Attributes:
        on: Threshold.
        off: Threshold.
        need: N of
        of: M patches.
        rule: The rule's JSON object.
        choosing: On the half that settings are chosen on.
        judging: On the half kept back.
    """

    on: float
    off: float
    need: int
    of: int
    rule: dict[str, Any]
    choosing: Verdict
    judging: Verdict


def sweep(
    rule: dict[str, Any], halves: Sequence[tuple[Sequence[Heard], ScoredAudio]], class_names: Sequence[str]
) -> list[Point]:
    """Judge the rule at every setting; all else stays, but "lasting" goes: it has a threshold of its own."""
    points = []
    for need, of in PATCH_COUNTS:
        for on in THRESHOLDS:
            off = max(round(on * _OFF_SHARE, 4), 0.004)
            settings = {"on": on, "off": off, "patches": {"need": need, "of": of}}
            tried = {name: value for name, value in rule.items() if name != "lasting"} | settings
            rules = RuleSet.parse(json.dumps({"schema": 1, "rules": [tried]}), list(class_names))
            verdicts = [
                judge(
                    [(event.start_sample, event.end_sample) for event in audio.events(rules) if event.kind == "end"],
                    heard,
                    lambda clip: clip.label == "positive",
                )
                for heard, audio in halves
            ]
            points.append(Point(on, off, need, of, tried, *verdicts))
    return points


def recommend(points: Sequence[Point], most_per_hour: float) -> Point:
    """The setting that finds most on the choosing half without more false alarms than allowed there.

    Of settings that find as much, the one in the middle of their thresholds' range at the most demanding patch count:
    as far from missing as from false alarms. Where none keeps the limit, the one with the fewest false alarms.
    """
    allowed = [point for point in points if point.choosing.per_hour <= most_per_hour]
    if not allowed:
        return min(points, key=lambda point: (point.choosing.per_hour, -point.choosing.found))
    most = max(point.choosing.found for point in allowed)
    best = [point for point in allowed if point.choosing.found == most]
    strictest = max((point.need, point.of) for point in best)
    row = sorted((point for point in best if (point.need, point.of) == strictest), key=lambda point: point.on)
    return row[len(row) // 2]
