# SPDX-License-Identifier: Apache-2.0
"""--embeddings: what the int8 network makes of a clip's patches before its head, for NumPy."""

from pathlib import Path

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.classify.results import ClipResult
from yamnet_tools.classify.scoring import Step
from yamnet_tools.classify.spooled_npz import Column, SpooledNpz
from yamnet_tools.engines import Embedder


class EmbeddingsFile(SpooledNpz):
    """Writes an .npz with `embeddings` int8 [N, 1024], `start_s` float64 [N] and the scalars `embedding_scale` and
    `embedding_zero_point`: real = scale * (q - zero_point).

    Args:
        path: The file to write.
        embedder: Computes them.
    """

    def __init__(self, path: Path, embedder: Embedder) -> None:
        super().__init__(path, {"embeddings": Column("|i1", (embedder.size,)), "start_s": Column("<f8", ())})
        self._embedder = embedder

    def add(self, step: Step) -> None:
        """Take the next step's patches."""
        self.write({"embeddings": self._embedder.embed(step.patches), "start_s": step.starts / SAMPLE_RATE})

    def finish(self, result: ClipResult) -> None:
        """Write the file."""
        scalars = {
            "embedding_scale": np.float64(self._embedder.scale),
            "embedding_zero_point": np.int64(self._embedder.zero_point),
        }
        self.store(result.patches, scalars)
