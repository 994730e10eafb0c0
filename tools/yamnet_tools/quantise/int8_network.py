# SPDX-License-Identifier: Apache-2.0
"""The quantised network as plain values, and as a model in the form the device runs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yamnet_tools.model.network import INPUT_SHAPE, OUTPUT_SCALE, OUTPUT_ZERO_POINT, Layer, check_network, layers
from yamnet_tools.model.tflite import (
    Activation,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Model,
    Operator,
    Options,
    Padding,
    Quantization,
    ReducerOptions,
    Tensor,
    TensorType,
)
from yamnet_tools.quantise.float_network import Float, Weighted

WEIGHT_PEAK = 127
ACTIVATION_LEVELS = 255
"""Steps between the lowest and the highest int8."""

_LARGEST_BIAS = 2**29  # with the sum of products it stays within the device's 30 bits
_VERSIONS = {"RESHAPE": 1, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "MEAN": 2, "FULLY_CONNECTED": 4, "LOGISTIC": 2}


@dataclass(frozen=True)
class Affine:
    """real = scale * (q - zero_point), q in -128..127."""

    scale: float
    zero_point: int

    @classmethod
    def over(cls, low: float, high: float) -> "Affine":
        """256 levels from about `low` to about `high`, 0 being exactly one of them; low <= 0 <= high."""
        scale = (high - low) / ACTIVATION_LEVELS
        return cls(float(np.float32(scale)), int(np.clip(round(-128 - low / scale), -128, 127)))

    def quantised(self, values: Float) -> Float:
        """The nearest representable values, of the same shape."""
        levels = np.rint(values * np.float32(1 / self.scale))
        levels += self.zero_point
        np.clip(levels, -128, 127, out=levels)
        levels -= self.zero_point
        levels *= np.float32(self.scale)
        found: Float = levels.astype(np.float32, copy=False)
        return found


@dataclass(frozen=True)
class Int8Layer:
    """A weighted layer in integers.

    Attributes:
        source: what it was made from: name, operator, stride and layout.
        weights: int8, shaped as in `Weighted`.
        scales: of the weights, float64 [C_out]; [1] for the head.
        bias: float64 [C_out], what the int32 bias stands for.
        output: of its activations, after ReLU but for the head.
    """

    source: Weighted
    weights: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    output: Affine

    def as_float(self) -> Weighted:
        """The float layer that computes the same up to the rounding of activations and bias."""
        weights = (self.weights * self.scales).astype(np.float32)
        return Weighted(
            self.source.name, self.source.operator, self.source.stride, weights, self.bias.astype(np.float32)
        )


@dataclass(frozen=True)
class Int8Network:
    """All of it: the patch's quantisation, the layers in order (the last is the head), the mean's quantisation."""

    patch: Affine
    layers: tuple[Int8Layer, ...]
    mean: Affine

    def logits(self, patches: Float) -> Float:
        """What the integers compute, simulated in float32: [n, 96, 64] -> [n, K], before the logits are rounded."""
        values = self.patch.quantised(patches)[..., np.newaxis]
        for layer in self.layers[:-1]:
            values = layer.output.quantised(np.maximum(layer.as_float().linear(values), 0))
        return self.layers[-1].as_float().linear(self.mean.quantised(values.mean(axis=(1, 2))))


def weight_scales(layer: Weighted, input_scale: float) -> npt.NDArray[np.float64]:
    """Scales that make the largest weight of each output channel (of the whole head) 127.

    A channel whose weights all but vanish beside its bias gets the smallest scale that lets the bias fit 32 bits.
    """
    peaks = np.abs(layer.matrix.astype(np.float64))
    largest = np.array([peaks.max()]) if layer.is_head else peaks.max(axis=0)
    floor = np.abs(layer.bias.astype(np.float64)) / (input_scale * _LARGEST_BIAS)
    smallest = np.array([floor.max()]) if layer.is_head else floor
    scales: npt.NDArray[np.float64] = np.maximum(largest / WEIGHT_PEAK, np.maximum(smallest, 1e-12))
    return scales


def to_model(network: Int8Network, description: str, metadata: dict[str, bytes]) -> Model:
    """The network as a .tflite model: int8 [1, 96, 64] in, int8 [1, K] probabilities out, no float anywhere.

    Raises:
        ModelError: the network is not one that the device's kernels compute safely.
    """
    return _Builder(network, description, metadata).model


class _Builder:
    def __init__(self, network: Int8Network, description: str, metadata: dict[str, bytes]) -> None:
        self._tensors: list[Tensor] = []
        operators = []
        weighted = iter(network.layers)
        current, patch = self._activation("log_mel_patch", INPUT_SHAPE, network.patch), network.patch
        first, quantization = current, patch
        for layer in layers(network.layers[-1].bias.size):
            constants: tuple[int, ...] = ()
            options: Options | None = None
            source = quantization
            match layer.operator:
                case "RESHAPE":
                    constants = (self._integers(f"{layer.name}/shape", layer.output),)
                case "MEAN":
                    constants = (self._integers(f"{layer.name}/axes", (1, 2)),)
                    options, quantization = ReducerOptions(keep_dims=True), network.mean
                case "LOGISTIC":
                    quantization = Affine(OUTPUT_SCALE, OUTPUT_ZERO_POINT)
                case _:
                    made = next(weighted)
                    constants, options = self._parameters(layer, made, source), operator_options(layer)
                    quantization = made.output
            target = self._activation(layer.name, layer.output, quantization)
            operators.append(
                Operator(layer.operator, _VERSIONS[layer.operator], (current, *constants), (target,), options)
            )
            current = target
        self.model = Model(tuple(self._tensors), tuple(operators), (first,), (current,), description, metadata)
        check_network(self.model)

    def _add(self, tensor: Tensor) -> int:
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _activation(self, name: str, shape: tuple[int, ...], affine: Affine) -> int:
        quantization = Quantization(np.array([affine.scale], np.float32), np.array([affine.zero_point], np.int64))
        return self._add(Tensor(name, shape, TensorType.INT8, quantization))

    def _integers(self, name: str, values: tuple[int, ...]) -> int:
        return self._add(Tensor(name, (len(values),), TensorType.INT32, None, np.array(values, "<i4").view(np.uint8)))

    def _parameters(self, layer: Layer, made: Int8Layer, source: Affine) -> tuple[int, int]:
        """Weights [C_out, ..., C_in] as the kernels read them; the int32 bias, with scales of input times weights."""
        stored = made.weights if made.source.is_depthwise else np.moveaxis(made.weights, -1, 0)
        data = np.ascontiguousarray(stored.reshape(layer.weights)).view(np.uint8).reshape(-1)
        scales = made.scales.astype(np.float32)
        zeros = np.zeros(scales.size, np.int64)
        weights = Tensor(
            f"{layer.name}/weights", layer.weights, TensorType.INT8, Quantization(scales, zeros, layer.axis), data
        )
        bias_scales = (np.float32(source.scale) * scales).astype(np.float32)
        integers = np.rint(made.bias / bias_scales.astype(np.float64)).astype("<i4")
        bias = Tensor(
            f"{layer.name}/bias",
            integers.shape,
            TensorType.INT32,
            Quantization(bias_scales, zeros),
            integers.view(np.uint8),
        )
        return self._add(weights), self._add(bias)


def operator_options(layer: Layer) -> Options:
    """Padding, strides and fused ReLU of a weighted layer."""
    match layer.operator:
        case "DEPTHWISE_CONV_2D":
            return DepthwiseConv2DOptions(Padding.SAME, layer.stride, layer.stride, Activation.RELU)
        case "CONV_2D":
            return Conv2DOptions(Padding.SAME, layer.stride, layer.stride, Activation.RELU)
        case _:
            return FullyConnectedOptions(Activation.NONE)
