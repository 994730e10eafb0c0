# SPDX-License-Identifier: Apache-2.0
"""Fine-tuning as a stage of a conversion: what the trained layers are fed, what they learn, and where it is kept."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from yamnet_tools.quantise.checkpoints import Checkpoints, pack_state, unpack_state
from yamnet_tools.quantise.fine_tune import Settings, State, fine_tune, start
from yamnet_tools.quantise.float_network import Float, FloatNetwork
from yamnet_tools.quantise.int8_network import Int8Network

FIRST_TUNED = "layer11/depthwise_conv"
"""Quantised layers 11 to 14 and the head cause most of the error: sparse activations, much amplified."""

_STAGE = "tuned"
_KEEP_EVERY = 25
_BATCH = 16


def tune(
    network: Int8Network,
    exact: FloatNetwork,
    patches: Float,
    settings: Settings,
    checkpoints: Checkpoints,
    report: Callable[[str], None],
) -> Int8Network:
    """Fine-tune the last layers; a stopped run goes on from its last 25th step.

    Args:
        network: rounded and equalised.
        exact: the float network it stands for, the teacher.
        patches: float32 [n, 96, 64], unlabelled audio.
        settings: steps, learning rate and seed.
        checkpoints: where states are kept.
        report: takes lines of progress.
    """
    first = [layer.source.name for layer in network.layers].index(FIRST_TUNED)
    report(f"fine-tuning layers 11 to 14: asking the float network about {len(patches)} patches")
    targets = exact.logits(patches)
    inputs = _inputs(network, first, patches)
    kept = checkpoints.read(_STAGE)
    state = start(network.layers[first:]) if kept is None else unpack_state(kept)

    def checkpoint(state: State, loss: float) -> None:
        if state.step % _KEEP_EVERY == 0 or state.step == settings.steps:
            checkpoints.write(_STAGE, pack_state(state))
            report(f"fine-tuning: step {state.step} of {settings.steps}, loss {loss:.3f}")

    return fine_tune(network, first, inputs, targets, settings, state, checkpoint)


def _inputs(network: Int8Network, first: int, patches: Float) -> npt.NDArray[np.uint8]:
    """What the layers before `first` make of patches, in steps above zero."""
    floats = [layer.as_float() for layer in network.layers[:first]]
    found = []
    for begin in range(0, len(patches), _BATCH):
        values = network.patch.quantised(patches[begin : begin + _BATCH])[..., np.newaxis]
        for layer, made in zip(floats, network.layers, strict=False):
            values = made.output.quantised(np.maximum(layer.linear(values), 0))
        found.append(np.rint(values / np.float32(network.layers[first - 1].output.scale)).astype(np.uint8))
    return np.concatenate(found)
