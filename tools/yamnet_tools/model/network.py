# SPDX-License-Identifier: Apache-2.0
"""YAMNet's network as the device runs it, and the check that a model is exactly that.

A model that passes cannot make an int8 kernel read or write outside its tensors, overflow or divide by zero:
kernels trust shapes, options and quantisation once the interpreter has allocated its tensors.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yamnet_tools.errors import ModelError
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

INPUT_SHAPE = (1, 96, 64)
"""One log-mel patch: batch, frames of 10 ms, mel bands."""

CLASS_COUNT = 521
"""Of Google's classifier; a model with another head has another count."""
OUTPUT_SHAPE = (1, CLASS_COUNT)
MOST_CLASSES = 1024
"""What the device's fixed memory is made for: kMostClasses of components/sound_model."""
EMBEDDING_SIZE = 1024
"""What the network knows of a patch before it is classified: the mean over time and frequency."""

OUTPUT_SCALE = 1 / 256
OUTPUT_ZERO_POINT = -128
"""Probabilities in [0, 255/256]; TFLite's int8 LOGISTIC has no other output."""

# Stride and output channels of the separable layers 2 to 14; layer 1 is a plain convolution.
# Source: _YAMNET_LAYER_DEFS in tensorflow/models, research/audioset/yamnet/yamnet.py.
_FIRST_STRIDE, _FIRST_CHANNELS = 2, 32
_SEPARABLE_LAYERS = (
    (1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512),
    (1, 512), (1, 512), (1, 512), (1, 512), (1, 512), (2, 1024), (1, 1024),
)  # fmt: skip
_KERNEL = 3

# The operator version from which on TensorFlow Lite's kernels take int8.
_FIRST_INT8_VERSION = {
    "RESHAPE": 1,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "MEAN": 2,
    "FULLY_CONNECTED": 4,
    "LOGISTIC": 2,
}
_LATEST_VERSION = 16  # above every version TensorFlow Lite has given one of these operators

# Symmetric int8 weights, scale = max|w| / 127: https://ai.google.dev/edge/litert/models/quantization_spec
_WEIGHT_PEAK = 127
_LARGEST_PRODUCT = 128 * 255  # a weight times an activation less its zero point
_BIAS_SCALE_TOLERANCE = 1e-6  # the product of two float32 scales, rounded to float32

# Keeps ReLU6's bound of 6 / scale and the shifts of LOGISTIC and MEAN inside 32-bit integers.
_SMALLEST_SCALE, _LARGEST_SCALE = 2.0**-20, 8.0
_LARGEST_MEAN_GAIN = 128.0


@dataclass(frozen=True)
class Layer:
    """One operator of the network; `weights` is its filter's shape, `axis` the filter's output-channel axis."""

    name: str
    operator: str
    output: tuple[int, ...]
    weights: tuple[int, ...] = ()
    axis: int = 0
    stride: int = 1


def layers(class_count: int) -> tuple[Layer, ...]:
    """The network in execution order, with a classifier of `class_count` outputs."""
    frames, bands = INPUT_SHAPE[1], INPUT_SHAPE[2]
    found = [Layer("expand_dims", "RESHAPE", (1, frames, bands, 1))]
    height, width = _halved(frames, _FIRST_STRIDE), _halved(bands, _FIRST_STRIDE)
    channels = _FIRST_CHANNELS
    found.append(
        Layer("layer1/conv", "CONV_2D", (1, height, width, channels), (channels, _KERNEL, _KERNEL, 1), 0, _FIRST_STRIDE)
    )
    for number, (stride, filters) in enumerate(_SEPARABLE_LAYERS, start=2):
        height, width = _halved(height, stride), _halved(width, stride)
        depthwise = (1, _KERNEL, _KERNEL, channels)
        output = (1, height, width, channels)
        found.append(Layer(f"layer{number}/depthwise_conv", "DEPTHWISE_CONV_2D", output, depthwise, 3, stride))
        output = (1, height, width, filters)
        found.append(Layer(f"layer{number}/pointwise_conv", "CONV_2D", output, (filters, 1, 1, channels)))
        channels = filters
    found.append(Layer("mean", "MEAN", (1, 1, 1, channels)))
    found.append(Layer("logits", "FULLY_CONNECTED", (1, class_count), (class_count, channels)))
    found.append(Layer("probabilities", "LOGISTIC", (1, class_count)))
    return tuple(found)


