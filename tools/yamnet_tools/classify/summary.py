# SPDX-License-Identifier: Apache-2.0
"""The strongest classes over a whole clip."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.classify.scoring import Step
from yamnet_tools.model import TensorQuantization


class Summary:
    """Running maximum and mean of every class's probability.

    Attributes:
        patches: Patches seen so far.
    """

    def __init__(self, classes: int, quantization: TensorQuantization) -> None:
        self.patches = 0
        self._quantization = quantization
        self._max = np.full(classes, np.iinfo(np.int8).min, np.int8)
        self._sum = np.zeros(classes, np.int64)

    def add(self, step: Step) -> None:
        """Take the next step's scores."""
        if len(step.scores):
            self.patches += len(step.scores)
            self._max = np.maximum(self._max, step.scores.max(axis=0))
            self._sum += step.scores.sum(axis=0, dtype=np.int64)

    def max(self) -> NDArray[np.float64]:
        """Highest probability of each class, [classes]."""
        return probabilities(self._max, self._quantization)

    def mean(self) -> NDArray[np.float64]:
        """Mean probability of each class, [classes]."""
        return probabilities(self._sum / max(self.patches, 1), self._quantization)


class Ranked(NamedTuple):
    """A class and how probable it is."""

    class_index: int
    p: float


def probabilities(scores: NDArray[np.generic], quantization: TensorQuantization) -> NDArray[np.float64]:
    """Dequantise the model's output: (score - zero point) * scale, any shape."""
    levels: NDArray[np.float64] = scores.astype(np.float64)
    return (levels - quantization.zero_point) * quantization.scale


def strongest(
    p: NDArray[np.float64], classes: Sequence[int], top: int, threshold: float, ties: NDArray[np.float64] | None = None
) -> list[Ranked]:
    """Rank classes by probability.

    Args:
        p: Probabilities, [all classes].
        classes: Indexes that may appear.
        top: Most entries returned.
        threshold: What lies below it is left out.
        ties: [all classes]; of two classes with equal `p` the one with more of this comes first, then the lower index.

    Returns:
        At most `top` entries, the strongest first.
    """
    indexes = np.asarray(classes)
    keys = [indexes, -p[indexes]] if ties is None else [indexes, -ties[indexes], -p[indexes]]
    ranked = indexes[np.lexsort(keys)[:top]]
    return [Ranked(int(index), float(p[index])) for index in ranked if p[index] >= threshold]
