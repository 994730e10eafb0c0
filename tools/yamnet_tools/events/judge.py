# SPDX-License-Identifier: Apache-2.0
"""Events against the truth: which sounds were found, and what was found that is not there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.events.stream import Heard

Span = tuple[int, int]
"""First sample of something and one behind its last."""

SLACK_SAMPLES = 15_600
"""An event may begin so much before a sound: a patch, as the first one that hears it may only just reach it."""


@dataclass(frozen=True)
class Verdict:
    """How a rule did.

    Attributes:
        found: Sounds during which an event began.
        wanted: Sounds there were.
        false_alarms: Events that began during neither a wanted nor a doubtful sound.
        negative_hours: Hours of other recordings in the test, pauses between them not counted.
    """

    found: int
    wanted: int
    false_alarms: int
    negative_hours: float

    @property
    def recall(self) -> float:
        """Share of the sounds that were found."""
        return self.found / max(self.wanted, 1)

    @property
    def per_hour(self) -> float:
        """False alarms per hour of other recordings."""
        return self.false_alarms / max(self.negative_hours, 1e-9)

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and of the share of events that were right, a found sound counting as one event."""
        return 2 * self.found / max(self.wanted + self.found + self.false_alarms, 1)


def judge(
    events: Sequence[Span],
    heard: Sequence[Heard],
    wanted: Callable[[Heard], bool],
    doubtful: Callable[[Heard], bool] = lambda _: False,
) -> Verdict:
    """Count by where events begin: a rule that is always on tells of nothing.

    Args:
        events: What a rule told.
        heard: The clips of the listening test, in order.
        wanted: Whether the rule should have told of this clip.
        doubtful: Whether nobody can say; such clips count neither way.
    """
    sounds = [clip for clip in heard if wanted(clip) and not doubtful(clip)]
    found: set[int] = set()
    false_alarms = 0
    for start, _ in events:
        touched = [clip for clip in heard if clip.start - SLACK_SAMPLES < start < clip.end]
        hits = [clip.start for clip in touched if wanted(clip) and not doubtful(clip)]
        found.update(hits)
        if not hits and not any(doubtful(clip) for clip in touched):
            false_alarms += 1
    negatives = sum(clip.end - clip.start for clip in heard if not wanted(clip) and not doubtful(clip))
    return Verdict(len(found), len(sounds), false_alarms, negatives / SAMPLE_RATE / 3600)
