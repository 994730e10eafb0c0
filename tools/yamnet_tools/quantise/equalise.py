# SPDX-License-Identifier: Apache-2.0
"""Cross-layer equalisation: rescales channels so that one int8 range per tensor serves them all.

ReLU(s x) = s ReLU(x) for s > 0, so a channel divided by s, with the next layer's weights for it multiplied by s, leaves
the network's function unchanged (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
Correction", 2019). Before a depthwise layer the scale is free, as each channel's filter has a scale of its own: every
channel then gets all 255 steps over a range of its own. Before a pointwise layer it moves error between activations and
weights.
"""

from dataclasses import replace

import numpy as np

from yamnet_tools.quantise.float_network import Float, FloatNetwork, Weighted
from yamnet_tools.quantise.int8_network import ACTIVATION_LEVELS, WEIGHT_PEAK

LARGEST_PRODUCT = 0.999
"""The step of a weight times that of its input, in steps of the output, at most: the device's kernels take no more."""

_TINY = 1e-6
_NARROWEST = 1e-5  # of the widest channel's range


def ranges_seen(network: FloatNetwork, patches: Float) -> list[Float]:
    """The largest value of each channel after each ReLU, [C]; a little more than 0 for those that never fire."""
    found = []
    values = patches[..., np.newaxis]
    for layer in network.layers[:-1]:
        values = np.maximum(layer.linear(values), 0)
        found.append(_positive(values.max(axis=(0, 1, 2))))
    return found


def equalised(network: FloatNetwork, ranges: list[Float]) -> FloatNetwork:
    """Rescale channels so that after each ReLU 0..255 is every channel's range.

    Args:
        network: float weights.
        ranges: of the channels of each activation, [C].

    Returns:
        A network with the same function up to float32 rounding.
    """
    layers = list(network.layers)
    for index, range_ in enumerate(ranges):
        layer, following = layers[index], layers[index + 1]
        steps = _even_steps(network.layers[index + 1], range_)
        scales = np.maximum(steps, _products(layer) / LARGEST_PRODUCT)
        layers[index] = replace(layer, weights=layer.weights / scales, bias=layer.bias / scales)
        gains = scales if following.is_depthwise else scales[:, np.newaxis]
        layers[index + 1] = replace(following, weights=following.weights * gains)
    return network.with_layers(layers)


def _even_steps(following: Weighted, ranges: Float) -> Float:
    """Steps of an activation's channels, [C], by their ranges and the weights of the layer that follows.

    Before a pointwise layer the geometric mean of what would suit the activations and what would suit the weights, the
    widest channel then spanning 255 steps.
    """
    ranges = _positive(ranges)
    if following.is_depthwise:
        return ranges / np.float32(ACTIVATION_LEVELS)
    strongest = np.abs(following.weights).max(axis=1) + np.float32(_TINY)
    steps = np.sqrt(ranges / strongest)
    even: Float = (steps * ((ranges / steps).max() / ACTIVATION_LEVELS)).astype(np.float32)
    return even


def _products(layer: Weighted) -> Float:
    """The step of each channel's products of weight and input, inputs having steps of 1."""
    steps: Float = np.abs(layer.matrix).max(axis=0) / np.float32(WEIGHT_PEAK)
    return steps


def _positive(ranges: Float) -> Float:
    positive: Float = np.maximum(ranges, max(float(ranges.max()) * _NARROWEST, _TINY)).astype(np.float32)
    return positive
