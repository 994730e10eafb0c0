# SPDX-License-Identifier: Apache-2.0
"""Rules and patch scores for the tests: a model of eight classes whose int8 scores are 256 p - 128."""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from device_core import Event, EventDetector, RuleSet

HOP = 7_680
SPAN = 15_600
CLASSES = ["Speech", "Baby laughter", "Baby cry, infant cry", "Dog", "Siren", "Glass", "Knock", "Music"]
CRY = 2


def rule(**fields: Any) -> dict[str, Any]:
    """A rule for the baby's cry with everything optional at its plainest, and what the test changes."""
    plain = {
        "name": "baby",
        "classes": ["Baby cry, infant cry"],
        "on": 0.5,
        "off": 0.3,
        "patches": {"need": 1, "of": 1},
        "hold_s": 0,
        "update_s": 3600,
    }
    return {name: value for name, value in (plain | fields).items() if value is not None}


def document(*rules: dict[str, Any]) -> str:
    return json.dumps({"schema": 1, "rules": list(rules)})


def parse(*rules: dict[str, Any]) -> RuleSet:
    return RuleSet.parse(document(*rules), CLASSES)


@dataclass
class Bench:
    """A detector and the patches it has been given."""

    detector: EventDetector
    next_start: int = 0
    events: list[Event] = field(default_factory=list)

    def feed(
        self, *probabilities: float | dict[int, float], level: float = -30.0, floor: float = -60.0, minute: int = -1
    ) -> list[Event]:
        """Give one patch per argument: the cry's probability, or probabilities by class."""
        told: list[Event] = []
        for given in probabilities:
            scores = np.full((1, len(CLASSES)), -128, np.int8)
            for index, probability in (given if isinstance(given, dict) else {CRY: given}).items():
                scores[0, index] = round(min(probability * 256, 255)) - 128
            told += self.detector.process(
                scores,
                np.array([self.next_start], np.int64),
                np.array([level], np.float64),
                np.array([floor], np.float64),
                np.array([minute], np.int16),
            )
            self.next_start += HOP
        self.events += told
        return told

    def skip(self, samples: int) -> None:
        """Lose so many samples of audio."""
        self.next_start += samples

    @property
    def state(self) -> str:
        return self.detector.states[0][1]


def bench(*rules: dict[str, Any]) -> Bench:
    return Bench(EventDetector(parse(*rules), 1 / 256, -128, len(CLASSES)))


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]
