# SPDX-License-Identifier: Apache-2.0
"""Further classes on a converted model: rows in the int8 weights of its last layer, all else as it was."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from yamnet_tools.errors import ModelError
from yamnet_tools.model.network import activation_quantization, check_network, class_count, layers
from yamnet_tools.model.tflite import Model, Operator, Quantization, Tensor

WEIGHT_PEAK = 127
_LARGEST_BIAS = 2**29


@dataclass(frozen=True)
class HeadGrid:
    """The steps that a classifier's integers stand for.

    Attributes:
        input_scale, input_zero_point: of the embedding.
        weight_scale: of the weights, one for all classes.
        logit_scale: of the logits, whose zero point is 0 in a head of one's own.
    """

    input_scale: float
    input_zero_point: int
    weight_scale: float
    logit_scale: float


@dataclass(frozen=True)
class IntegerHead:
    """Classes as the device computes them.

    Attributes:
        rows: int8 [K, 1024], symmetric.
        bias: int32 [K], in steps of input_scale * weight_scale.
        grid: what the integers stand for.
    """

    rows: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]
    grid: HeadGrid

    def logits(self, embeddings: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        """Real logits [n, K] of int8 embeddings [n, 1024], before they are rounded to the grid's steps."""
        sums = (embeddings.astype(np.int32) - self.grid.input_zero_point) @ self.rows.T.astype(np.int32) + self.bias
        return sums.astype(np.float64) * (self.grid.input_scale * self.grid.weight_scale)


def head_grid(model: Model) -> HeadGrid:
    """The grid of a model that check_network accepts."""
    dense = _dense(model)
    source = activation_quantization(model.tensors[dense.inputs[0]])
    weights = activation_quantization(model.tensors[dense.inputs[1]])
    logits = activation_quantization(model.tensors[dense.outputs[0]])
    return HeadGrid(source.scale, source.zero_point, weights.scale, logits.scale)


def with_own_classes(model: Model, head: IntegerHead, *, alone: bool = False) -> Model:
    """A model that gives the classes of `head` behind its own, or only those.

    Args:
        model: accepted by check_network.
        head: on the model's own grid; `alone`, its weight scale may be any.
        alone: leave the model's own classes out.

    Raises:
        ModelError: the result is no model that a device runs, as one with more than 1,024 classes.
    """
    dense = _dense(model)
    weights, bias = model.tensors[dense.inputs[1]], model.tensors[dense.inputs[2]]
    rows, biases = head.rows, np.clip(head.bias, -_LARGEST_BIAS, _LARGEST_BIAS).astype(np.int32)
    if not alone:
        rows = np.concatenate([weights.values(), rows])
        biases = np.concatenate([bias.values(), biases])
    count = len(rows)
    scale = np.array([head.grid.weight_scale], np.float32)
    tensors = list(model.tensors)
    tensors[dense.inputs[1]] = _constant(weights, rows.astype(np.int8), scale)
    product = (np.float64(head.grid.input_scale) * scale).astype(np.float32)
    tensors[dense.inputs[2]] = _constant(bias, biases.astype("<i4"), product)
    for index in (dense.outputs[0], model.outputs[0]):
        tensors[index] = replace(tensors[index], shape=(1, count))
    extended = replace(model, tensors=tuple(tensors))
    if len(layers(count)) != len(model.operators) or class_count(extended) != count:
        raise ModelError(f"{count} classes are no head of this network")
    check_network(extended)
    return extended


def _constant(tensor: Tensor, values: npt.NDArray[np.generic], scale: npt.NDArray[np.float32]) -> Tensor:
    assert tensor.quantization is not None, tensor.name
    quantization = Quantization(scale, np.zeros(1, np.int64), tensor.quantization.axis)
    data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
    return replace(tensor, shape=values.shape, data=data, quantization=quantization)


def _dense(model: Model) -> Operator:
    [dense] = [operator for operator in model.operators if operator.name == "FULLY_CONNECTED"]
    return dense
