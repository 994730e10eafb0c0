# SPDX-License-Identifier: Apache-2.0
"""From recordings to what the int8 network makes of them, in many variations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import device_core
from yamnet_tools.audio.pcm import SAMPLE_RATE
from yamnet_tools.engines import Embedder
from yamnet_tools.events.clips import LabelledClip
from yamnet_tools.model import YamnetModel
from yamnet_tools.sounds.clips import Clip
from yamnet_tools.sounds.variation import Scene, plain, varied

MOST_PATCHES = 9_000
"""Of all variations together: what two slow cores compute in a minute."""

MOST_VARIATIONS = 8
"""Of one recording, beside the plain one; fewer where there are many recordings."""

_PATCHES_A_SECOND = 1 / 0.48


@dataclass(frozen=True)
class Patches:
    """Of one recording.

    Attributes:
        embeddings: int8 [n, 1024].
        present: bool [n], whether the recording's sound is in it.
        absent: bool [n], whether nothing of it is: the room alone.
    """

    embeddings: NDArray[np.int8]
    present: NDArray[np.bool_]
    absent: NDArray[np.bool_]


@dataclass(frozen=True)
class LearntClip:
    """A recording as it is, and varied.

    Attributes:
        source: the file and what is in it.
        seconds: its length.
        start: its first sample in the scene that `plain` was cut from.
        plain: patches of the recording as it is, in a quiet room.
        varied: patches of its variations.
    """

    source: LabelledClip
    seconds: float
    start: int
    plain: Patches
    varied: Patches


def embed_clips(
    clips: Sequence[Clip], model: YamnetModel, seed: int, advance: Callable[[float], object] = lambda _: None
) -> list[LearntClip]:
    """Patches of each recording; equal recordings and seeds give equal ones.

    Args:
        clips: all that is learnt from; recordings of `other` are heard behind those of sounds, too.
        model: whose front end and network.
        seed: of the variations.
        advance: told of the seconds of recordings that are done.
    """
    embedder = Embedder(model)
    backgrounds = [clip.sound for clip in clips if clip.is_other]
    count = variations([len(clip.sound) / SAMPLE_RATE for clip in clips])
    learnt = []
    for number, clip in enumerate(clips):
        rng = np.random.default_rng([seed, number])
        quiet = plain(clip.sound, rng)
        one = _patches([quiet], model, embedder)
        # What is not to be told is not hidden behind its like.
        behind = [] if clip.is_other else backgrounds
        many = _patches([varied(clip.sound, behind, rng) for _ in range(count)], model, embedder)
        learnt.append(LearntClip(clip.source, len(clip.sound) / SAMPLE_RATE, quiet.start, one, many))
        advance(learnt[-1].seconds)
    return learnt


def variations(seconds: Sequence[float]) -> int:
    """How many of each recording there is time for, of recordings of these lengths."""
    patches = sum((length + 3) * _PATCHES_A_SECOND for length in seconds)
    return int(np.clip(MOST_PATCHES / patches - 1, 1, MOST_VARIATIONS))


def _patches(scenes: Sequence[Scene], model: YamnetModel, embedder: Embedder) -> Patches:
    cut, present, absent = [], [], []
    for scene in scenes:
        stream = device_core.PatchStream(model.front_end, *model.input_quantization)
        patches, starts = stream.feed(scene.pcm)
        cut.append(patches)
        present.append(scene.present(starts, model.front_end.patch_samples))
        absent.append(scene.absent(starts, model.front_end.patch_samples))
    return Patches(embedder.embed(np.concatenate(cut)), np.concatenate(present), np.concatenate(absent))
