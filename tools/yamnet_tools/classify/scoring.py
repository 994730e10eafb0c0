# SPDX-License-Identifier: Apache-2.0
"""PCM to patches to scores, step by step: what the device does with what its microphone gives."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

import device_core
from yamnet_tools.audio import PcmBlock
from yamnet_tools.engines import Engine
from yamnet_tools.model import YamnetModel


class Step(NamedTuple):
    """One block of audio and the patches it completed (often a handful, sometimes none).

    Attributes:
        audio: The block that was taken in, zero padding included.
        starts: First sample of each patch, int64 [k], at 16 kHz.
        patches: int8 [k, 96, 64], the model's input.
        scores: int8 [k, classes], the model's output.
    """

    audio: PcmBlock
    starts: NDArray[np.int64]
    patches: NDArray[np.int8]
    scores: NDArray[np.int8]


class Listener(Protocol):
    """Takes the steps of one recording, in order."""

    def add(self, step: Step) -> None:
        """Take the next step."""


def score(blocks: Iterator[PcmBlock], model: YamnetModel, engine: Engine) -> Iterator[Step]:
    """Score a recording as its blocks come.

    A recording shorter than one patch (15,600 samples, 0.975 s) is zero-padded to one; a longer one is not padded, so
    that what follows its last whole patch is not scored. No patch spans a gap between blocks.

    Yields:
        A step for every block.

    Raises:
        AudioError: The recording cannot be read on.
        EngineError: The engine fails.
    """
    scale, zero_point = model.input_quantization
    stream = device_core.PatchStream(model.front_end, scale, zero_point)
    end = 0
    seen_patch = False

    def step(block: PcmBlock) -> Step:
        patches, starts = stream.feed(block.samples)
        return Step(block, starts, patches, engine.score(patches))

    for block in blocks:
        if block.start != end:
            stream.reset(block.start)
        scored = step(block)
        end = block.start + len(block.samples)
        seen_patch = seen_patch or len(scored.starts) > 0
        yield scored
    missing = model.front_end.patch_samples - end
    if not seen_patch and end > 0 and missing > 0:
        yield step(PcmBlock(end, np.zeros(missing, np.int16)))
