# SPDX-License-Identifier: Apache-2.0
"""Teaches the quantised network's last layers to repeat the float network's logits.

Quantisation-aware fine-tuning with the float network as teacher, on unlabelled audio: the forward pass rounds weights
and activations as the device will, the backward pass treats rounding as if it were not there and stops at the ends of
the int8 range (straight-through estimator; Jacob et al., "Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference", 2018). Only the layers from `first` on are trained: they are where the
error arises, and with 24 or fewer positions a patch they are cheap to train on a PC.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from yamnet_tools.quantise.float_network import Float, Weighted, scattered
from yamnet_tools.quantise.int8_network import WEIGHT_PEAK, Affine, Int8Layer, Int8Network

FLOOR_LOGIT = -6.5
"""A probability below 0.0015 is 0 in int8, so it does not matter how far below a logit lies."""

_BATCH = 48
_FAINTEST_WEIGHT = 0.02  # of a class that is not there
_BETAS = (0.9, 0.999)
_WARM_UP = 0.1  # of all steps
_BIAS_STEP = 50.0  # one unit of learning rate moves a bias by so many steps of the accumulator


@dataclass
class State:
    """Where training stands, so that it can be stopped and taken up again.

    Attributes:
        step: steps done.
        values: latent weights (in steps of int8) and biases (in steps of 50 accumulator steps), two per layer.
        first, second: Adam's moments of each.
    """

    step: int
    values: list[Float]
    first: list[Float]
    second: list[Float]


@dataclass(frozen=True)
class Settings:
    """How long and how fast to train."""

    steps: int
    rate: float
    seed: int


def start(layers: tuple[Int8Layer, ...]) -> State:
    """Begin where rounding ended."""
    values: list[Float] = []
    for layer in layers:
        values.append(layer.weights.astype(np.float32))
        values.append((layer.bias / (layer.scales * _BIAS_STEP)).astype(np.float32))
    return State(0, values, [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values])


def fine_tune(
    network: Int8Network,
    first: int,
    inputs: npt.NDArray[np.uint8],
    targets: Float,
    settings: Settings,
    state: State,
    checkpoint: Callable[[State, float], None] = lambda _state, _loss: None,
) -> Int8Network:
    """Train the layers from index `first` on.

    Args:
        network: rounded; its activations have one step per unit (see `equalise`).
        first: index of the first layer to train.
        inputs: what the layers before it give, as steps above zero, uint8 [n, h, w, C].
        targets: the float network's logits, [n, K].
        settings: steps, learning rate and seed.
        state: from `start`, or a checkpoint.
        checkpoint: given the state and the smoothed loss after every step.

    Returns:
        The network with the trained weights rounded to int8.
    """
    tail = _Tail(network.layers[first:], network.mean)
    smoothed = 0.0
    while state.step < settings.steps:
        rng = np.random.default_rng([settings.seed, state.step])
        chosen = rng.integers(len(inputs), size=_BATCH)
        loss, gradients = tail.gradients(state.values, inputs[chosen].astype(np.float32), targets[chosen])
        smoothed = loss if smoothed == 0.0 else 0.95 * smoothed + 0.05 * loss
        state.step += 1
        _adam(state, gradients, settings.rate * _schedule(state.step / settings.steps))
        checkpoint(state, smoothed)
    return replace(network, layers=network.layers[:first] + tail.rounded(state.values))


def _schedule(progress: float) -> float:
    """Up in a straight line, down along a cosine."""
    if progress < _WARM_UP:
        return progress / _WARM_UP
    return float(0.5 + 0.5 * np.cos(np.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


def _adam(state: State, gradients: list[Float], rate: float) -> None:
    """One step of Adam (Kingma and Ba, 2014), in place."""
    slow, slower = _BETAS
    correction = np.sqrt(1 - slower**state.step) / (1 - slow**state.step)
    for value, gradient, first, second in zip(state.values, gradients, state.first, state.second, strict=True):
        first += (1 - slow) * (gradient - first)
        second += (1 - slower) * (gradient * gradient - second)
        value -= np.float32(rate * correction) * first / (np.sqrt(second) + 1e-8)


def _loss(logits: Float, targets: Float) -> tuple[float, Float]:
    """Huber loss of logits that matter, weighted towards classes that are heard; and its slope, [n, K]."""
    irrelevant = (logits < FLOOR_LOGIT) & (targets < FLOOR_LOGIT)
    difference = np.where(irrelevant, 0, logits - np.maximum(targets, FLOOR_LOGIT))
    weight = _FAINTEST_WEIGHT + 1 / (1 + np.exp(-np.clip(targets + 1, -30, 30)))
    slope = np.clip(difference, -1, 1)
    loss = weight * slope * (difference - slope / 2)
    return float(loss.sum(axis=1).mean()), (weight * slope / len(logits)).astype(np.float32)


def _backward(layer: Weighted, inputs: Float, slope: Float, *, wanted: bool) -> tuple[Float, tuple[Float, Float]]:
    """Derivatives by a layer's inputs (only if `wanted`), weights and bias from that by its output before ReLU."""
    by_bias = slope.sum(axis=(0, 1, 2))
    if layer.is_depthwise:
        columns = layer.columns(inputs)
        by_weights = np.einsum("nhwtc,nhwc->tc", columns, slope, optimize=True).reshape(layer.weights.shape)
        taps = slope[..., np.newaxis, :] * layer.matrix
        return (scattered(taps, inputs.shape, layer.stride) if wanted else slope), (by_weights, by_bias)
    flat, rows = slope.reshape(-1, slope.shape[-1]), inputs.reshape(-1, inputs.shape[-1])
    by_inputs = (flat @ layer.weights.T).reshape(inputs.shape) if wanted else slope
    return by_inputs, (rows.T @ flat, by_bias)


