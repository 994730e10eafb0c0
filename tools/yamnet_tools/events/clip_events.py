# SPDX-License-Identifier: Apache-2.0
"""The events in one recording, found as it is heard."""

from typing import Any

import numpy as np

from device_core import Event, EventDetector, LevelStream, NoiseFloor, PatternStream, RuleSet
from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.classify.scoring import Step
from yamnet_tools.model import YamnetModel


class ClipEvents:
    """Runs the device's level meter, noise floor and event detector over a recording's steps.

    Args:
        rules: What to look for.
        model: Whose scores these are.
    """

    def __init__(self, rules: RuleSet, model: YamnetModel) -> None:
        self._model = model
        self._titles = {rule.name: rule.title for rule in rules.rules}
        self._detector = EventDetector(rules, *model.output_quantization, len(model.class_names))
        self._levels = LevelStream(NoiseFloor())
        self._rhythms = PatternStream(model.input_quantization.scale, model.front_end)
        self._next_sample = 0
        self._ended: list[Event] = []

    def add(self, step: Step) -> list[Event]:
        """Take the next step; return what begins, goes on and ends with it."""
        if step.audio.start != self._next_sample:
            self._levels.reset(step.audio.start)
        self._next_sample = step.audio.start + len(step.audio.samples)
        measured = self._levels.feed(np.ascontiguousarray(step.audio.samples))
        told = self._detector.process(
            step.scores,
            step.starts,
            np.array([level for _, level, _ in measured], np.float64),
            np.array([floor for _, _, floor in measured], np.float64),
            patterns=self._rhythms.take(step.patches, step.starts),
        )
        return self._keep(told)

    def finish(self) -> list[Event]:
        """End what is going on; return it."""
        return self._keep(self._detector.finish())

    def ended(self) -> list[dict[str, Any]]:
        """The events that have ended, by when they began, for --json (docs/events.md)."""
        return [self._fields(event) for event in sorted(self._ended, key=lambda event: event.sequence)]

    def line(self, event: Event) -> str:
        """An event's title, its score and what it sounded like, for people."""
        heard = ", ".join(self._model.class_names[index] for index, _ in event.top[:3])
        return f"{event.peak:.2f}  {self._titles[event.rule]} ({heard})"

    def _keep(self, told: list[Event]) -> list[Event]:
        self._ended += [event for event in told if event.kind == "end"]
        return told

    def _fields(self, event: Event) -> dict[str, Any]:
        names = self._model.class_names
        return {
            "id": event.sequence,
            "rule": event.rule,
            "title": self._titles[event.rule],
            "priority": event.priority,
            "start_s": event.start_sample / SAMPLE_RATE,
            "end_s": event.end_sample / SAMPLE_RATE,
            "start_sample": event.start_sample,
            "end_sample": event.end_sample,
            "duration_s": (event.end_sample - event.start_sample) / SAMPLE_RATE,
            "reason": event.reason,
            "peak": round(event.peak, 4),
            "peak_sample": event.peak_sample,
            "mean": round(event.mean, 4),
            "patches": event.patches,
            "level_dbfs": event.level,
            "floor_dbfs": event.floor,
            "top": [{"index": index, "name": names[index], "p": round(p, 8)} for index, p in event.top],
        }
