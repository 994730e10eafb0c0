# SPDX-License-Identifier: Apache-2.0
"""Gives the channels whose rounding costs the most a finer resolution, out of channels that do nothing.

A channel computed k times over, each copy with a k-th of the weight in what follows and its bias shifted by another
k-th of a step, is rounded as if its steps were k times finer. Copies need room: channels that never fire, or whose
silence costs less than the copy gains, are overwritten (after Zhao et al., "Improving Neural Network Quantization
without Retraining using Outlier Channel Splitting", 2019, which widens the network instead). A depthwise layer's
channel comes with the one that feeds it, so both are copied and both gain.
"""

from dataclasses import replace

import numpy as np
import torch

from yamnet_tools.quantise.float_network import Float, FloatNetwork, Weighted
from yamnet_tools.quantise.sensitivity import Sensitivity

_CAUTION = 4.0
"""A channel is given up only if that costs so many times less than the copy gains: other sounds may need it more."""

Copies = dict[int, tuple[int, ...]]
"""A channel and all places it is computed at, itself the first."""


def split(network: FloatNetwork, measured: Sensitivity) -> tuple[FloatNetwork, Sensitivity, list[Float]]:
    """Spend channels that do little on those that matter.

    Args:
        network: float weights.
        measured: of that network.

    Returns:
        A network with the same function but for what was given up, its sensitivity, and for each activation the shift
        of each channel, [C], in steps, to be added to biases once the network is rescaled.
    """
    layers = list(network.layers)
    shifts = [np.zeros(layer.bias.shape, np.float32) for layer in layers[:-1]]
    for index, layer in enumerate(layers[:-1]):
        if not layer.is_depthwise:
            continue
        copies = plan(measured.least[index - 1] + measured.least[index], measured.silence[index])
        source, share = _sources(copies, layer.bias.size)
        for place in (index - 1, index):
            layers[place] = _chosen(layers[place], source)
            measured = measured.chosen(place, torch.from_numpy(source), torch.from_numpy(share))
            for places in copies.values():
                shifts[place][list(places)] = (np.arange(len(places)) + 0.5) / len(places) - 0.5
        following = layers[index + 1]
        weights = following.weights[source] * share[:, np.newaxis]
        layers[index + 1] = replace(following, weights=weights)
    return network.with_layers(layers), measured, shifts


def plan(costs: Float, silence: Float) -> Copies:
    """Decide which channels are copied where, the greatest gain and the smallest loss first.

    Args:
        costs: of rounding each channel, [C]; a k-fold channel costs a k^2-th of it.
        silence: cost of leaving each channel out, [C].
    """
    copies: dict[int, list[int]] = {}
    gains = costs * (1 - 1 / 4)
    for victim in np.argsort(silence, kind="stable"):
        if victim in copies:
            continue
        gains[victim] = 0.0
        best = int(gains.argmax())
        if gains[best] <= _CAUTION * silence[victim]:
            break
        places = copies.setdefault(best, [best])
        places.append(int(victim))
        count = len(places)
        gains[best] = costs[best] * (1 / count**2 - 1 / (count + 1) ** 2)
    return {channel: tuple(places) for channel, places in copies.items()}


def _sources(copies: Copies, channels: int) -> tuple[np.ndarray, Float]:
    """For each channel, the one it is computed as from now on, and its share in what follows."""
    source, share = np.arange(channels), np.ones(channels, np.float32)
    for channel, places in copies.items():
        source[list(places)] = channel
        share[list(places)] = 1 / len(places)
    return source, share


def _chosen(layer: Weighted, source: np.ndarray) -> Weighted:
    return replace(layer, weights=np.ascontiguousarray(layer.weights[..., source]), bias=layer.bias[source])
