# SPDX-License-Identifier: Apache-2.0
"""Labelled recordings and how they are split: by where they come from, so that no recording is on both sides."""

import csv
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio import read_recording
from yamnet_tools.errors import AudioError, TruncatedError

INDEX_NAME = "index.csv"

_ESC = re.compile(r"^\d-(\d+)-[A-Z]$")  # fold, Freesound id, take (ESC-50's README)
_URBANSOUND = re.compile(r"^(\d+)-\d+-\d+-\d+$")  # Freesound id, class, occurrence, slice (UrbanSound8K's README)
_DONATEACRY = re.compile(r"^([0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})")
_SPEECH_COMMANDS = re.compile(r"^[a-z]+_([0-9a-f]{8})_nohash_\d+$")
_NUMBERED = re.compile(r"^(.*?)_\d+$")


@dataclass(frozen=True)
class LabelledClip:
    """A recording and what is heard in it.

    Attributes:
        path: The file.
        label: The kind of sound.
        group: Where it was cut from: the recording, uploader or speaker. Clips of one group stay together.
    """

    path: Path
    label: str
    group: str

    def pcm(self, cut_short: Callable[[TruncatedError], object]) -> NDArray[np.int16]:
        """The samples at 16 kHz, int16 [n]; `cut_short` is told if not all of them are there."""
        return read_recording(str(self.path), cut_short)


def source_of(path: Path) -> str:
    """Where a clip was cut from, by the naming of the collections it may belong to; else it is a source of its own.

    ESC-50 and UrbanSound8K both draw on Freesound, so that one recording may be in both: the group is Freesound's id.
    """
    for pattern, prefix in ((_ESC, "freesound"), (_URBANSOUND, "freesound"), (_DONATEACRY, "donateacry")):
        if found := pattern.match(path.stem):
            return f"{prefix}/{found[1].lower()}"
    found = _SPEECH_COMMANDS.match(path.stem)
    return f"{path.parent}/{found[1] if found else path.stem}"


def group_of(path: Path) -> str:
    """The same, and of no collection's clips the name without the number at its end."""
    source = source_of(path)
    numbered = _NUMBERED.match(path.stem)
    return f"{path.parent}/{numbered[1]}" if numbered and source == f"{path.parent}/{path.stem}" else source


def side_of(group: str) -> int:
    """0 or 1, by the group's name alone: the same on every machine, whatever else is in the folder."""
    return hashlib.sha256(group.encode()).digest()[0] & 1


def halves(clips: Sequence[LabelledClip]) -> tuple[list[LabelledClip], list[LabelledClip]]:
    """Split so that no group is on both sides and each label is on both, as evenly as its groups allow.

    The order in which groups are dealt out is that of a hash of their names: the same clips are always split alike.
    """
    groups: dict[str, list[LabelledClip]] = {}
    for clip in clips:
        groups.setdefault(clip.group, []).append(clip)
    sides: tuple[list[LabelledClip], list[LabelledClip]] = ([], [])
    dealt: set[str] = set()
    for label in sorted({clip.label for clip in clips}):
        for group in sorted(groups, key=lambda name: hashlib.sha256(name.encode()).digest()):
            if group in dealt or all(clip.label != label for clip in groups[group]):
                continue
            dealt.add(group)
            min(sides, key=lambda side: sum(clip.label == label for clip in side)).extend(groups[group])
    return sides


def read_index(folder: Path) -> list[LabelledClip]:
    """The clips that index.csv in this folder lists (columns path, and canonical_label or label).

    Raises:
        AudioError: There is no such file, or it lists nothing.
    """
    index = folder / INDEX_NAME
    if not index.is_file():
        raise AudioError(f"{index}: there is none; it must list the recordings (columns path, label)")
    with index.open(newline="", encoding="utf-8") as stream:
        rows: Sequence[dict[str, str]] = list(csv.DictReader(stream))
    if not rows or "path" not in rows[0] or "label" not in rows[0]:
        raise AudioError(f"{index}: it lists no recordings (columns path, label)")
    return [
        LabelledClip(folder / row["path"], row.get("canonical_label") or row["label"], group_of(Path(row["path"])))
        for row in rows
    ]
