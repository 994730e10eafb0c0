# SPDX-License-Identifier: Apache-2.0
"""What rounding and clipping each channel does to the logits, and the steps that do the least. Needs PyTorch.

An error d in an activation or a weight moves the logits by their gradient g times d, and errors that are independent
add in power. So E[(g d)^2] over sounds, g being the gradient of a random combination of logits, tells what each
channel's error costs (the Fisher information as a weight, as in Li et al., "BRECQ: Pushing the Limit of Post-Training
Quantization by Block Reconstruction", 2021). Combinations weigh logits as fine-tuning's loss does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from yamnet_tools.quantise.float_network import Float, FloatNetwork, Weighted
from yamnet_tools.quantise.int8_network import ACTIVATION_LEVELS, WEIGHT_PEAK, Affine
from yamnet_tools.quantise.torch_network import TorchNetwork

DEVIATIONS = 3.0
"""A channel's range is looked for around its mean and so many standard deviations, even if it never fired."""

CEILING_LOGIT = 7.0
"""A probability above 0.999 is 255/256 in int8, so it does not matter how far beyond."""

_RANGES = np.exp(np.linspace(np.log(1.7), np.log(1 / 50), 16)).astype(np.float32)
_WORTHWHILE = 0.97  # a smaller range must lower the error by this much
_FAINTEST_WEIGHT = 0.01  # of a class that is not there
_BATCH = 16
_TINY = 1e-6
_MEAN_RANGES = np.linspace(0.3, 1.3, 51)  # of the largest mean
_BALANCING_STEPS, _BALANCING_RATE = 300, 0.05


@dataclass(frozen=True)
class Sensitivity:
    """Per channel of each activation, in execution order.

    Attributes:
        peaks: the range that candidates are relative to, [C].
        clipping: mean square change of the logits for each candidate range, [16, C].
        rounding: the same for an error of 1 at every position, independently, [C].
        silence: the same for a channel that is left out, [C].
        weights: the same for an error of 1 in a weight of the next pointwise layer, [C, C_out]; None before others.
    """

    peaks: list[torch.Tensor]
    clipping: list[torch.Tensor]
    rounding: list[torch.Tensor]
    silence: list[Float]
    weights: list[torch.Tensor | None]

    @property
    def least(self) -> list[Float]:
        """What each channel costs with its best range, [C]."""
        return [errors.amin(0).numpy() for errors in self.clipping]

    def chosen(self, index: int, source: torch.Tensor, share: torch.Tensor) -> "Sensitivity":
        """As of a network whose channels of activation `index` are copies of `source` with a share in what follows."""

        def at(values: list[torch.Tensor], gain: torch.Tensor) -> list[torch.Tensor]:
            return [*values[:index], values[index][..., source] * gain, *values[index + 1 :]]

        weights = list(self.weights)
        before, behind = weights[index - 1], weights[index]
        if before is not None:
            weights[index - 1] = before[:, source] * share.square()
        if behind is not None:
            weights[index] = behind[source]
        return Sensitivity(
            at(self.peaks, torch.ones_like(share)),
            at(self.clipping, share.square()),
            at(self.rounding, share.square()),
            self.silence,
            weights,
        )


def measure(
    network: FloatNetwork, patches: Float, seed: int, progress: Callable[[int], None] = lambda _: None
) -> Sensitivity:
    """Measure a network.

    Args:
        network: float weights.
        patches: float32 [n, 96, 64], calibration audio.
        seed: of the combinations of logits.
        progress: told the number of patches done, now and then.
    """
    generator = torch.Generator().manual_seed(seed)
    differentiable = TorchNetwork(network)
    peaks = _peaks(differentiable, patches)
    clipping = [torch.zeros(len(_RANGES), peak.numel()) for peak in peaks]
    rounding = [torch.zeros(peak.numel()) for peak in peaks]
    silence = [torch.zeros(peak.numel()) for peak in peaks]
    weights: list[torch.Tensor | None] = [None] * len(peaks)
    for start in range(0, len(patches), _BATCH):
        part = torch.from_numpy(patches[start : start + _BATCH]).requires_grad_()
        *activations, logits = differentiable.activations(part)
        weight = _importance(logits.detach()).sqrt()
        combined = (logits * weight * torch.randn(logits.shape, generator=generator)).sum()
        slopes = torch.autograd.grad(combined, activations)
        for index, (activation, slope) in enumerate(zip(activations, slopes, strict=True)):
            values = activation.detach()
            for number, reach in enumerate(_RANGES):
                error = _clipped(values, peaks[index] * float(reach)) - values
                clipping[index][number] += _cost((error * slope).sum((2, 3))).sum(0) / len(patches)
            silence[index] += _cost((values * slope).sum((2, 3))).sum(0) / len(patches)
            rounding[index] += slope.square().sum((0, 2, 3)) / len(patches)
            following = network.layers[index + 1]
            if not (following.is_depthwise or following.is_head):
                behind = (slopes[index + 1] * (activations[index + 1] > 0)).flatten(2)
                moved = torch.bmm(values.flatten(2), behind.transpose(1, 2)).square().sum(0) / len(patches)
                known = weights[index]
                weights[index] = moved if known is None else known + moved
        progress(min(start + _BATCH, len(patches)))
    return Sensitivity(peaks, clipping, rounding, [cost.numpy() for cost in silence], weights)


