# SPDX-License-Identifier: Apache-2.0
"""Cross-layer equalisation: rescales channels so that one int8 range per tensor serves them all.

ReLU(s x) = s ReLU(x) for s > 0, so a channel divided by s, with the next layer's weights for it multiplied by s, leaves
the network's function unchanged (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
Correction", 2019). Before a depthwise layer the scale is free, as each channel's filter has a scale of its own: every
channel then gets all 255 steps over a range of its own. Before a pointwise layer it moves error between activations and
weights, and is shared out between them.

Each channel's range is what it reaches on calibration audio, with headroom, or less if that serves the next layer
better. A depthwise layer is served by what comes out of its ReLU: late channels inhibit, and how strongly they do so
beyond shutting that ReLU is of no use. A pointwise layer is served by a small mean square error.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from yamnet_tools.quantise.float_network import Float, FloatNetwork, Weighted
from yamnet_tools.quantise.int8_network import ACTIVATION_LEVELS, WEIGHT_PEAK

HEADROOM = 1.2
"""Ranges are this much larger than what calibration audio reached: other audio reaches further."""

DEVIATIONS = 3.0
"""A channel's range covers at least its mean and so many standard deviations before ReLU, even if it never fired."""

ACTIVATION_SHARE = 0.7
"""How far ranges before pointwise layers are evened out: 0 leaves all error to activations, 1 to weights."""

_CLIPS = np.exp(np.linspace(0, np.log(1 / 60), 20))
_WORTHWHILE = 0.98  # a smaller range must lower the error by this much
_SEARCH_POSITIONS = 60_000
_TINY = 1e-6
_LARGEST_GAIN = 64.0  # of an output's steps in a product's; kernels shift sums left by 6 bits for it


def equalise(
    network: FloatNetwork, patches: Float, report: Callable[[str], None] = lambda _: None, *, clip: bool = True
) -> FloatNetwork:
    """Rescale channels so that after each ReLU 0..255 is every channel's range and 1 the quantisation step.

    Args:
        network: float weights.
        patches: float32 [n, 96, 64], calibration audio.
        report: takes lines of progress.
        clip: also look for smaller ranges than the largest value seen.

    Returns:
        A network with the same function up to float32 rounding.
    """
    layers = list(network.layers)
    values = patches[..., np.newaxis]
    for index in range(len(layers) - 1):
        layer, following = layers[index], layers[index + 1]
        before = layer.linear(values)
        flat = before.reshape(-1, before.shape[-1])
        spread = flat.std(axis=0)
        reached = np.maximum(flat.max(axis=0), flat.mean(axis=0) + DEVIATIONS * spread)
        ranges = HEADROOM * np.maximum(reached, 1e-3 * spread + _TINY)
        values = np.maximum(before, 0, out=before)
        if clip and not following.is_head:
            ranges = _clipped(values, ranges, following)
        scales = np.maximum(_scales(ranges, following), _products(layer) / _LARGEST_GAIN)
        layers[index] = replace(layer, weights=layer.weights / scales, bias=layer.bias / scales)
        layers[index + 1] = replace(following, weights=_gained(following, scales))
        values /= scales
        report(f"equalised {layer.name}")
    return network.with_layers(layers)


def _scales(ranges: Float, following: Weighted) -> Float:
    """What each channel is divided by, such that the widest one then spans 255."""
    scales = ranges
    if not following.is_depthwise:
        share = 0.5 if following.is_head else ACTIVATION_SHARE
        strongest = np.abs(following.weights).max(axis=1) + _TINY
        scales = ranges**share / strongest ** (1 - share)
    widest = (ranges / scales).max()
    steps: Float = (scales * widest / ACTIVATION_LEVELS).astype(np.float32)
    return steps


def _products(layer: Weighted) -> Float:
    """The step of each channel's products of weight and input, inputs having steps of 1."""
    steps: Float = np.abs(layer.matrix).max(axis=0) / np.float32(WEIGHT_PEAK)
    return steps


def _gained(layer: Weighted, scales: Float) -> Float:
    return layer.weights * (scales if layer.is_depthwise else scales[:, np.newaxis])


def _clipped(values: Float, ranges: Float, following: Weighted) -> Float:
    """For each channel the range that spoils the next layer the least."""
    count = max(8, _SEARCH_POSITIONS // (values.shape[1] * values.shape[2]))
    sample = values[:: max(1, len(values) // count)]
    # What a pointwise layer makes of an error depends on all channels; without them the error itself is all there is.
    exact = np.maximum(following.linear(sample), 0) if following.is_depthwise else sample
    best, lowest = ranges, np.full(ranges.shape, np.inf)
    for clip in _CLIPS:
        step = (ranges * clip / ACTIVATION_LEVELS).astype(np.float32)
        rounded = np.clip(np.rint(sample / step), 0, ACTIVATION_LEVELS) * step
        reached = np.maximum(following.linear(rounded), 0) if following.is_depthwise else rounded
        error = np.square(reached - exact).mean(axis=(0, 1, 2))
        better = error < lowest * _WORTHWHILE
        lowest = np.where(better, error, lowest)
        best = np.where(better, ranges * clip, best)
    return best
