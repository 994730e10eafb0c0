# SPDX-License-Identifier: Apache-2.0
"""The sounds that are to be found: labels that mean them, rules that should tell of them, the plain rule's class."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from yamnet_tools.errors import UsageError


@dataclass(frozen=True)
class Sound:
    """Something to be found.

    Attributes:
        name: For tables and the command line.
        rules: Names of rules any of which may tell of it.
        classes: YAMNet's classes for it; the plain rule uses the first, and a recording counts as recognisable when one
            of them is heard in it.
        labels: Recordings' labels that mean it.
        doubtful: Labels of which nobody can say.
        same: Names of other sounds that the same rules may tell of.
        least_s: A recording is repeated until it lasts so long, as alarms do; 0: it is heard once.
    """

    name: str
    rules: tuple[str, ...]
    classes: tuple[str, ...]
    labels: frozenset[str]
    doubtful: frozenset[str] = frozenset()
    same: frozenset[str] = frozenset()
    least_s: float = 0.0


_ALARMS = ("smoke", "smoke T3", "CO T4")
_ALARM_CLASSES = ("Smoke detector, smoke alarm", "Fire alarm", "Beep, bleep")

SOUNDS = (
    Sound(
        "baby",
        ("baby",),
        ("Baby cry, infant cry", "Crying, sobbing", "Whimper"),
        frozenset({"crying_baby", "baby_cry", "cry"}),
        frozenset({"children_playing"}),
    ),
    Sound("dog", ("dog",), ("Dog", "Bark"), frozenset({"dog", "dog_bark"}), frozenset({"dog_or_other"})),
    Sound("cat", ("cat",), ("Cat", "Meow", "Caterwaul"), frozenset({"cat", "dude_miaowing"})),
    Sound(
        "siren",
        ("siren",),
        ("Siren", "Police car (siren)", "Ambulance (siren)", "Civil defense siren"),
        frozenset({"siren"}),
    ),
    Sound("glass", ("glass",), ("Glass", "Shatter", "Breaking"), frozenset({"glass", "glass_break"})),
    Sound(
        "smoke",
        ("smoke_alarm", "co_alarm"),
        _ALARM_CLASSES,
        frozenset({"alarm", "smokealarm", "smoke_alarm"}),
        frozenset({"alert"}),
        frozenset(_ALARMS),
        14.0,
    ),
    Sound(
        "smoke T3",
        ("smoke_alarm",),
        _ALARM_CLASSES,
        frozenset({"synthetic_t3"}),
        same=frozenset(_ALARMS),
    ),
    Sound(
        "CO T4",
        ("co_alarm", "smoke_alarm"),
        _ALARM_CLASSES,
        frozenset({"synthetic_t4"}),
        same=frozenset(_ALARMS),
    ),
)


def with_labels(extra: Iterable[str]) -> dict[str, Sound]:
    """The sounds by name, with labels from `LABEL=SOUND` added.

    Raises:
        UsageError: A piece that is not so, or no such sound.
    """
    sounds = {sound.name: sound for sound in SOUNDS}
    for text in extra:
        label, equals, name = text.partition("=")
        if not label or not equals or name not in sounds:
            raise UsageError(f"--label {text}: it must be LABEL=SOUND, with a sound of {', '.join(sounds)}")
        old = sounds[name]
        sounds[name] = replace(old, labels=old.labels | {label}, doubtful=old.doubtful - {label})
    return sounds


def require_classes(sounds: Mapping[str, Sound], class_names: Sequence[str]) -> None:
    """Whether a model has all classes that sounds are known by.

    Raises:
        UsageError: One is missing, as in a model of one's own sounds alone.
    """
    for sound in sounds.values():
        for name in sound.classes:
            if name not in class_names:
                raise UsageError(
                    f"--model: it has no class {name!r}, by which {sound.name} is known; use one with YAMNet's"
                )


def sound_of(label: str, sounds: Mapping[str, Sound]) -> Sound | None:
    """Which sound a label means, if any."""
    return next((sound for sound in sounds.values() if label in sound.labels), None)
