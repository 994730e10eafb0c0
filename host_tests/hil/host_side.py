# SPDX-License-Identifier: Apache-2.0
"""What the host makes of a recording."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from yamnet_tools.audio import open_recording
from yamnet_tools.classify.scoring import Step, score
from yamnet_tools.engines import Engine
from yamnet_tools.model import YamnetModel


@dataclass(frozen=True)
class RealPatch:
    """A patch of a recording, int8 [96, 64], where it begins in samples, and the host's scores of it, int8 [521]."""

    recording: str
    start_sample: int
    patch: np.ndarray[Any, np.dtype[np.int8]]
    scores: np.ndarray[Any, np.dtype[np.int8]]


def host_patches(clips: list[Path], model: YamnetModel, engine: Engine) -> Iterator[RealPatch]:
    """The recordings' patches, one after the other."""
    for clip in clips:
        for step in host_steps(clip, model, engine):
            for start, patch, scores in zip(step.starts, step.patches, step.scores, strict=True):
                yield RealPatch(clip.name, int(start), patch, scores)


def host_steps(clip: Path, model: YamnetModel, engine: Engine) -> list[Step]:
    """The recording's audio, patches and scores, step by step."""
    with open_recording(str(clip)) as recording:
        return list(score(recording.blocks(), model, engine))
