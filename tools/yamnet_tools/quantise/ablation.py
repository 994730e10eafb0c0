# SPDX-License-Identifier: Apache-2.0
"""The same float network quantised in simpler ways, to see what each part of the recipe is worth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

import device_core
from yamnet_tools.model import front_end
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.quantise.calibration import calibration_patches
from yamnet_tools.quantise.calibration_pool import calibration_pool
from yamnet_tools.quantise.float_network import FloatNetwork
from yamnet_tools.quantise.int8_network import to_model
from yamnet_tools.quantise.quantiser import LOG_MEL_LOW, PATCH_HIGH, Recipe, quantise

GAUSSIAN_MEAN, GAUSSIAN_DEVIATION = -5.0, 3.0
"""Calibration patches of the predecessor's published recipe: independent normal values."""

_PLAIN = Recipe(equalise=False, sensitive=False, compensate=False)


class Calibration(StrEnum):
    """What ranges are taken from."""

    GAUSSIAN = "independent normal values"
    SOUNDS = "made-up sounds"
    IMPRESSIONS = "made-up sounds and impressions of each class"


@dataclass(frozen=True)
class Variant:
    """One way to quantise; `profile` is the front end its file asks for."""

    name: str
    what: str
    recipe: Recipe
    calibration: Calibration = Calibration.SOUNDS
    profile: str = "yamnet"


PREDECESSOR = Variant(
    "predecessor",
    "min/max on Gaussian patches N(-5, 3), `power` front end",
    _PLAIN,
    Calibration.GAUSSIAN,
    profile="power",
)

VARIANTS = (
    Variant("gaussian", "min/max on Gaussian patches N(-5, 3)", _PLAIN, Calibration.GAUSSIAN),
    Variant("min-max", "min/max on made-up sounds", _PLAIN),
    Variant("equalise", "+ cross-layer equalisation", replace(_PLAIN, equalise=True)),
    Variant("ranges", "+ ranges by what they do to the logits", Recipe(compensate=False)),
    Variant(
        "impressions",
        "+ impressions of each class among the sounds",
        Recipe(compensate=False),
        Calibration.IMPRESSIONS,
    ),
    Variant("rounding", "+ rounding that carries its error on", Recipe(), Calibration.IMPRESSIONS),
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
        count: calibration patches.
        seed: of the patches.
        report: takes lines of progress.

    Raises:
        ModelError: the result is not one that the device's kernels compute safely.
    """
    spec = device_core.LogMelSpec.profile("yamnet")
    pool = calibration_pool(network, None, count, seed, spec, report)[:count]
    gaussian = np.random.default_rng(seed).normal(GAUSSIAN_MEAN, GAUSSIAN_DEVIATION, pool.shape).astype(np.float32)
    patches = {
        Calibration.GAUSSIAN: gaussian,
        Calibration.SOUNDS: calibration_patches(None, count, seed, spec),
        Calibration.IMPRESSIONS: pool,
    }
    reach = {Calibration.GAUSSIAN: (float(gaussian.min()), float(gaussian.max()))}
    for variant in variants:
        report(f"quantising: {variant.what}")
        made = quantise(
            network,
            patches[variant.calibration],
            variant.recipe,
            seed=seed,
            patch_range=reach.get(variant.calibration, (LOG_MEL_LOW, PATCH_HIGH)),
        )
        profile = device_core.LogMelSpec.profile(variant.profile)
        metadata = {front_end.METADATA_NAME: front_end.encode(profile)}
        yield variant, write_model(to_model(made, f"YAMNet quantised for comparison: {variant.name}", metadata))
