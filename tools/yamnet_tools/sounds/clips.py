# SPDX-License-Identifier: Apache-2.0
"""A folder of recordings to learn from: a folder for each sound, and `other` for all that is none of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from yamnet_tools.audio import find_recordings
from yamnet_tools.audio.pcm import SAMPLE_RATE
from yamnet_tools.errors import AudioError, TruncatedError, YamnetToolsError
from yamnet_tools.events.clips import LabelledClip, source_of
from yamnet_tools.examples.synthesis import Sound

OTHER = "other"
LEAST_RECORDINGS = 4
"""Of each sound: fewer cannot be learnt on some and tried on others."""

LONGEST_SOUND_S = 30.0
LONGEST_OTHER_S = 600.0
SHORTEST_S = 0.05
_LONGEST_NAME = 64


class SoundsError(YamnetToolsError):
    """Recordings that nothing can be learnt from; the text says which folder and what to do."""


@dataclass(frozen=True)
class Clip:
    """A recording.

    Attributes:
        source: where it lies, its folder's name, and what it was cut from.
        sound: float64 [n] at 16 kHz, full scale at +-1.
    """

    source: LabelledClip
    sound: Sound

    @property
    def label(self) -> str:
        """The folder's name."""
        return self.source.label

    @property
    def is_other(self) -> bool:
        """Whether it is an example of what is not to be told."""
        return self.label == OTHER


def find_clips(folder: Path) -> list[LabelledClip]:
    """The recordings of a folder, by label; the labels of sounds in the order of the alphabet, `other` last.

    Raises:
        SoundsError: no such folder, no sound, no `other`, or too few recordings of one.
        AudioError: a folder cannot be read or has no audio.
    """
    if not folder.is_dir():
        raise SoundsError(f"{folder}: no folder; it must hold a folder for each sound, and one called {OTHER}")
    labels = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if OTHER not in labels:
        raise SoundsError(f"{folder}: there is no folder {OTHER}: record what must not be taken for your sounds")
    sounds = [label for label in labels if label != OTHER]
    if not sounds:
        raise SoundsError(f"{folder}: there is no folder with a sound beside {OTHER}")
    if odd := [label for label in sounds if not _is_name(label)]:
        raise SoundsError(f"{folder}: {odd[0]!r}: a sound's name has up to {_LONGEST_NAME} printable characters")
    clips = []
    for label in [*sounds, OTHER]:
        found = [Path(path) for path in find_recordings(str(folder / label))]
        clips += [LabelledClip(path, label, source_of(path)) for path in found]
        sources = len({clip.group for clip in clips if clip.label == label})
        if sources < LEAST_RECORDINGS:
            raise SoundsError(
                f"{folder / label}: {sources} recordings; it takes {LEAST_RECORDINGS} to learn on some and try on"
                " others, and 10 to begin well"
            )
    return clips


def _is_name(label: str) -> bool:
    return label.isprintable() and label == label.strip() and len(label) <= _LONGEST_NAME


def read_clip(source: LabelledClip, cut_short: Callable[[TruncatedError], object]) -> Clip:
    """Read a recording, of a long one the beginning; `cut_short` is told of one that ends before its end.

    Raises:
        AudioError: it cannot be read, or nothing is in it.
    """
    longest_s = LONGEST_OTHER_S if source.label == OTHER else LONGEST_SOUND_S
    sound = source.pcm(cut_short)[: round(longest_s * SAMPLE_RATE)] / 32768
    if len(sound) < SHORTEST_S * SAMPLE_RATE:
        raise AudioError(f"{source.path}: {len(sound) / SAMPLE_RATE:.2f} s are too short to learn from")
    if source.label != OTHER and not sound.any():
        raise AudioError(f"{source.path}: all samples are zero")
    return Clip(source, sound)


def sound_names(clips: Sequence[LabelledClip]) -> list[str]:
    """The labels that are sounds, in order."""
    return list(dict.fromkeys(clip.label for clip in clips if clip.label != OTHER))
