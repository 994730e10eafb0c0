# SPDX-License-Identifier: Apache-2.0
"""The float network in PyTorch, for what needs gradients. Activations are [n, channels, frames, bands] here."""

from collections.abc import Iterator

import torch
from torch.nn import functional

from yamnet_tools.quantise.float_network import FloatNetwork, Weighted, same_padding


def applied(layer: Weighted, values: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """What comes before a layer's ReLU, for weights in `Weighted`'s layout; the head takes and gives [n, features]."""
    if layer.is_head:
        return functional.linear(values, weights.T, bias)
    if weights.ndim == 2:
        return functional.conv2d(values, weights.T[:, :, None, None], bias)
    filters = weights.permute(2, 0, 1)[:, None] if layer.is_depthwise else weights.permute(3, 2, 0, 1)
    _, top, bottom = same_padding(values.shape[2], layer.stride)
    _, left, right = same_padding(values.shape[3], layer.stride)
    groups = weights.shape[-1] if layer.is_depthwise else 1
    if (top, left) == (bottom, right):  # without a padded copy
        return functional.conv2d(values, filters, bias, layer.stride, (top, left), groups=groups)
    padded = functional.pad(values, (left, right, top, bottom))
    return functional.conv2d(padded, filters, bias, layer.stride, groups=groups)


def as_input(patches: torch.Tensor) -> torch.Tensor:
    """Patches [n, 96, 64] as the first layer's input."""
    return patches[:, None].contiguous(memory_format=torch.channels_last)


class TorchNetwork:
    """A float network whose outputs can be differentiated by its inputs and activations."""

    def __init__(self, network: FloatNetwork) -> None:
        self._layers = [
            (layer, torch.from_numpy(layer.weights), torch.from_numpy(layer.bias)) for layer in network.layers
        ]

    def activations(self, patches: torch.Tensor) -> list[torch.Tensor]:
        """After each ReLU, and last the logits [n, K]."""
        found = [after for _, after in self._passes(patches)]
        layer, weights, bias = self._layers[-1]
        return [*found, applied(layer, found[-1].mean((2, 3)), weights, bias)]

    def before_relu(self, patches: torch.Tensor) -> list[torch.Tensor]:
        """What each layer but the head computes, before its ReLU."""
        return [before for before, _ in self._passes(patches)]

    def _passes(self, patches: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Before and after the ReLU of each layer but the head."""
        values = as_input(patches)
        for layer, weights, bias in self._layers[:-1]:
            before = applied(layer, values, weights, bias)
            values = functional.relu(before)
            yield before, values

    def logits(self, patches: torch.Tensor) -> torch.Tensor:
        """[n, 96, 64] -> [n, K]."""
        return self.activations(patches)[-1]
