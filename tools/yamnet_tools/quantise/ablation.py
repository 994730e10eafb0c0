# SPDX-License-Identifier: Apache-2.0
"""The same float network quantised in simpler ways, to see what each part of the recipe is worth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

import device_core
from yamnet_tools.model import front_end
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.quantise.calibration import calibration_patches
from yamnet_tools.quantise.float_network import Float, FloatNetwork
from yamnet_tools.quantise.int8_network import to_model
from yamnet_tools.quantise.quantiser import LOG_MEL_HIGH, LOG_MEL_LOW, Recipe, quantise

GAUSSIAN_MEAN, GAUSSIAN_DEVIATION = -5.0, 3.0
"""Calibration patches of the predecessor's published recipe: independent normal values."""

_PLAIN = Recipe(equalise=False, clip=False, compensate=False)


@dataclass(frozen=True)
class Variant:
    """One way to quantise; `profile` is the front end its file asks for."""

    name: str
    what: str
    recipe: Recipe
    gaussian: bool = False
    profile: str = "yamnet"


PREDECESSOR = Variant(
    "predecessor", "min/max on Gaussian patches N(-5, 3), `power` front end", _PLAIN, gaussian=True, profile="power"
)

VARIANTS = (
    Variant("gaussian", "min/max, nearest rounding, on Gaussian patches N(-5, 3)", _PLAIN, gaussian=True),
    Variant("min-max", "min/max, nearest rounding, on audio", _PLAIN),
    Variant("equalise", "+ cross-layer equalisation with headroom", Recipe(clip=False, compensate=False)),
    Variant("ranges", "+ range search per channel", Recipe(compensate=False)),
    Variant("bias", "+ bias correction (not kept)", Recipe(compensate=False, correct_bias=True)),
    Variant("rounding", "+ rounding that carries its error on", Recipe()),
)
"""In the order in which parts are added; fine-tuning comes on top of the last one."""


def build_variants(
    network: FloatNetwork,
    variants: tuple[Variant, ...],
    count: int,
    seed: int,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[tuple[Variant, bytes]]:
    """Quantise a network in each way; yields a way and its .tflite.

    Args:
        network: float weights.
        variants: ways.
        count: calibration patches, made-up sounds unless the way is Gaussian.
        seed: of the patches.
        report: takes lines of progress.

    Raises:
        ModelError: the result is not one that the device's kernels compute safely.
    """
    spec = device_core.LogMelSpec.profile("yamnet")
    audio = calibration_patches(None, count, seed, spec)
    rng = np.random.default_rng(seed)
    gaussian: Float = rng.normal(GAUSSIAN_MEAN, GAUSSIAN_DEVIATION, audio.shape).astype(np.float32)
    for variant in variants:
        report(f"quantising: {variant.what}")
        patches = gaussian if variant.gaussian else audio
        reach = (float(gaussian.min()), float(gaussian.max())) if variant.gaussian else (LOG_MEL_LOW, LOG_MEL_HIGH)
        made = quantise(network, patches, variant.recipe, seed=seed, patch_range=reach)
        profile = device_core.LogMelSpec.profile(variant.profile)
        metadata = {front_end.METADATA_NAME: front_end.encode(profile)}
        yield variant, write_model(to_model(made, f"YAMNet quantised for comparison: {variant.name}", metadata))
