# SPDX-License-Identifier: Apache-2.0
"""What rounding and clipping each channel does to the logits, and the ranges that do the least. Needs PyTorch.

An error d in an activation moves the logits by their gradient g times d, and errors that are independent
add in power. So E[(g d)^2] over sounds, g being the gradient of a random combination of logits, tells what each
channel's error costs (the Fisher information as a weight, as in Li et al., "BRECQ: Pushing the Limit of Post-Training
Quantization by Block Reconstruction", 2021). Combinations weigh logits as fine-tuning's loss does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from yamnet_tools.quantise.checkpoints import Arrays, Partial
from yamnet_tools.quantise.float_network import Float, FloatNetwork, Weighted
from yamnet_tools.quantise.int8_network import ACTIVATION_LEVELS, Affine
from yamnet_tools.quantise.progress import Progress
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


@dataclass(frozen=True)
class Sensitivity:
    """Per channel of each activation, in execution order.

    Attributes:
        peaks: the range that candidates are relative to, [C].
        clipping: mean square change of the logits for each candidate range, [16, C].
    """

    peaks: list[torch.Tensor]
    clipping: list[torch.Tensor]


def measure(
    network: FloatNetwork,
    patches: Float,
    seed: int,
    report: Callable[[str], None] = lambda _: None,
    partial: Partial | None = None,
) -> Sensitivity:
    """Measure a network.

    Args:
        network: float weights.
        patches: float32 [n, 96, 64], calibration audio.
        seed: of the combinations of logits.
        report: takes lines of progress.
        partial: keeps what is measured.
    """
    partial = partial or Partial()
    generator = torch.Generator().manual_seed(seed)
    differentiable = TorchNetwork(network)
    peaks = _peaks(differentiable, patches, report, partial)
    clipping = [torch.zeros(len(_RANGES), peak.numel()) for peak in peaks]
    done = 0
    if (kept := partial.get("measured")) is not None:
        done = int(kept)
        clipping = [torch.from_numpy(partial[f"clipping{index}"].astype(np.float32)) for index in range(len(peaks))]
        generator.set_state(torch.from_numpy(partial["generator"].astype(np.uint8)))
    progress = Progress(report, "what rounding does to the logits", len(patches), done)
    for start in range(done, len(patches), _BATCH):
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
        end = min(start + _BATCH, len(patches))
        state: Arrays = {"measured": np.array(end), "generator": generator.get_state().numpy()}
        partial.keep(state | {f"clipping{index}": errors.numpy().copy() for index, errors in enumerate(clipping)})
        progress(end)
    return Sensitivity(peaks, clipping)


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


def _peaks(
    differentiable: TorchNetwork, patches: Float, report: Callable[[str], None], partial: Partial
) -> list[torch.Tensor]:
    """What each channel reaches, or would if it fired more often, by its spread before the ReLU."""
    if (kept := partial.get("peaks")) is not None:
        return [torch.from_numpy(partial[f"peak{index}"].astype(np.float32)) for index in range(int(kept))]
    progress = Progress(report, "what channels reach", len(patches))
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
            progress(min(start + _BATCH, len(patches)))
    peaks: Arrays = {f"peak{index}": peak.numpy() for index, peak in enumerate(found)}
    partial.keep(peaks | {"peaks": np.array(len(found))}, now=True)
    return found


def _clipped(values: torch.Tensor, ranges: torch.Tensor) -> torch.Tensor:
    zeros = torch.zeros(ranges.shape, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(values, ranges / ACTIVATION_LEVELS, zeros, 1, 0, ACTIVATION_LEVELS)
