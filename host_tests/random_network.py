# SPDX-License-Identifier: Apache-2.0
"""YAMNet's network with made-up weights and quantisation: a .tflite that needs nobody's weights."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from device_core import LogMelSpec
from yamnet_tools.model import front_end
from yamnet_tools.model.network import Layer, layers
from yamnet_tools.model.tflite import Activation, Conv2DOptions, Operator
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.quantise.float_network import Weighted
from yamnet_tools.quantise.int8_network import Affine, Int8Layer, Int8Network, to_model

ACTIVATIONS = tuple(Activation)


def random_network(seed: int, classes: int, *, usual: bool = False) -> bytes:
    """A model whose sums are spread over the outputs' range and beyond it.

    Args:
        seed: of everything in it.
        classes: of its head.
        usual: with ReLU and zero point -128 in every convolution, as Google's network has them; otherwise zero points
            and fused activations are of any kind.
    """
    rng = np.random.default_rng(seed)

    def affine(scale: float) -> Affine:
        zero_point = -128 if usual else int(rng.choice([-128, -128, -100, 0, rng.integers(-128, 100)]))
        return Affine(float(np.float32(scale * rng.uniform(0.7, 1.4))), zero_point)

    patch = affine(0.03)
    made: list[Int8Layer] = []
    activations: list[Activation] = []
    source, spread = patch, _spread(patch, Activation.NONE)
    for layer in layers(classes):
        if layer.operator in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            output = Affine(0.12, int(rng.integers(-60, 60))) if layer.name == "logits" else affine(0.03)
            activations.append(Activation.RELU if usual else ACTIVATIONS[rng.integers(len(ACTIVATIONS))])
            made.append(_layer(rng, layer, source.scale * spread, output))
            source, spread = output, _spread(output, activations[-1])
        elif layer.operator == "MEAN":
            source = mean = affine(source.scale)
    metadata = {front_end.METADATA_NAME: front_end.encode(LogMelSpec.profile("yamnet"))}
    model = to_model(Int8Network(patch, tuple(made), mean), "", metadata)
    fused = iter(activations)
    operators = tuple(_activated(operator, fused) for operator in model.operators)
    return write_model(replace(model, operators=operators))


def _spread(affine: Affine, activation: Activation) -> float:
    """The root mean square of values that are all equally likely, in steps from zero."""
    bounds = {
        Activation.NONE: (-np.inf, np.inf), Activation.RELU: (0, np.inf),
        Activation.RELU_N1_TO_1: (-1, 1), Activation.RELU6: (0, 6),
    }[activation]  # fmt: skip
    low, high = (np.clip(bound / affine.scale, -128 - affine.zero_point, 127 - affine.zero_point) for bound in bounds)
    return float(np.sqrt((low * low + low * high + high * high) / 3)) + 1


def _layer(rng: np.random.Generator, layer: Layer, spread: float, output: Affine) -> Int8Layer:
    head = layer.operator == "FULLY_CONNECTED"
    depthwise = layer.operator == "DEPTHWISE_CONV_2D"
    outputs = layer.weights[layer.axis]
    taps = int(np.prod(layer.weights)) // outputs
    weights = rng.integers(-127, 128, (taps, outputs)).astype(np.int8)
    weights[rng.integers(0, taps, outputs), np.arange(outputs)] = rng.choice([-127, 127], outputs)
    # Products of independent values add up to some 60 steps of the output.
    steps = 60 * output.scale / (spread * 73 * np.sqrt(taps))
    scales = steps * rng.uniform(0.5, 2, 1 if head else outputs)
    bias = rng.normal(0, 30, outputs) * output.scale
    shape = (3, 3, outputs) if depthwise else (3, 3, 1, outputs) if taps == 9 else (taps, outputs)
    floats = np.zeros(shape, np.float32)
    source = Weighted(layer.name, layer.operator, layer.stride, floats, bias.astype(np.float32))
    return Int8Layer(source, weights.reshape(shape), scales, bias, output)


def _activated(operator: Operator, fused: Iterator[Activation]) -> Operator:
    """The same with the next of the fused activations, if it has one."""
    if not isinstance(operator.options, Conv2DOptions):
        return operator
    return replace(operator, options=replace(operator.options, activation=next(fused)))
