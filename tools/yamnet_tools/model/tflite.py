# SPDX-License-Identifier: Apache-2.0
"""A TensorFlow Lite model as plain values: the part of the schema that YAMNet's int8 body uses.

Names and meanings are the schema's:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
BUFFER_ALIGNMENT = 16
"""Bytes; the schema's force_align of Buffer.data, which SIMD kernels rely on."""


class TensorType(IntEnum):
    """Element types, as numbered by the schema; the ones not listed here never occur in the body."""

    FLOAT32 = 0
    INT32 = 2
    INT8 = 9

    @property
    def item_bytes(self) -> int:
        """Bytes of one element."""
        return 1 if self is TensorType.INT8 else 4


class Padding(IntEnum):
    """Padding schemes of convolutions."""

    SAME = 0
    VALID = 1


class Activation(IntEnum):
    """Activations that can be fused into an int8 operator."""

    NONE = 0
    RELU = 1
    RELU_N1_TO_1 = 2
    RELU6 = 3


@dataclass(frozen=True)
class Quantization:
    """Affine quantisation: real = scale * (q - zero_point).

    One scale for the whole tensor, or one for each index along `axis`.
    """

    scales: npt.NDArray[np.float32]
    zero_points: npt.NDArray[np.int64]
    axis: int = 0

    @property
    def scale(self) -> float:
        """The scale of a tensor quantised as a whole."""
        return float(self.scales[0])

    @property
    def zero_point(self) -> int:
        """The zero point of a tensor quantised as a whole."""
        return int(self.zero_points[0])


@dataclass(frozen=True)
class Tensor:
    """A tensor; `data` holds a constant's bytes in row-major little-endian order, None for activations.

    `type` is a TensorType, or the schema's plain number for element types the body cannot use; `plain` is
    false if the tensor uses a feature outside this subset (sparsity, variables, other quantisation schemes).
    """

    name: str
    shape: tuple[int, ...]
    type: TensorType | int
    quantization: Quantization | None = None
    data: npt.NDArray[np.uint8] | None = None
    plain: bool = True

    def values(self) -> npt.NDArray[np.generic]:
        """A constant's elements, shape `self.shape`; the tensor must be a constant of a known type and right size."""
        if self.data is None:
            raise TypeError(f"{self.name} is no constant")
        dtype = {TensorType.FLOAT32: "<f4", TensorType.INT32: "<i4", TensorType.INT8: "i1"}[TensorType(self.type)]
        return self.data.view(dtype).reshape(self.shape)


@dataclass(frozen=True)
class Conv2DOptions:
    """Options of CONV_2D."""

    padding: Padding
    stride_h: int
    stride_w: int
    activation: Activation
    dilation_h: int = 1
    dilation_w: int = 1


@dataclass(frozen=True)
class DepthwiseConv2DOptions(Conv2DOptions):
    """Options of DEPTHWISE_CONV_2D."""

    depth_multiplier: int = 1


@dataclass(frozen=True)
class FullyConnectedOptions:
    """Options of FULLY_CONNECTED; `plain_weights` is false for shuffled weights and other hybrid schemes."""

    activation: Activation
    keep_num_dims: bool = False
    plain_weights: bool = True


@dataclass(frozen=True)
class ReducerOptions:
    """Options of MEAN."""

    keep_dims: bool


Options = Conv2DOptions | DepthwiseConv2DOptions | FullyConnectedOptions | ReducerOptions


@dataclass(frozen=True)
class Operator:
    """One operator; inputs and outputs index the model's tensors, -1 marks an optional input that is left out."""

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options | None = None


@dataclass(frozen=True)
class Model:
    """A model of one subgraph; operators are in execution order."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    description: str = ""
    metadata: dict[str, bytes] = field(default_factory=dict)

    def operator_counts(self) -> dict[str, int]:
        """How often each operator occurs, by name in alphabetical order."""
        return dict(sorted(Counter(operator.name for operator in self.operators).items()))