def best_ranges(sensitivity: Sensitivity) -> list[Float]:
    """For each activation the range of each channel, [C], that changes the logits the least."""
    found = []
    for peak, errors in zip(sensitivity.peaks, sensitivity.clipping, strict=True):
        lowest, best = errors[0].clone(), torch.full_like(peak, float(_RANGES[0]))
        for reach, error in zip(_RANGES[1:], errors[1:], strict=True):
            better = error <= lowest * _WORTHWHILE
            lowest, best = torch.where(better, error, lowest), torch.where(better, float(reach), best)
        found.append((peak * best).numpy())
    return found


def balanced_steps(network: FloatNetwork, sensitivity: Sensitivity, index: int, first: Float, range_: Float) -> Float:
    """Steps of the channels before a pointwise layer, balancing their own rounding against that of its weights.

    Args:
        network: float weights.
        sensitivity: of that network.
        index: of the activation.
        first: steps to begin with, [C].
        range_: what each channel's 255 steps must at least cover, [C].
    """
    weights = torch.from_numpy(np.abs(network.layers[index + 1].weights))
    moved = sensitivity.weights[index]
    assert moved is not None
    finest = torch.from_numpy(np.log(range_ / ACTIVATION_LEVELS))
    logs = torch.from_numpy(np.log(first)).requires_grad_()
    optimiser = torch.optim.Adam([logs], lr=_BALANCING_RATE)
    for _ in range(_BALANCING_STEPS):
        optimiser.zero_grad()
        steps = torch.maximum(logs, finest).exp()
        coarseness = (weights * steps[:, None]).amax(0) / WEIGHT_PEAK
        cost = (sensitivity.rounding[index] * steps.square()).sum()
        cost = cost + (moved * (coarseness / steps[:, None]).square()).sum()
        cost.log().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return torch.maximum(logs.detach(), finest).exp().numpy()


def best_mean_range(means: Float, head: Weighted) -> float:
    """The upper end of the means' range that moves the logits the least.

    Most means are small multiples of a step divided by the number of positions, so their errors go together; how much
    they add up to changes with the range without any order and is tried out.

    Args:
        means: what goes into the head, float32 [n, C].
        head: the classifier.
    """
    exact, weights = torch.from_numpy(means), torch.from_numpy(head.weights)
    importance = _importance(torch.from_numpy(head.linear(means)))
    candidates = max(float(means.max()), _TINY) * _MEAN_RANGES
    costs = []
    for highest in candidates:
        error = torch.from_numpy(Affine.over(0.0, highest).quantised(means)) - exact
        costs.append(float((importance * (error @ weights).square()).sum()))
    return float(candidates[int(np.argmin(costs))])


def _importance(logits: torch.Tensor) -> torch.Tensor:
    return (torch.sigmoid(logits + 1) + _FAINTEST_WEIGHT) * (logits < CEILING_LOGIT)


def _cost(change: torch.Tensor) -> torch.Tensor:
    """Of a change of the logits. A change by 1 turns any ranking; were more worse, one freak patch would set ranges."""
    return change.square().clamp(max=1.0)


def _peaks(differentiable: TorchNetwork, patches: Float) -> list[torch.Tensor]:
    """What each channel reaches, or would if it fired more often, by its spread before the ReLU."""
    found: list[torch.Tensor] = []
    with torch.no_grad():
        for start in range(0, len(patches), _BATCH):
            before = differentiable.before_relu(torch.from_numpy(patches[start : start + _BATCH]))
            for index, values in enumerate(before):
                spread, mean = torch.std_mean(values, (0, 2, 3))
                reached = torch.maximum(values.amax((0, 2, 3)), mean + DEVIATIONS * spread)
                peak = torch.maximum(reached, 1e-3 * spread + _TINY)
                if start == 0:
                    found.append(peak)
                else:
                    found[index] = torch.maximum(found[index], peak)
    return found


def _clipped(values: torch.Tensor, ranges: torch.Tensor) -> torch.Tensor:
    zeros = torch.zeros(ranges.shape, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(values, ranges / ACTIVATION_LEVELS, zeros, 1, 0, ACTIVATION_LEVELS)
