# SPDX-License-Identifier: Apache-2.0
"""From float weights and calibration audio to an int8 network, one layer after the other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from yamnet_tools.quantise.equalise import equalise
from yamnet_tools.quantise.float_network import Float, FloatNetwork, Weighted
from yamnet_tools.quantise.int8_network import ACTIVATION_LEVELS, Affine, Int8Layer, Int8Network, weight_scales
from yamnet_tools.quantise.rounding import compensated, nearest

LOG_MEL_LOW, LOG_MEL_HIGH = float(np.log(0.001)), 6.3
"""Range of the patch: ln(0 + 0.001) to above what full-scale 16-bit audio can reach in any band (measured: 6.26 for a
full-scale tone in the middle of a band)."""

HEAD_LOW, HEAD_HIGH = -6.5, 10.0
"""Range of the logits: below, the probability is 0 in steps of 1/256; above, 255/256."""

_RANGE_SAMPLES = 200_000
_CLIPS = np.linspace(0.2, 1, 33)


@dataclass(frozen=True)
class Recipe:
    """What is done beyond min/max ranges and nearest rounding; each part can be left out to see what it is worth.

    Attributes:
        equalise: cross-layer equalisation with headroom.
        clip: per-channel range search inside the equalisation; per tensor by mean square error without it.
        compensate: rounding that carries its error on.
        correct_bias: shift biases by each channel's mean error.
    """

    equalise: bool = True
    clip: bool = True
    compensate: bool = True
    correct_bias: bool = False


def quantise(
    network: FloatNetwork,
    patches: Float,
    recipe: Recipe,
    *,
    seed: int = 0,
    patch_range: tuple[float, float] = (LOG_MEL_LOW, LOG_MEL_HIGH),
    report: Callable[[str], None] = lambda _: None,
) -> Int8Network:
    """Quantise a network.

    Args:
        network: float weights.
        patches: calibration audio as log-mel patches, float32 [n, 96, 64].
        recipe: what to do.
        seed: of the positions that rounding looks at.
        patch_range: lowest and highest log-mel value that is told apart.
        report: takes lines of progress.

    Returns:
        The int8 network. With `recipe.equalise` each activation has one step per unit.
    """
    rng = np.random.default_rng(seed)
    if recipe.equalise:
        network = equalise(network, patches, report, clip=recipe.clip)
    source = Affine.over(*patch_range)
    values = source.quantised(patches)[..., np.newaxis]
    exact = patches[..., np.newaxis]
    made = []
    for layer in network.layers[:-1]:
        before = layer.linear(exact) if recipe.correct_bias else None
        rounded = _rounded(layer, source.scale, values, recipe, rng)
        reached = rounded.linear(values)
        bias = rounded.bias.astype(np.float64)
        if before is not None:
            shift = (before - reached).mean(axis=(0, 1, 2))
            bias, reached = bias + shift, reached + shift
            exact = np.maximum(before, 0, out=before)
        np.maximum(reached, 0, out=reached)
        top = ACTIVATION_LEVELS if recipe.equalise else _top(reached, search=recipe.clip)
        output = Affine.over(0.0, float(top))
        values = output.quantised(reached)
        made.append(_int8(layer, rounded, source.scale, bias, output))
        source = output
        report(f"rounded {layer.name}")
    mean = values.mean(axis=(1, 2))
    mean_range = Affine.over(0.0, float(mean.max()) * 1.1 + 1e-6)
    mean = mean_range.quantised(mean)
    head = network.layers[-1]
    rounded = _rounded(head, mean_range.scale, mean, recipe, rng)
    made.append(_int8(head, rounded, mean_range.scale, head.bias.astype(np.float64), Affine.over(HEAD_LOW, HEAD_HIGH)))
    return Int8Network(Affine.over(*patch_range), tuple(made), mean_range)


def _rounded(layer: Weighted, input_scale: float, inputs: Float, recipe: Recipe, rng: np.random.Generator) -> Weighted:
    """The layer with weights on int8 steps."""
    scales = weight_scales(layer, input_scale)
    integers = compensated(layer, scales, inputs, rng) if recipe.compensate else nearest(layer, scales)
    weights = (integers * scales).astype(np.float32)
    return Weighted(layer.name, layer.operator, layer.stride, weights, layer.bias)


def _int8(
    layer: Weighted,
    rounded: Weighted,
    input_scale: float,
    bias: np.ndarray,
    output: Affine,
) -> Int8Layer:
    scales = weight_scales(layer, input_scale)
    return Int8Layer(layer, np.rint(rounded.weights / scales).astype(np.int8), scales, bias, output)


def _top(values: Float, *, search: bool) -> float:
    """The highest value of a tensor's range: the largest seen, or the one with the least mean square error."""
    flat = values.reshape(-1)
    flat = flat[:: max(1, flat.size // _RANGE_SAMPLES)]
    largest = float(values.max()) + 1e-6
    if not search:
        return largest
    errors = []
    for clip in _CLIPS:
        errors.append(np.square(Affine.over(0.0, largest * float(clip)).quantised(flat) - flat).mean())
    return largest * float(_CLIPS[int(np.argmin(errors))])
