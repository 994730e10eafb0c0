# SPDX-License-Identifier: Apache-2.0
"""From float weights and calibration audio to an int8 network, ready for fine-tuning."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from yamnet_tools.quantise import equalise
from yamnet_tools.quantise.checkpoints import Partial
from yamnet_tools.quantise.float_network import Float, FloatNetwork, Weighted
from yamnet_tools.quantise.int8_network import ACTIVATION_LEVELS, Affine, Int8Layer, Int8Network, weight_scales
from yamnet_tools.quantise.progress import Progress
from yamnet_tools.quantise.rounding import Double, compensated, nearest

LOG_MEL_LOW, LOG_MEL_HIGH = float(np.log(0.001)), 6.3
"""What a log-mel value can be: ln(0 + 0.001) to above what full-scale 16-bit audio can reach in any band (measured:
6.26 for a full-scale tone in the middle of a band)."""

PATCH_HIGH = 5.3
"""Where the patch saturates: only pure tones near full scale are louder (4,535 patches of recordings reach 5.30), and
each of its steps is a tenth finer than with room for them."""

HEAD_LOW, HEAD_HIGH = -6.4, 5.7
"""Range of the logits: below -6.24 the probability is 0 in steps of 1/256, above 5.54 it is 255/256. The lowest level
has to be one that gives 0; a wider range costs resolution."""

ROUNDING_PATCHES = 1024
"""Of the calibration patches, those whose activations are kept in memory, a layer at a time, to round weights by."""

_MEAN_HEADROOM = 1.1

Int8 = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Recipe:
    """What is done beyond min/max ranges; each part can be left out to see what it is worth.

    Attributes:
        equalise: cross-layer equalisation.
        sensitive: ranges by what clipping and rounding do to the logits, not by the largest value seen.
        compensate: rounding of weights that carries its error on.
    """

    equalise: bool = True
    sensitive: bool = True
    compensate: bool = True


def quantise(
    network: FloatNetwork,
    patches: Float,
    recipe: Recipe,
    *,
    seed: int = 0,
    patch_range: tuple[float, float] = (LOG_MEL_LOW, PATCH_HIGH),
    report: Callable[[str], None] = lambda _: None,
    partial: Partial | None = None,
) -> Int8Network:
    """Quantise a network, ready for fine-tuning.

    Args:
        network: float weights.
        patches: calibration audio as log-mel patches, float32 [n, 96, 64].
        recipe: what to do.
        seed: of the combinations of logits that sensitivity is measured with, and of what rounding looks at.
        patch_range: lowest and highest log-mel value that is told apart.
        report: takes lines of progress.
        partial: keeps what is measured and rounded.

    Returns:
        The int8 network. With `recipe.equalise` each activation has one step per unit.
    """
    partial = partial or Partial()
    if recipe.sensitive:
        network = equalise.equalised(network, _ranges_by_sensitivity(network, patches, seed, report, partial))
    elif recipe.equalise:
        network = equalise.equalised(network, equalise.ranges_seen(network, patches))
    source = Affine.over(*patch_range)
    values = source.quantised(patches[:ROUNDING_PATCHES])[..., np.newaxis]
    made: list[Int8Layer] = []
    progress = Progress(report, "rounding layers", len(network.layers))
    rounder = _Rounder(recipe, seed, partial)
    for layer in network.layers[:-1]:
        scales = weight_scales(layer, source.scale)
        weights = rounder.rounded(layer, scales, values)
        reached = np.maximum(replace(layer, weights=(weights * scales).astype(np.float32)).linear(values), 0)
        source = Affine.over(0.0, ACTIVATION_LEVELS if recipe.equalise else float(reached.max()) + 1e-6)
        values = source.quantised(reached)
        made.append(Int8Layer(layer, weights, scales, layer.bias.astype(np.float64), source))
        progress(len(made))
    means = values.mean(axis=(1, 2))
    head = network.layers[-1]
    mean = Affine.over(0.0, _highest_mean(means, head, recipe))
    scales = weight_scales(head, mean.scale)
    weights = rounder.rounded(head, scales, mean.quantised(means))
    logits = Affine.over(HEAD_LOW, HEAD_HIGH)
    made.append(Int8Layer(head, weights, scales, head.bias.astype(np.float64), logits))
    progress(len(made))
    return Int8Network(Affine.over(*patch_range), tuple(made), mean)


def _ranges_by_sensitivity(
    network: FloatNetwork, patches: Float, seed: int, report: Callable[[str], None], partial: Partial
) -> list[Float]:
    from yamnet_tools.quantise import sensitivity

    return sensitivity.best_ranges(sensitivity.measure(network, patches, seed, report, partial))


def _highest_mean(means: Float, head: Weighted, recipe: Recipe) -> float:
    if not recipe.sensitive:
        return float(means.max()) * _MEAN_HEADROOM + 1e-6
    from yamnet_tools.quantise import sensitivity

    return sensitivity.best_mean_range(means, head)


class _Rounder:
    """Rounds one layer after the other, or takes those that were rounded before the run was stopped.

    What is drawn for a layer depends on the seed and its number alone.
    """

    def __init__(self, recipe: Recipe, seed: int, partial: Partial) -> None:
        self._recipe, self._seed, self._partial = recipe, seed, partial
        self._layers = 0

    def rounded(self, layer: Weighted, scales: Double, inputs: Float) -> Int8:
        """The next layer's weights."""
        if not self._recipe.compensate:
            return nearest(layer, scales)
        name = f"rounded{self._layers}"
        kept = self._partial.get(name)
        rng = np.random.default_rng([self._seed, self._layers])
        weights = compensated(layer, scales, inputs, rng) if kept is None else kept.astype(np.int8)
        self._partial.keep({name: weights}, now=kept is None)
        self._layers += 1
        return weights
