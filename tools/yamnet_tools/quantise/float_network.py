# SPDX-License-Identifier: Apache-2.0
"""YAMNet in float32: its weights with batch norm folded, and the network they compute, in NumPy.

Layout everywhere: activations are [batch, frames, bands, channels], filters have their output channel last.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from yamnet_tools.model.network import EMBEDDING_SIZE, INPUT_SHAPE, LAYERS

Float = npt.NDArray[np.float32]

_BATCH = 16  # patches; keeps a layer's activations near the CPU


@dataclass(frozen=True)
class Weighted:
    """A layer with weights.

    Attributes:
        name: as in yamnet_tools.model.network.LAYERS, which are Google's names.
        operator: CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED.
        stride: in both directions.
        weights: [3, 3, 1, 32] of the first convolution, [3, 3, C] of a depthwise one, [C_in, C_out] otherwise.
        bias: [C_out].
    """

    name: str
    operator: str
    stride: int
    weights: Float
    bias: Float

    @property
    def is_depthwise(self) -> bool:
        """Whether each channel has a 3 x 3 filter of its own."""
        return self.operator == "DEPTHWISE_CONV_2D"

    @property
    def is_head(self) -> bool:
        """Whether this is the classifier, which has no ReLU and reads the mean over time and frequency."""
        return self.operator == "FULLY_CONNECTED"

    def linear(self, values: Float) -> Float:
        """What comes before the ReLU: [n, h, w, C_in] -> [n, h', w', C_out], for the head [n, 1024] -> [n, K]."""
        if self.is_depthwise:
            return _depthwise(values, self.weights, self.bias, self.stride)
        columns = self.columns(values)
        product = columns.reshape(-1, columns.shape[-1]) @ self.matrix
        return product.reshape(*columns.shape[:-1], -1) + self.bias

    @property
    def matrix(self) -> Float:
        """The weights as a matrix [inputs of one output, C_out]; one column of nine for each depthwise channel."""
        return self.weights.reshape(-1, self.weights.shape[-1])

    def columns(self, values: Float) -> Float:
        """The inputs of each output, [n, h', w', inputs of one output]; depthwise [n, h', w', 9, C]."""
        if self.operator == "CONV_2D" and self.weights.ndim == 4:
            return np.concatenate(list(_taps(values, self.stride)), axis=-1)
        if self.is_depthwise:
            return np.stack(list(_taps(values, self.stride)), axis=-2)
        return values


@dataclass(frozen=True)
class FloatNetwork:
    """The network's 28 layers with weights, in execution order; the last one is the classifier."""

    layers: tuple[Weighted, ...]

    @property
    def class_count(self) -> int:
        """Outputs of the classifier."""
        return int(self.layers[-1].bias.size)

    def with_layers(self, layers: list[Weighted]) -> Self:
        """The same network with other weights."""
        return replace(self, layers=tuple(layers))

    def logits(self, patches: Float, progress: Callable[[int], None] = lambda _: None) -> Float:
        """Score log-mel patches.

        Args:
            patches: float32 [n, 96, 64].
            progress: told the number of patches done, now and then.

        Returns:
            Logits float32 [n, K]; probabilities are their sigmoid.
        """
        if patches.ndim != 3 or patches.shape[1:] != INPUT_SHAPE[1:]:
            raise ValueError(f"patches must be [n, 96, 64], not {list(patches.shape)}")
        scores = np.empty((len(patches), self.class_count), np.float32)
        for start in range(0, len(patches), _BATCH):
            values = patches[start : start + _BATCH, :, :, np.newaxis].astype(np.float32)
            for layer in self.layers[:-1]:
                values = layer.linear(values)
                np.maximum(values, 0, out=values)
            scores[start : start + _BATCH] = self.layers[-1].linear(values.mean(axis=(1, 2)))
            progress(min(start + _BATCH, len(patches)))
        return scores


@dataclass(frozen=True)
class Slot:
    """Where a weighted layer's tensors go: its name, operator, stride and the shape of its weights."""

    name: str
    operator: str
    stride: int
    weights: tuple[int, ...]


def slots(class_count: int) -> tuple[Slot, ...]:
    """The network's weighted layers for a classifier of `class_count` outputs, in the layout of `Weighted`."""
    found = []
    for layer in LAYERS:
        if layer.operator == "CONV_2D" and layer.weights[1] == 3:
            channels, height, width, inputs = layer.weights
            shape: tuple[int, ...] = (height, width, inputs, channels)
        elif layer.operator == "CONV_2D":
            shape = (layer.weights[3], layer.weights[0])
        elif layer.operator == "DEPTHWISE_CONV_2D":
            shape = layer.weights[1:]
        elif layer.operator == "FULLY_CONNECTED":
            shape = (EMBEDDING_SIZE, class_count)
        else:
            continue
        found.append(Slot(layer.name, layer.operator, layer.stride, shape))
    return tuple(found)


def same_padding(size: int, stride: int) -> tuple[int, int, int]:
    """TensorFlow's SAME padding of a 3-tap filter: output size, zeros before, zeros after."""
    output = -(-size // stride)
    total = max((output - 1) * stride + 3 - size, 0)
    return output, total // 2, total - total // 2


def _taps(values: Float, stride: int) -> list[Float]:
    """The nine shifted views that a 3 x 3 filter reads, each [n, h', w', C], row by row."""
    height, top, bottom = same_padding(values.shape[1], stride)
    width, left, right = same_padding(values.shape[2], stride)
    padded = np.pad(values, ((0, 0), (top, bottom), (left, right), (0, 0)))
    return [
        padded[:, row : row + stride * (height - 1) + 1 : stride, column : column + stride * (width - 1) + 1 : stride]
        for row in range(3)
        for column in range(3)
    ]


def _depthwise(values: Float, weights: Float, bias: Float, stride: int) -> Float:
    taps = _taps(values, stride)
    total: Float = taps[4] * weights[1, 1]
    total += bias
    for index, tap in enumerate(taps):
        if index != 4:
            total += tap * weights[index // 3, index % 3]
    return total
