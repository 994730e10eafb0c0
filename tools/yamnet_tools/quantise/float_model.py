# SPDX-License-Identifier: Apache-2.0
"""The float network as a .tflite of its own: float32 log-mel [1, 96, 64] in, probabilities [1, K] out.

It is what an int8 model is compared with, by any TensorFlow Lite runtime. The device does not run it.
"""

import numpy as np

from yamnet_tools.model.network import INPUT_SHAPE, Layer, layers
from yamnet_tools.model.tflite import Model, Operator, Options, ReducerOptions, Tensor, TensorType
from yamnet_tools.quantise.float_network import Float, FloatNetwork
from yamnet_tools.quantise.int8_network import operator_options

DESCRIPTION = "YAMNet in float32: log-mel patch [1, 96, 64] to probabilities; a reference, not for the device"


def float_model(network: FloatNetwork, metadata: dict[str, bytes]) -> Model:
    """Build the model; `metadata` carries the front-end profile."""
    tensors: list[Tensor] = []

    def add(name: str, shape: tuple[int, ...], kind: TensorType, data: np.ndarray | None = None) -> int:
        stored = None if data is None else np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        tensors.append(Tensor(name, shape, kind, None, stored))
        return len(tensors) - 1

    weighted = iter(network.layers)
    operators = []
    first = current = add("log_mel_patch", INPUT_SHAPE, TensorType.FLOAT32)
    for layer in layers(network.class_count):
        constants: tuple[int, ...] = ()
        options: Options | None = None
        if layer.operator in ("RESHAPE", "MEAN"):
            values = layer.output if layer.operator == "RESHAPE" else (1, 2)
            constants = (add(f"{layer.name}/constant", (len(values),), TensorType.INT32, np.array(values, "<i4")),)
            options = ReducerOptions(keep_dims=True) if layer.operator == "MEAN" else None
        elif layer.weights:
            source = next(weighted)
            constants = (
                add(f"{layer.name}/weights", layer.weights, TensorType.FLOAT32, _stored(layer, source.weights)),
                add(f"{layer.name}/bias", source.bias.shape, TensorType.FLOAT32, source.bias.astype("<f4")),
            )
            options = operator_options(layer)
        target = add(layer.name, layer.output, TensorType.FLOAT32)
        operators.append(Operator(layer.operator, 1, (current, *constants), (target,), options))
        current = target
    return Model(tuple(tensors), tuple(operators), (first,), (current,), DESCRIPTION, metadata)


def _stored(layer: Layer, weights: Float) -> Float:
    """Weights in TensorFlow Lite's order of axes."""
    ordered = weights if layer.operator == "DEPTHWISE_CONV_2D" else np.moveaxis(weights, -1, 0)
    return ordered.reshape(layer.weights).astype("<f4")
