# SPDX-License-Identifier: Apache-2.0
"""Fine-tuning as a stage of a conversion: what it learns from, where its state is kept, what is told of it."""

import time
from collections.abc import Callable

from yamnet_tools.quantise.checkpoints import Checkpoints
from yamnet_tools.quantise.float_network import Float, FloatNetwork
from yamnet_tools.quantise.int8_network import Int8Network
from yamnet_tools.quantise.training import Settings, State
from yamnet_tools.quantise.variation import varied

_STAGE = "tuned"
_KEEP_EVERY = 25


def tune(
    network: Int8Network,
    exact: FloatNetwork,
    patches: Float,
    settings: Settings,
    checkpoints: Checkpoints,
    report: Callable[[str], None],
) -> Int8Network:
    """Fine-tune all layers; a stopped run goes on from its last 25th step.

    Args:
        network: rounded and equalised.
        exact: the float network it stands for, the teacher.
        patches: float32 [n, 96, 64], unlabelled audio, varied endlessly.
        settings: steps, learning rate and seed.
        checkpoints: where states are kept.
        report: takes lines of progress.
    """
    from yamnet_tools.quantise.fine_tune import fine_tune

    kept = checkpoints.read(_STAGE)
    state = None if kept is None else State.unpacked(kept)
    done = 0 if state is None else state.step
    report(f"fine-tuning on variations of {len(patches)} patches" + (f", from step {done} on" if done else ""))
    began = time.monotonic()

    def checkpoint(state: State, loss: float) -> None:
        checkpoints.write(_STAGE, state.packed())
        left = (time.monotonic() - began) / (state.step - done) * (settings.steps - state.step) / 60
        report(f"fine-tuning: step {state.step} of {settings.steps}, loss {loss:.3f}, about {left:.0f} min left")

    return fine_tune(
        network, exact, lambda rng, count: varied(patches, rng, count), settings, state, checkpoint, _KEEP_EVERY
    )