class _Tail:
    """The trained layers, forwards with rounding and backwards without."""

    def __init__(self, layers: tuple[Int8Layer, ...], mean: Affine) -> None:
        self._layers = layers
        self._mean = mean
        self._pinned = [np.abs(layer.weights) == WEIGHT_PEAK for layer in layers]

    def gradients(self, values: list[Float], inputs: Float, targets: Float) -> tuple[float, list[Float]]:
        """Loss and its derivative by each of `values`."""
        floats = [self._as_float(index, values) for index in range(len(self._layers))]
        activations, passed = [inputs], []
        for layer, made in zip(floats[:-1], self._layers, strict=False):
            levels = layer.linear(activations[-1]) * np.float32(1 / made.output.scale)
            passed.append((levels > 0) & (levels < 255))
            activations.append(np.clip(np.rint(levels), 0, 255) * np.float32(made.output.scale))
        spread = activations[-1].shape[1] * activations[-1].shape[2]
        mean = self._mean.quantised(activations[-1].mean(axis=(1, 2)))
        loss, slope = _loss(floats[-1].linear(mean), targets)
        found: list[Float] = []
        scales = self._layers[-1].scales.astype(np.float32)
        found[:0] = [mean.T @ slope * scales, slope.sum(axis=0) * scales * np.float32(_BIAS_STEP)]
        slope = (slope @ floats[-1].weights.T / np.float32(spread))[:, np.newaxis, np.newaxis, :]
        slope = np.broadcast_to(slope, activations[-1].shape)
        for index in range(len(self._layers) - 2, -1, -1):
            slope = slope * passed[index]
            slope, by_weights = _backward(floats[index], activations[index], slope, wanted=index > 0)
            scales = self._layers[index].scales.astype(np.float32)
            found[:0] = [by_weights[0] * scales, by_weights[1] * scales * np.float32(_BIAS_STEP)]
        return loss, found

    def rounded(self, values: list[Float]) -> tuple[Int8Layer, ...]:
        """The layers with the trained weights."""
        made = []
        for index, layer in enumerate(self._layers):
            weights = self._integers(index, values).astype(np.int8)
            bias = values[2 * index + 1].astype(np.float64) * layer.scales * _BIAS_STEP
            made.append(replace(layer, weights=weights, bias=bias))
        return tuple(made)

    def _as_float(self, index: int, values: list[Float]) -> Weighted:
        layer = self._layers[index]
        scales = layer.scales.astype(np.float32)
        weights = self._integers(index, values) * scales
        return replace(layer.source, weights=weights, bias=values[2 * index + 1] * scales * np.float32(_BIAS_STEP))

    def _integers(self, index: int, values: list[Float]) -> Float:
        """Latent weights rounded; those that were 127 stay, as the channels' scales promise."""
        rounded = np.clip(np.rint(values[2 * index]), -WEIGHT_PEAK, WEIGHT_PEAK)
        return np.where(self._pinned[index], self._layers[index].weights, rounded).astype(np.float32)