def _halved(size: int, stride: int) -> int:
    """Output size of a SAME-padded convolution."""
    return -(-size // stride)


LAYERS = layers(CLASS_COUNT)
"""Google's network in execution order."""


def class_count(model: Model) -> int:
    """How many classes a model's output has.

    Raises:
        ModelError: its output is not [1, classes].
    """
    shape = model.tensors[model.outputs[0]].shape
    if len(shape) != 2 or shape[0] != 1 or not 1 <= shape[1] <= MOST_CLASSES:
        raise ModelError(f"its output of shape {list(shape)} is not [1, classes]")
    return shape[1]


def check_network(model: Model) -> None:
    """Check that a model is YAMNet's int8 body, with a head of any size: operators, wiring, options, shapes,
    constants and quantisation.

    Raises:
        ModelError: something differs; the text names the layer and what is wrong there.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(f"{len(model.inputs)} inputs and {len(model.outputs)} outputs, not one of each")
    network = layers(class_count(model))
    expected, found = [layer.operator for layer in network], [operator.name for operator in model.operators]
    if expected != found:
        raise ModelError(f"not YAMNet's network: {_first_difference(expected, found)}")
    source = model.inputs[0]
    _check_activation(model.tensors[source], INPUT_SHAPE, "input")
    written = {source}
    for layer, operator in zip(network, model.operators, strict=True):
        if not operator.inputs or operator.inputs[0] != source or len(operator.outputs) != 1:
            raise ModelError(f"{layer.name} does not continue the chain of operators")
        if not _FIRST_INT8_VERSION[layer.operator] <= operator.version <= _LATEST_VERSION:
            raise ModelError(f"{layer.name}: {layer.operator} of version {operator.version} does not take int8")
        target = operator.outputs[0]
        if target in written:
            raise ModelError(f"{layer.name} writes a tensor that already has a value")
        _check_activation(model.tensors[target], layer.output, layer.name)
        _check_operator(layer, operator, model.tensors)
        written.add(target)
        source = target
    if model.outputs[0] != source:
        raise ModelError("the output is not the last operator's")


def _first_difference(expected: list[str], found: list[str]) -> str:
    for index, (wanted, got) in enumerate(zip(expected, found, strict=False)):
        if wanted != got:
            return f"operator {index} is {got}, not {wanted}"
    return f"{len(found)} operators, not {len(expected)}"


def _check_operator(layer: Layer, operator: Operator, tensors: tuple[Tensor, ...]) -> None:
    source, target = tensors[operator.inputs[0]], tensors[operator.outputs[0]]
    match layer.operator:
        case "RESHAPE":
            _check_constant(f"{layer.name}/shape", operator, tensors, layer.output)
            if _quantization(source) != _quantization(target):
                raise ModelError(f"{layer.name} changes the quantisation")
        case "MEAN":
            if operator.options != ReducerOptions(keep_dims=True):
                raise ModelError(f"{layer.name} does not keep its dimensions")
            _check_constant(f"{layer.name}/axes", operator, tensors, (1, 2))
            if _scale(source) > _LARGEST_MEAN_GAIN * _scale(target):
                raise ModelError(f"{layer.name}: the output's scale is too fine for its input")
        case "LOGISTIC":
            _check_operand_count(layer.name, operator, 1)
            if _quantization(target) != (OUTPUT_SCALE, OUTPUT_ZERO_POINT):
                raise ModelError(f"{layer.name} is not quantised with scale 1/256 and zero point -128")
        case _:
            _check_weighted(layer, operator, tensors)


def _check_weighted(layer: Layer, operator: Operator, tensors: tuple[Tensor, ...]) -> None:
    """Check the options, weights and bias of a convolution or fully connected layer."""
    _check_operand_count(layer.name, operator, 3)
    if not _options_are_right(layer, operator.options):
        raise ModelError(f"{layer.name}: {operator.options} are not YAMNet's options")
    source, weights, bias = (tensors[index] for index in operator.inputs)
    target = tensors[operator.outputs[0]]
    channels = layer.weights[layer.axis]
    scale_count = 1 if layer.operator == "FULLY_CONNECTED" else channels
    weights_name, bias_name = f"{layer.name}/weights", f"{layer.name}/bias"
    weight_scales = _check_parameter(weights_name, weights, TensorType.INT8, layer.weights, scale_count, layer.axis)
    bias_scales = _check_parameter(bias_name, bias, TensorType.INT32, (channels,), scale_count, 0)
    product = _scale(source) * weight_scales
    if not np.allclose(bias_scales, product, rtol=_BIAS_SCALE_TOLERANCE, atol=0):
        raise ModelError(f"{bias_name}: scales are not those of input times weights")
    values = weights.values()
    if values.min() < -_WEIGHT_PEAK:
        raise ModelError(f"{weights_name}: -128 never occurs in symmetric int8 weights; damaged?")
    peaks = np.abs(np.moveaxis(values, layer.axis, 0).reshape(scale_count, -1)).max(axis=1)
    weak = int(np.count_nonzero(peaks != _WEIGHT_PEAK))
    if weak:
        raise ModelError(
            f"{weights_name}: {weak} of {scale_count} channels do not reach {_WEIGHT_PEAK}, as weights quantised to"
            " their range do; damaged?"
        )
    # The device's kernels take both for granted, and it refuses what this would let pass (operator_checks.cpp).
    largest_sums = np.abs(bias.values().astype(np.int64)) + values.size // channels * _LARGEST_PRODUCT
    if np.any(largest_sums >= 2**30):
        raise ModelError(f"{bias_name}: so large that twice a sum overflows 32 bits")
    if np.any(product.astype(np.float32) >= np.float32(_scale(target))):
        raise ModelError(f"{layer.name}: the output's scale is finer than its products")


def _options_are_right(layer: Layer, options: Options | None) -> bool:
    match options:
        case DepthwiseConv2DOptions():
            depthwise = DepthwiseConv2DOptions(Padding.SAME, layer.stride, layer.stride, options.activation)
            return layer.operator == "DEPTHWISE_CONV_2D" and options == depthwise
        case Conv2DOptions():
            conv = Conv2DOptions(Padding.SAME, layer.stride, layer.stride, options.activation)
            return layer.operator == "CONV_2D" and options == conv
        case FullyConnectedOptions():
            return options.activation == Activation.NONE and options.plain_weights
    return False


def _check_parameter(
    name: str, tensor: Tensor, kind: TensorType, shape: tuple[int, ...], scale_count: int, axis: int
) -> npt.NDArray[np.float64]:
    """Check type, shape, size and symmetric quantisation of weights or a bias; returns the scales, [scale_count]."""
    _check_stored(name, tensor, kind, shape)
    quantization = tensor.quantization
    if quantization is None or quantization.scales.size != scale_count:
        raise ModelError(f"{name}: not quantised with {scale_count} scale(s)")
    if scale_count > 1 and quantization.axis != axis:
        raise ModelError(f"{name}: quantised along axis {quantization.axis}, not {axis}")
    if np.any(quantization.zero_points):
        raise ModelError(f"{name}: zero points are not 0")
    scales = quantization.scales.astype(np.float64)
    if not (np.all(np.isfinite(scales)) and np.all(scales > 0)):
        raise ModelError(f"{name}: scales are not positive numbers")
    return scales


def _check_constant(name: str, operator: Operator, tensors: tuple[Tensor, ...], values: tuple[int, ...]) -> None:
    """Check an int32 constant that is the operator's second input."""
    _check_operand_count(name, operator, 2)
    tensor = tensors[operator.inputs[1]]
    _check_stored(name, tensor, TensorType.INT32, (len(values),))
    if tensor.values().tolist() != list(values):
        raise ModelError(f"{name} is {tensor.values().tolist()}, not {list(values)}")


def _check_stored(name: str, tensor: Tensor, kind: TensorType, shape: tuple[int, ...]) -> None:
    if tensor.type != kind or tensor.shape != shape or not tensor.plain or tensor.data is None:
        raise ModelError(f"{name}: not a plain constant of type {kind.name} and shape {list(shape)}")
    size = math.prod(shape) * kind.item_bytes
    if tensor.data.size != size:
        raise ModelError(f"{name}: {tensor.data.size} bytes stored, not {size}")


def _check_operand_count(name: str, operator: Operator, count: int) -> None:
    if len(operator.inputs) != count or min(operator.inputs) < 0:
        raise ModelError(f"{name}: {operator.name} does not have {count} input(s)")


def _check_activation(tensor: Tensor, shape: tuple[int, ...], name: str) -> None:
    if tensor.type != TensorType.INT8 or tensor.shape != shape or tensor.data is not None or not tensor.plain:
        raise ModelError(f"{name}: its tensor is not int8 {list(shape)}")
    quantization = tensor.quantization
    if quantization is None or quantization.scales.size != 1:
        raise ModelError(f"{name}: not quantised with one scale")
    if not _SMALLEST_SCALE <= quantization.scale <= _LARGEST_SCALE:
        raise ModelError(f"{name}: scale {quantization.scale:g} cannot be right")
    if not -128 <= quantization.zero_point <= 127:
        raise ModelError(f"{name}: zero point {quantization.zero_point} is outside int8")


def activation_quantization(tensor: Tensor) -> Quantization:
    """The quantisation of a tensor that check_network has accepted as an activation."""
    if tensor.quantization is None:
        raise ModelError(f"{tensor.name}: not quantised")
    return tensor.quantization


def _quantization(tensor: Tensor) -> tuple[float, int]:
    quantization = activation_quantization(tensor)
    return quantization.scale, quantization.zero_point


def _scale(tensor: Tensor) -> float:
    return activation_quantization(tensor).scale
