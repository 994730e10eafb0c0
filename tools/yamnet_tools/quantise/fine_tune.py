# SPDX-License-Identifier: Apache-2.0
"""Teaches the quantised network to repeat the float network's logits. Needs PyTorch.

Quantisation-aware training with the float network as teacher, on unlabelled audio: the forward pass rounds weights
and activations as the device will, the backward pass treats rounding as if it were not there and stops at the ends of
the int8 range (straight-through estimator; Jacob et al., "Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference", 2018).
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from yamnet_tools.quantise.equalise import LARGEST_PRODUCT
from yamnet_tools.quantise.float_network import Float, FloatNetwork
from yamnet_tools.quantise.int8_network import (
    ACTIVATION_LEVELS,
    WEIGHT_PEAK,
    Affine,
    Int8Layer,
    Int8Network,
    weight_scales,
)
from yamnet_tools.quantise.rounding import nearest
from yamnet_tools.quantise.sensitivity import CEILING_LOGIT
from yamnet_tools.quantise.torch_network import TorchNetwork, applied, as_input
from yamnet_tools.quantise.training import Settings, State

FLOOR_LOGIT = -6.5
"""A probability below 0.0015 is 0 in int8, so it does not matter how far beyond."""

BATCH = 64
_MICRO_BATCH = 32  # keeps a layer's activations near the CPU
_FAINTEST_WEIGHT = 0.02  # of a class that is not there
_RANKING_WEIGHT = 5.0
_WARM_UP = 0.05  # of all steps
_SMOOTHING = 0.05
_HEAD_BIAS_STEP = 0.05  # in logits; other biases move in steps of their layer's activations
_TINY = 1e-6


def fine_tune(
    network: Int8Network,
    exact: FloatNetwork,
    draw: Callable[[np.random.Generator, int], Float],
    settings: Settings,
    state: State | None = None,
    checkpoint: Callable[[State, float], None] = lambda _state, _loss: None,
    every: int = 1,
) -> Int8Network:
    """Train all layers.

    Args:
        network: rounded; its activations start at zero, one step per unit (see `equalise`).
        exact: the float network it stands for, the teacher.
        draw: gives that many log-mel patches, float32 [n, 96, 64].
        settings: steps, learning rate and seed; step n draws from a generator of seed and n alone.
        state: from a checkpoint; None to begin.
        checkpoint: given the state and the smoothed loss now and then, and after the last step.
        every: steps between checkpoints.

    Returns:
        The network with the trained weights rounded to int8.
    """
    student, teacher = _Student(network), TorchNetwork(exact)
    optimiser = torch.optim.Adam(student.parameters, lr=settings.rate)
    done = 0 if state is None else _restore(state, student, optimiser)
    smoothed = math.nan
    for step in range(done, settings.steps):
        rate = settings.rate * _schedule((step + 1) / settings.steps)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = _step(student, teacher, draw(np.random.default_rng([settings.seed, step]), BATCH), optimiser)
        smoothed = loss if math.isnan(smoothed) else (1 - _SMOOTHING) * smoothed + _SMOOTHING * loss
        if (step + 1) % every == 0 or step + 1 == settings.steps:
            checkpoint(_state(step + 1, student, optimiser), smoothed)
    return student.rounded()


def _step(student: "_Student", teacher: TorchNetwork, patches: Float, optimiser: torch.optim.Adam) -> float:
    optimiser.zero_grad(set_to_none=True)
    total = 0.0
    for start in range(0, len(patches), _MICRO_BATCH):
        part = torch.from_numpy(patches[start : start + _MICRO_BATCH])
        with torch.no_grad():
            targets = teacher.logits(part)
        loss = _loss(student.logits(part), targets) * (len(part) / len(patches))
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
    optimiser.step()
    student.keep_computable()
    return total


def _schedule(progress: float) -> float:
    """Up in a straight line, then down along a cosine."""
    return min(1.0, progress / _WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * progress))


def _loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Huber loss of logits that matter, weighted towards classes that are heard, and the divergence of rankings.

    The second term is the Kullback-Leibler divergence of softmaxes (Hinton et al., "Distilling the Knowledge in a
    Neural Network", 2015): an error common to all classes costs nothing there, one that swaps the first two does.
    """
    low = (logits < FLOOR_LOGIT) & (targets < FLOOR_LOGIT)
    high = (logits > CEILING_LOGIT) & (targets > CEILING_LOGIT)
    difference = (logits - targets.clamp(min=FLOOR_LOGIT)).masked_fill(low | high, 0.0)
    weight = _FAINTEST_WEIGHT + torch.sigmoid(targets + 1)
    huber = functional.huber_loss(difference, torch.zeros_like(difference), reduction="none")
    ranking = functional.kl_div(
        functional.log_softmax(logits, 1), functional.log_softmax(targets, 1), log_target=True, reduction="batchmean"
    )
    return (weight * huber).sum(1).mean() + _RANKING_WEIGHT * ranking


