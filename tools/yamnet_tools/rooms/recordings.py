# SPDX-License-Identifier: Apache-2.0
"""Labelled recordings from several folders, split by source, and which of them the network recognises when clean."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from device_core import PatchStream
from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.engines import Engine
from yamnet_tools.errors import TruncatedError
from yamnet_tools.events.clips import LabelledClip, group_of, halves, read_index, source_of
from yamnet_tools.examples.synthesis import Sound as Signal
from yamnet_tools.model import YamnetModel
from yamnet_tools.rooms.sounds import Sound, sound_of

SIDES = ("tune", "check")

RECOGNISED = 0.3
"""A recording counts as recognisable when one of its sound's classes reaches this in one patch of it alone."""

_LIBRISPEECH = re.compile(r"^(?:\d+__)?(\d+)-\d+-\d{4}$")  # speaker, chapter, utterance (its README)
_FULL_SCALE = 32768.0


@dataclass(frozen=True)
class Recording:
    """A recording in memory.

    Attributes:
        name: Its path, for people.
        label: What is heard in it.
        signal: float64 [n] at 16 kHz, full scale 32768.
    """

    name: str
    label: str
    signal: Signal


def read_folders(folders: Sequence[Path]) -> list[LabelledClip]:
    """What the folders' indexes list, each clip with its source as group.

    Where all of a folder's files seem to be of one source because they are merely numbered, each is taken for its own.
    """
    clips: list[LabelledClip] = []
    for folder in folders:
        listed = read_index(folder)
        beside: dict[Path, set[str]] = defaultdict(set)
        for clip in listed:
            beside[clip.path.parent].add(clip.group)
        for clip in listed:
            path = clip.path.relative_to(folder)
            group = group_of(path) if len(beside[clip.path.parent]) > 1 else source_of(path)
            if speaker := _LIBRISPEECH.match(path.stem):
                group = f"librispeech/{speaker[1]}"
            clips.append(replace(clip, group=group))
    return clips


def choose_side(clips: Sequence[LabelledClip], side: str) -> list[LabelledClip]:
    """All clips (`both`), or those of one half; the halves share no source."""
    return list(clips) if side == "both" else halves(clips)[SIDES.index(side)]


def load(clips: Sequence[LabelledClip], cut_short: Callable[[TruncatedError], object]) -> list[Recording]:
    """Read the recordings; those without a sample are left out."""
    loaded = [
        Recording(str(clip.path), clip.label, clip.pcm(cut_short).astype(np.float64))
        for clip in sorted(clips, key=lambda clip: clip.path)
    ]
    return [recording for recording in loaded if np.any(recording.signal)]


def recognised(
    recordings: Sequence[Recording], sounds: Mapping[str, Sound], model: YamnetModel, engine: Engine
) -> list[bool]:
    """For each recording whether the network hears in it alone what its label says; True where it says nothing."""
    scale, zero_point = model.output_quantization
    verdicts = []
    for recording in recordings:
        sound = sound_of(recording.label, sounds)
        if sound is None:
            verdicts.append(True)
            continue
        silence = np.zeros(SAMPLE_RATE // 2)
        pcm = np.rint(np.concatenate([silence, recording.signal, silence, silence]))
        patches, _ = PatchStream(model.front_end, *model.input_quantization).feed(pcm.astype(np.int16))
        scores = engine.score(patches)[:, [model.class_names.index(name) for name in sound.classes]]
        verdicts.append(bool(scores.size and scale * (int(scores.max()) - zero_point) >= RECOGNISED))
    return verdicts


def active_rms(signal: Signal) -> float:
    """RMS of what is within 20 dB of the loudest 120 ms: pauses do not count."""
    block = min(1_920, len(signal))
    power = np.mean(signal[: len(signal) // block * block].reshape(-1, block) ** 2, axis=1)
    return float(np.sqrt(np.mean(power[power >= power.max() / 100.0])))


def dbfs(rms: float) -> float:
    """An RMS of samples as a level."""
    return 20.0 * float(np.log10(max(rms, 1e-6) / _FULL_SCALE))


def at_dbfs(level: float) -> float:
    """The RMS of samples at a level."""
    return float(_FULL_SCALE * 10 ** (level / 20))
