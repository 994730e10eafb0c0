# SPDX-License-Identifier: Apache-2.0
"""What a rule told of a stream against what was in it: found or missed, how late, and what it told for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.events.intervals import rate_interval, share_interval
from yamnet_tools.events.judge import SLACK_SAMPLES
from yamnet_tools.rooms.sounds import Sound
from yamnet_tools.rooms.streams import Placed, Section


@dataclass(frozen=True)
class Told:
    """An event as its owner hears of it.

    Attributes:
        start: Where it began, by the rule.
        at: When it was told: the end of the patch that decided it.
    """

    start: int
    at: int


@dataclass(frozen=True)
class Outcome:
    """One sound that was to be found.

    Attributes:
        section: Number of its section.
        placed: The sound.
        latency_s: From its onset to the telling of it; None: missed.
    """

    section: int
    placed: Placed
    latency_s: float | None


@dataclass(frozen=True)
class FalseAlarm:
    """An event where there was nothing to be found.

    Attributes:
        section: Number of its section.
        told: The event.
        during: What was heard: a recording's label, or the background's name.
    """

    section: int
    told: Told
    during: str


@dataclass(frozen=True)
class Verdict:
    """How one contender did with one sound.

    Attributes:
        outcomes: Of every sound placed.
        false_alarms: All of them.
        hours: Of listening in which the sound was not there.
    """

    outcomes: Sequence[Outcome]
    false_alarms: Sequence[FalseAlarm]
    hours: float

    def at(self, snr_db: float | None) -> list[Outcome]:
        """Those at this signal to noise; None: at the level they were recorded with, in a quiet room."""
        return [each for each in self.outcomes if each.placed.condition.snr_db == snr_db]

    def latency(self, percentile: float) -> float | None:
        """Of the sounds found, in seconds."""
        found = [each.latency_s for each in self.outcomes if each.latency_s is not None]
        return float(np.percentile(found, percentile)) if found else None

    def rate(self) -> tuple[float, float, float]:
        """False alarms an hour, and the 95 % interval."""
        count = len(self.false_alarms)
        return (count / max(self.hours, 1e-9), *rate_interval(count, self.hours))


def found(outcomes: Sequence[Outcome]) -> int:
    """How many were found."""
    return sum(each.latency_s is not None for each in outcomes)


def share(outcomes: Sequence[Outcome]) -> tuple[float, float, float]:
    """The share found, and the 95 % interval."""
    count = found(outcomes)
    return (count / max(len(outcomes), 1), *share_interval(count, len(outcomes)))


def judge(sections: Sequence[Section], told: Sequence[Sequence[Told]], sound: Sound) -> Verdict:
    """Hold what was told in each section against what is in it.

    A sound is found when an event begins and is told from a patch before its onset to a patch behind its end. An event
    that begins during a doubtful sound counts neither way.
    """
    outcomes: list[Outcome] = []
    false_alarms: list[FalseAlarm] = []
    samples = 0
    for section, events in zip(sections, told, strict=True):
        samples += section.samples
        first: dict[int, int] = {}
        for event in events:
            touched = [
                number
                for number, placed in enumerate(section.placed)
                if placed.start - SLACK_SAMPLES < event.start < placed.end
            ]
            hits = [number for number in touched if section.placed[number].sound == sound.name]
            for number in hits:
                first.setdefault(number, event.at)
            if not hits and not any(_neither(section.placed[number], sound) for number in touched):
                during = section.placed[touched[0]].label if touched else section.background
                false_alarms.append(FalseAlarm(section.number, event, during))
        for number, placed in enumerate(section.placed):
            if placed.sound == sound.name:
                samples -= placed.end - placed.start
                at = first.get(number)
                latency = None if at is None else (at - placed.start) / SAMPLE_RATE
                outcomes.append(Outcome(section.number, placed, latency))
    return Verdict(outcomes, false_alarms, samples / SAMPLE_RATE / 3600)


def _neither(placed: Placed, sound: Sound) -> bool:
    """Whether a sound is one of which nobody can say, or another that the same rules are meant for."""
    return placed.label in sound.doubtful or placed.sound in sound.same
