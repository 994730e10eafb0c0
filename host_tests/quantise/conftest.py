# SPDX-License-Identifier: Apache-2.0
"""A float YAMNet with random weights, as Google's Keras file has them and folded."""

from pathlib import Path

import numpy as np
import pytest

from yamnet_tools.quantise.float_network import FloatNetwork, Weighted, slots
from yamnet_tools.quantise.weights_h5 import BATCH_NORM_EPSILON

CLASSES = 521

NEEDED = "quantises float weights, which a device does not need: pip install -e '.[convert]'"
"""Why a test is skipped where h5py or PyTorch is missing."""


def keras_tensors(classes: int = CLASSES, seed: int = 0) -> dict[str, np.ndarray]:
    """Tensors by Keras' names, of a size that keeps activations moderate."""
    rng = np.random.default_rng(seed)
    tensors: dict[str, np.ndarray] = {}
    for slot in slots(classes):
        shape, channels = slot.weights, slot.weights[-1]
        if slot.operator == "FULLY_CONNECTED":
            tensors["logits/kernel"] = rng.normal(0, 0.06, shape).astype(np.float32)
            tensors["logits/bias"] = rng.normal(-2, 0.5, channels).astype(np.float32)
            continue
        inputs = 9 if len(shape) > 2 else shape[0]
        kernel = rng.normal(0, (2 / inputs) ** 0.5, shape).astype(np.float32)
        if slot.operator == "DEPTHWISE_CONV_2D":
            tensors[f"{slot.name}/depthwise_kernel"] = kernel[..., np.newaxis]
        else:
            tensors[f"{slot.name}/kernel"] = kernel if len(shape) == 4 else kernel[np.newaxis, np.newaxis]
        tensors[f"{slot.name}/bn/beta"] = rng.normal(0, 0.2, channels).astype(np.float32)
        tensors[f"{slot.name}/bn/moving_mean"] = rng.normal(0, 0.1, channels).astype(np.float32)
        tensors[f"{slot.name}/bn/moving_variance"] = rng.uniform(0.7, 1.3, channels).astype(np.float32)
    return tensors


def write_h5(path: Path, tensors: dict[str, np.ndarray]) -> Path:
    """Write the way Keras 2's save_weights does: a group per layer, names in attributes, layers without weights too."""
    import h5py

    layers: dict[str, list[str]] = {"input_1": [], "reshape": []}
    for name in tensors:
        layers.setdefault(name.rpartition("/")[0], []).append(f"{name}:0")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        file.attrs["backend"] = b"tensorflow"
        for layer, names in layers.items():
            group = file.require_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name in names:
                group.create_dataset(name, data=tensors[name.removesuffix(":0")])
    return path


def fold(tensors: dict[str, np.ndarray]) -> FloatNetwork:
    """The same folded by hand, straight from batch norm's definition."""
    classes = tensors["logits/bias"].size
    layers = []
    for slot in slots(classes):
        if slot.operator == "FULLY_CONNECTED":
            weights, bias = tensors["logits/kernel"], tensors["logits/bias"]
        else:
            kind = "depthwise_kernel" if slot.operator == "DEPTHWISE_CONV_2D" else "kernel"
            beta, mean, variance = (
                tensors[f"{slot.name}/bn/{name}"] for name in ("beta", "moving_mean", "moving_variance")
            )
            deviation = np.sqrt(variance + BATCH_NORM_EPSILON)
            weights = tensors[f"{slot.name}/{kind}"].reshape(slot.weights) / deviation
            bias = beta - mean / deviation
        layers.append(Weighted(slot.name, slot.operator, slot.stride, weights.astype(np.float32), bias))
    return FloatNetwork(tuple(layers))


def as_npz(network: FloatNetwork) -> dict[str, np.ndarray]:
    """The folded layout's arrays."""
    arrays: dict[str, np.ndarray] = {}
    for layer in network.layers:
        group, _, kind = layer.name.partition("/")
        key = {"conv": f"{group}_", "depthwise_conv": f"{group}_dw", "pointwise_conv": f"{group}_pw", "": "fc_"}[kind]
        arrays[key if key[-1] == "w" else key + "w"] = layer.weights
        arrays[key + "b"] = layer.bias
    return arrays


@pytest.fixture(scope="session")
def tensors() -> dict[str, np.ndarray]:
    return keras_tensors()


@pytest.fixture(scope="session")
def network(tensors: dict[str, np.ndarray]) -> FloatNetwork:
    return fold(tensors)


@pytest.fixture(scope="session")
def patches() -> np.ndarray:
    """Log-mel of made-up sounds, float32 [12, 96, 64]."""
    import device_core
    from yamnet_tools.quantise.calibration import calibration_patches

    return calibration_patches(None, 12, 3, device_core.LogMelSpec.profile("yamnet"))


@pytest.fixture(scope="session")
def float_weights() -> Path:
    """Real float weights."""
    from yamnet_tools.errors import SourceError
    from yamnet_tools.quantise import float_source

    try:
        return float_source._find(None)[0]
    except SourceError as error:
        pytest.skip(f"needs float weights: {error}")