class _Student:
    """The int8 network: rounded forwards, smooth backwards.

    Each layer has latent weights, in steps of the int8 weights it began with, and a bias. Scales follow the weights:
    the largest of each channel (of the whole head) is always 127 steps, as the device's model format promises.
    """

    def __init__(self, network: Int8Network) -> None:
        self._network = network
        self._first_scales = [torch.from_numpy(layer.scales.astype(np.float32)) for layer in network.layers]
        self._limits = _latent_limits(network)
        self._bias_steps = [_HEAD_BIAS_STEP if layer.source.is_head else 1.0 for layer in network.layers]
        self.parameters: list[torch.Tensor] = []
        for layer, step in zip(network.layers, self._bias_steps, strict=True):
            latent = torch.from_numpy(layer.weights.astype(np.float32))
            bias = torch.from_numpy((layer.bias / step).astype(np.float32))
            self.parameters += [latent.requires_grad_(), bias.requires_grad_()]

    def logits(self, patches: torch.Tensor) -> torch.Tensor:
        """[n, 96, 64] -> [n, K], before the logits are rounded."""
        values = as_input(_rounded(patches, self._network.patch))
        for index, layer in enumerate(self._network.layers[:-1]):
            values = applied(layer.source, values, *self._weights_and_bias(index))
            values = torch.fake_quantize_per_tensor_affine(values, 1.0, 0, 0, ACTIVATION_LEVELS)
        mean = _rounded(values.mean((2, 3)), self._network.mean)
        head = len(self._network.layers) - 1
        return applied(self._network.layers[head].source, mean, *self._weights_and_bias(head))

    def keep_computable(self) -> None:
        """Pull back weights so large that their products would have coarser steps than the output."""
        with torch.no_grad():
            for latent, limit in zip(self.parameters[::2], self._limits, strict=True):
                latent.clamp_(-limit, limit)

    def rounded(self) -> Int8Network:
        """The network with the weights as they are now."""
        made: list[Int8Layer] = []
        source = self._network.patch
        for index, layer in enumerate(self._network.layers):
            latent, bias = (self.parameters[2 * index + part].detach().numpy() for part in (0, 1))
            weights = latent * self._first_scales[index].numpy()
            trained = replace(layer.source, weights=weights, bias=bias * np.float32(self._bias_steps[index]))
            scales = weight_scales(trained, self._network.mean.scale if trained.is_head else source.scale)
            made.append(Int8Layer(trained, nearest(trained, scales), scales, trained.bias.astype(float), layer.output))
            source = layer.output
        return replace(self._network, layers=tuple(made))

    def _weights_and_bias(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        latent, bias = self.parameters[2 * index : 2 * index + 2]
        steps = self._steps(index).expand(latent.shape[-1]).contiguous()
        zeros = torch.zeros(steps.shape, dtype=torch.int32)
        whole = torch.fake_quantize_per_channel_affine(latent, steps, zeros, latent.ndim - 1, -WEIGHT_PEAK, WEIGHT_PEAK)
        return whole * self._first_scales[index], bias * self._bias_steps[index]

    def _steps(self, index: int) -> torch.Tensor:
        """What is 1 in int8, in units of the latent weights: [C_out], of the head [1]."""
        peaks = self.parameters[2 * index].detach().abs().reshape(-1, self._first_scales[index].numel()).amax(0)
        return (peaks / WEIGHT_PEAK).clamp(min=_TINY)


def _latent_limits(network: Int8Network) -> list[torch.Tensor]:
    """The largest latent weight of each output channel, [C_out]; [1] for the head."""
    inputs = (network.patch, *(layer.output for layer in network.layers[:-2]), network.mean)
    return [
        torch.from_numpy(
            (WEIGHT_PEAK * LARGEST_PRODUCT * layer.output.scale / source.scale / layer.scales).astype(np.float32)
        )
        for source, layer in zip(inputs, network.layers, strict=True)
    ]


def _rounded(values: torch.Tensor, affine: Affine) -> torch.Tensor:
    # PyTorch keeps zero points inside the integers' range, which -128..127 and 0..255 both are.
    return torch.fake_quantize_per_tensor_affine(values, affine.scale, affine.zero_point, -128, 127)


def _state(step: int, student: _Student, optimiser: torch.optim.Adam) -> State:
    moments = [optimiser.state[parameter] for parameter in student.parameters]
    return State(
        step,
        [parameter.detach().numpy().copy() for parameter in student.parameters],
        [moment["exp_avg"].numpy().copy() for moment in moments],
        [moment["exp_avg_sq"].numpy().copy() for moment in moments],
    )


def _restore(state: State, student: _Student, optimiser: torch.optim.Adam) -> int:
    """Go on from a checkpoint; returns the steps done."""
    moments = {}
    for index, (parameter, value) in enumerate(zip(student.parameters, state.values, strict=True)):
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(value))
        moments[index] = {
            "step": torch.tensor(float(state.step)),
            "exp_avg": torch.from_numpy(state.first[index]),
            "exp_avg_sq": torch.from_numpy(state.second[index]),
        }
    optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})
    return state.step
