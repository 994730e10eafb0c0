# SPDX-License-Identifier: Apache-2.0
"""What is compared: sets of rules run by the device's own detector, and the plain rule of the field."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from device_core import RuleSet, presets
from yamnet_tools.events.plain_rule import CONSECUTIVE, plain_events
from yamnet_tools.events.rules import load_rules
from yamnet_tools.events.scored import ScoredAudio
from yamnet_tools.model import YamnetModel
from yamnet_tools.rooms.sounds import Sound
from yamnet_tools.rooms.verdicts import Told

PRESETS = "presets"
PLAIN = "plain"
_PLAIN_THRESHOLD = 0.5
_PATCH_SAMPLES, _HOP_SAMPLES = 15_600, 7_680


class Contender(ABC):
    """Something that tells of sounds.

    Attributes:
        name: For tables.
    """

    name: str

    @abstractmethod
    def told(self, audio: ScoredAudio, sounds: Sequence[Sound]) -> dict[str, list[Told]]:
        """What it tells of each sound in one section, by the sound's name."""


class Rules(Contender):
    """A set of rules."""

    def __init__(self, name: str, rules: RuleSet) -> None:
        self.name = name
        self._rules = rules

    def told(self, audio: ScoredAudio, sounds: Sequence[Sound]) -> dict[str, list[Told]]:
        """As the detector tells it: a start's `end_sample` is the end of the patch that decided it."""
        starts = [event for event in audio.events(self._rules) if event.kind == "start"]
        return {
            sound.name: [Told(e.start_sample, e.end_sample) for e in starts if e.rule in sound.rules]
            for sound in sounds
        }


class PlainRule(Contender):
    """One class at 0.5 in six patches in a row."""

    name = PLAIN

    def __init__(self, model: YamnetModel) -> None:
        self._names = model.class_names
        scale, zero_point = model.output_quantization
        self._score = round(_PLAIN_THRESHOLD / scale) + zero_point

    def told(self, audio: ScoredAudio, sounds: Sequence[Sound]) -> dict[str, list[Told]]:
        """As the sixth patch in a row shows it."""
        later = (CONSECUTIVE - 1) * _HOP_SAMPLES + _PATCH_SAMPLES
        return {
            sound.name: [
                Told(start, start + later)
                for start, _ in plain_events(audio, self._names.index(sound.classes[0]), self._score)
            ]
            for sound in sounds
        }


def open_contender(name: str, model: YamnetModel) -> Contender:
    """`presets` (all that ship), `plain`, one preset, or a rule file.

    Raises:
        RulesError: No such rules, or they are refused.
    """
    if name == PLAIN:
        return PlainRule(model)
    names = sorted(presets()) if name == PRESETS else [name]
    return Rules(Path(name).stem, load_rules(names, model.class_names))
