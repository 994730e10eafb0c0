# SPDX-License-Identifier: Apache-2.0
"""Every class's course over a clip, pooled to a bounded number of columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.classify.pooling import ColumnPool
from yamnet_tools.classify.scoring import Step
from yamnet_tools.classify.summary import probabilities
from yamnet_tools.model import YamnetModel


class ClassColumns:
    """Collects the scores of a clip; where columns are pooled, the highest score stands for them.

    Patches that a gap in a live recording prevented count as silent ones, so that columns stay true to time.

    Args:
        model: Whose scores these are.
        limit: Most columns kept; even.
    """

    def __init__(self, model: YamnetModel, limit: int) -> None:
        spec = model.front_end
        self._quantization = model.output_quantization
        self._hop_samples = spec.patch_hop * spec.frame_hop
        self._patch_samples = spec.patch_samples
        self._silent = np.full((1, len(model.class_names)), np.iinfo(np.int8).min, np.int8)
        self._pool = ColumnPool(len(model.class_names), np.int8, limit, np.maximum)
        self._patches = 0

    def add(self, step: Step) -> None:
        """Take the next step's scores."""
        for start, row in zip(step.starts.tolist(), step.scores, strict=True):
            missed = max(0, round(start / self._hop_samples) - self._patches)
            if missed:
                self._pool.add(np.repeat(self._silent, missed, axis=0))
            self._pool.add(row[np.newaxis])
            self._patches += missed + 1

    def probabilities(self, classes: Sequence[int]) -> NDArray[np.float64]:
        """Probability of each class in each column, [len(classes), columns]."""
        return probabilities(self._pool.columns()[:, list(classes)].T, self._quantization)

    def edges_s(self) -> NDArray[np.float64]:
        """Times between which the columns are drawn, in seconds, [columns + 1].

        A patch is drawn at its middle, one hop wide; the first and the last reach to the ends of what was scored.
        """
        centre = (self._patch_samples - self._hop_samples) / 2
        edges = np.concatenate([[0], np.cumsum(self._pool.rows())]) * self._hop_samples + centre
        edges[0] = 0
        edges[-1] += centre
        return edges / SAMPLE_RATE
