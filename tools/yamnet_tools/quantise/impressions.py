# SPDX-License-Identifier: Apache-2.0
"""Made-up or recorded sounds pushed until the network hears a given class in them. Needs PyTorch.

Calibration must drive every channel as far as the sounds will that the device is to hear, also those of classes of
which there is no recording at hand. What a class drives is known to the network itself: climbing its logit's gradient
by the patch gives a patch in which it hears that class (Yin et al., "Dreaming to Distill: Data-free Knowledge Transfer
via DeepInversion", 2020). Steps are smoothed over time and frequency, so that a patch stays like one of sound.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from yamnet_tools.quantise.checkpoints import Partial
from yamnet_tools.quantise.float_network import Float, FloatNetwork
from yamnet_tools.quantise.progress import Progress
from yamnet_tools.quantise.quantiser import LOG_MEL_HIGH, LOG_MEL_LOW
from yamnet_tools.quantise.torch_network import TorchNetwork

_BATCH = 32
_KEPT = "impressions"
_STEPS = 12
_STRIDES = (0.2, 0.5)  # root mean square of a step, in units of log-mel
_LOGITS = (0.0, 8.0)  # what a class is pushed to
_SMOOTHING = np.outer((1, 2, 3, 2, 1), (1, 2, 1)) / 36.0  # frames by bands


def impressions(
    network: FloatNetwork,
    pool: Float,
    count: int,
    seed: int,
    report: Callable[[str], None] = lambda _: None,
    partial: Partial | None = None,
) -> Float:
    """Push sounds towards classes, each class about equally often.

    Of each way the point nearest to its goal is taken: some ways lead out of everything the network knows, to where all
    classes are far below silence and activations a multiple of what any sound causes.

    Args:
        network: float weights.
        pool: log-mel patches to begin with, float32 [n, 96, 64].
        count: impressions wanted.
        seed: of the choice of sounds, classes and how far they are pushed.
        report: takes lines of progress.
        partial: keeps those that are made.

    Returns:
        Log-mel patches float32 [count, 96, 64].
    """
    rng = np.random.default_rng(seed)
    started = pool[rng.integers(len(pool), size=count)]
    rounds = -(-count // network.class_count)
    classes = np.concatenate([rng.permutation(network.class_count) for _ in range(rounds)])[:count]
    goals = torch.from_numpy(rng.uniform(*_LOGITS, count).astype(np.float32))
    strides = torch.from_numpy(rng.uniform(*_STRIDES, count).astype(np.float32))
    smoothing = torch.from_numpy(_SMOOTHING.astype(np.float32))[None, None]
    differentiable = TorchNetwork(network)
    made = np.empty_like(started)
    partial = partial or Partial()
    done = 0
    if (kept := partial.get(_KEPT)) is not None:
        done = len(kept)
        made[:done] = kept
    progress = Progress(report, "impressions of classes", count, done)
    for start in range(done, count, _BATCH):
        chosen = slice(start, start + _BATCH)
        patches = torch.from_numpy(started[chosen])
        nearest, least = patches, torch.full_like(goals[chosen], torch.inf)
        for _ in range(_STEPS + 1):
            patches = patches.detach().requires_grad_()
            heard = differentiable.logits(patches).gather(1, torch.from_numpy(classes[chosen])[:, None])[:, 0]
            distance = (goals[chosen] - heard.detach()).abs()
            nearest = torch.where((distance < least)[:, None, None], patches.detach(), nearest)
            least = torch.minimum(distance, least)
            (slope,) = torch.autograd.grad(heard.sum(), patches)
            slope = functional.conv2d(slope[:, None], smoothing, padding=(2, 1))[:, 0]
            slope = slope / (slope.pow(2).mean((1, 2), keepdim=True).sqrt() + 1e-9)
            stride = strides[chosen] * (goals[chosen] - heard.detach()).clamp(-1, 1)
            patches = (patches.detach() + stride[:, None, None] * slope).clamp(LOG_MEL_LOW, LOG_MEL_HIGH)
        made[chosen] = nearest.numpy()
        end = min(start + _BATCH, count)
        partial.keep({_KEPT: made[:end]})
        progress(end)
    return made
