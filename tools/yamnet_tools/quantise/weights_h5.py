# SPDX-License-Identifier: Apache-2.0
"""Loads Google's yamnet.h5, or one fine-tuned from it, and folds batch norm into the layers before it.

The layout is Keras 2's for weights: one group per layer, named like it, whose attribute `weight_names` lists its
tensors; `layer_names` at the root lists the layers. Layer names, shapes and the batch norm (centred, not scaled,
epsilon 1e-4) are those of yamnet.py and params.py in tensorflow/models, research/audioset/yamnet.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from yamnet_tools.errors import ModelError, SourceError
from yamnet_tools.quantise.float_network import Float, FloatNetwork, Slot, Weighted, slots
from yamnet_tools.quantise.weights_npz import checked, head_size

GOOGLE_BLOB_HASH = "b504399ec042e18b74c0045b8ff8a42c99f05e76"
"""Git's blob hash of the file Google published as storage.googleapis.com/audioset/yamnet.h5."""

BATCH_NORM_EPSILON = 1e-4
_STATISTICS = ("beta", "moving_mean", "moving_variance")
_INSTALL = "reading yamnet.h5 needs h5py: pip install -e '.[convert]'"


def git_blob_hash(path: Path) -> str:
    """The hash git gives a file's content: SHA-1 of `blob <size>`, a zero byte and the content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def load_h5(path: Path) -> FloatNetwork:
    """Load a Keras weights file (or a whole saved model) of YAMNet, strictly.

    Raises:
        SourceError: h5py is not installed.
        ModelError: no HDF5 file; a tensor is missing, left over, of another shape or not finite. The text names it.
        OSError: the file cannot be read.
    """
    try:
        import h5py
    except ImportError as error:
        raise SourceError(_INSTALL) from error
    path.stat()
    try:
        with h5py.File(path, "r") as file:
            arrays = _unique(path, _tensors(path, file.get("model_weights", file)))
    except (OSError, RuntimeError, KeyError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not a Keras HDF5 weights file, or damaged: {error}") from error
    return _assemble(path, arrays)


def _tensors(path: Path, root: Any) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    """Every tensor by its own name without the group's: 'layer1/conv/kernel'."""
    if "layer_names" not in root.attrs:
        raise ModelError(
            f"{path}: no Keras 2 weights file (no 'layer_names'); save with model.save_weights('yamnet.h5') of tf-keras"
        )
    listed = set()
    for layer in _names(root.attrs, "layer_names"):
        if layer not in root:
            raise ModelError(f"{path}: layer '{layer}' is listed but not there")
        for tensor in _names(root[layer].attrs, "weight_names"):
            if tensor not in root[layer]:
                raise ModelError(f"{path}: tensor '{tensor}' is listed but not there")
            dataset = root[layer][tensor]
            listed.add(dataset.name)
            yield tensor.removesuffix(":0"), dataset[()]
    stored: list[str] = []
    root.visititems(lambda _, item: stored.append(item.name) if hasattr(item, "shape") else None)
    if unlisted := sorted(set(stored) - listed):
        raise ModelError(f"{path}: '{unlisted[0]}' is stored but belongs to no listed layer")


def _unique(path: Path, tensors: Iterator[tuple[str, npt.NDArray[np.generic]]]) -> dict[str, npt.NDArray[np.generic]]:
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for name, array in tensors:
        if name in arrays:
            raise ModelError(f"{path}: tensor '{name}' is there twice")
        arrays[name] = array
    return arrays


def _names(attributes: Any, key: str) -> list[str]:
    """A list of names; Keras splits long ones over `key`0, `key`1, …"""
    parts = [key] if key in attributes else []
    while not parts or parts != [key]:
        part = f"{key}{len(parts)}"
        if part not in attributes:
            break
        parts.append(part)
    values = [value for part in parts for value in attributes[part]]
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _assemble(path: Path, arrays: dict[str, npt.NDArray[np.generic]]) -> FloatNetwork:
    left = dict(arrays)

    def take(name: str, shape: tuple[int, ...]) -> Float:
        if name not in left:
            raise ModelError(f"{path}: tensor '{name}' is missing")
        return checked(path, name, left.pop(name), shape)

    layers = []
    for slot in slots(head_size(path, arrays, "logits/kernel")):
        if slot.operator == "FULLY_CONNECTED":
            weights, bias = take("logits/kernel", slot.weights), take("logits/bias", slot.weights[-1:])
        else:
            weights, bias = _folded(path, slot, take)
        layers.append(Weighted(slot.name, slot.operator, slot.stride, weights, bias))
    if left:
        raise ModelError(f"{path}: {len(left)} tensor(s) belong to no layer, the first is '{min(left)}'")
    return FloatNetwork(tuple(layers))


def _folded(path: Path, slot: Slot, take: Any) -> tuple[Float, Float]:
    """Weights and bias of a convolution with its batch norm: w / sqrt(v + eps), beta - mean / sqrt(v + eps)."""
    if slot.operator == "DEPTHWISE_CONV_2D":
        kernel = take(f"{slot.name}/depthwise_kernel", (*slot.weights, 1))
    elif len(slot.weights) == 2:
        kernel = take(f"{slot.name}/kernel", (1, 1, *slot.weights))
    else:
        kernel = take(f"{slot.name}/kernel", slot.weights)
    channels = slot.weights[-1:]
    beta, mean, variance = (take(f"{slot.name}/bn/{name}", channels).astype(np.float64) for name in _STATISTICS)
    if variance.min() < 0:
        raise ModelError(f"{path}: '{slot.name}/bn/moving_variance' is negative")
    gain = 1 / np.sqrt(variance + BATCH_NORM_EPSILON)
    weights = kernel.reshape(slot.weights).astype(np.float64) * gain
    return weights.astype(np.float32), (beta - mean * gain).astype(np.float32)
