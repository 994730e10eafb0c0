# SPDX-License-Identifier: Apache-2.0
"""The proof that a quantised model runs in TFLM and says what its float network says."""

import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import device_core
from yamnet_tools.engines import native_log, open_engine
from yamnet_tools.errors import ModelError
from yamnet_tools.model.arena import smallest_arena
from yamnet_tools.model.load import load_model
from yamnet_tools.model.network import OUTPUT_SCALE
from yamnet_tools.paths import CLASS_MAP_NAME, MODEL_NAME
from yamnet_tools.probe_audio import Probe, sound_probes
from yamnet_tools.quantise.calibration import calibration_patches, log_mel_patches
from yamnet_tools.quantise.float_network import FloatNetwork

LEAST_AGREEMENT = 0.5
"""Of top classes on the built-in sounds and any `audio`: far below what good quantisation gives, far above what a
broken one does."""

UNHEARD = 256
GOOD, POOR = 0.9, 0.8
"""Of top classes on sounds that a model was not calibrated on."""

FAR_STEPS = 5
MOST_FAR = 0.02
"""TFLM rounds in fixed point, XNNPACK through float32, and the network amplifies it: at most this share of
probabilities may be more than FAR_STEPS steps of 1/256 apart. Measured on real audio: 0.003 for a quantised float model
without fine-tuning, 0.0007 for the graft."""

FAR_A_PATCH = 0.25
"""Of few classes each is loud now and then, while most of many are silent, where nothing can differ: so many of a patch
may always be that far apart, which is more than MOST_FAR allows up to 12 classes."""


@dataclass(frozen=True)
class QuantisationProof:
    """What was measured.

    Attributes:
        unheard: made-up sounds that it was not calibrated on.
        unheard_equal: of these, those whose top class is the float network's, or tied with it.
        patches: patches scored.
        top_equal: patches whose top class is the float network's, or tied with it.
        probability_difference: largest difference from the float network's probabilities.
        engine_steps: largest difference between TFLM and LiteRT, in steps of 1/256.
        arena_bytes: the least TFLM arena on this machine.
        pointer_bits: of this machine; the arena holds pointers.
    """

    unheard: int
    unheard_equal: int
    patches: int
    top_equal: int
    probability_difference: float
    engine_steps: int
    arena_bytes: int
    pointer_bits: int

    @property
    def verdict(self) -> str:
        """`good`, `fair` or `poor`, by the agreement on sounds that it was not calibrated on."""
        agreement = self.unheard_equal / self.unheard
        return "good" if agreement >= GOOD else "poor" if agreement < POOR else "fair"


def most_far(patches: int, classes: int) -> float:
    """How many outputs of TFLM and LiteRT may be more than FAR_STEPS steps apart."""
    return patches * max(MOST_FAR * classes, FAR_A_PATCH)


def prove_quantised(
    data: bytes,
    class_map: bytes,
    network: FloatNetwork,
    spec: device_core.LogMelSpec,
    audio: Sequence[Probe] = (),
    *,
    unheard_seed: int = 1,
) -> QuantisationProof:
    """Run a model in TFLM and LiteRT on built-in sounds and on `audio`, and judge it on made-up sounds of another seed
    than those that it was calibrated on.

    Raises:
        ModelError: an engine refuses it, the device's differs from TFLM, LiteRT disagrees, or it has little in common
            with its float network.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, MODEL_NAME)
        path.write_bytes(data)
        path.with_name(CLASS_MAP_NAME).write_bytes(class_map)
        model = load_model(path)
    log_mel = np.concatenate([log_mel_patches(probe.pcm, spec) for probe in (*sound_probes(), *audio)])
    patches = device_core.quantize_patch(np.ascontiguousarray(log_mel), *model.input_quantization)
    tflm, litert, device = (open_engine(name, model).score(patches) for name in ("tflm", "litert", "device"))
    if inexact := int(np.count_nonzero(device != tflm)):
        raise ModelError(f"the device's arithmetic differs from TFLM's in {inexact:,} of {tflm.size:,} outputs")
    steps = np.abs(tflm.astype(np.int16) - litert)
    far = int(np.count_nonzero(steps > FAR_STEPS))
    if far > most_far(*steps.shape):
        raise ModelError(f"TFLM and LiteRT differ by more than {FAR_STEPS} steps in {far:,} of {steps.size:,} outputs")
    exact = 1 / (1 + np.exp(-np.clip(network.logits(log_mel).astype(np.float64), -60, 60)))
    top = exact.argmax(axis=1)
    equal = tflm[np.arange(len(tflm)), top] == tflm.max(axis=1)
    if equal.mean() < LEAST_AGREEMENT:
        raise ModelError(
            f"quantisation broke the network: its top class is the float one's on {equal.sum()} of {equal.size} patches"
        )
    with native_log():  # the search makes TFLM complain about each arena that is too small
        arena_bytes = smallest_arena(data)
    unheard = calibration_patches(None, UNHEARD, unheard_seed, spec)
    unheard_top = network.logits(unheard).argmax(axis=1)
    scores = open_engine("litert", model).score(device_core.quantize_patch(unheard, *model.input_quantization))
    return QuantisationProof(
        unheard=len(unheard),
        unheard_equal=int((scores[np.arange(len(scores)), unheard_top] == scores.max(axis=1)).sum()),
        patches=len(patches),
        top_equal=int(equal.sum()),
        probability_difference=float(np.abs((tflm.astype(np.float64) + 128) * OUTPUT_SCALE - exact).max()),
        engine_steps=int(steps.max()),
        arena_bytes=arena_bytes,
        pointer_bits=8 * struct.calcsize("P"),
    )
