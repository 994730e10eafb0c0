# SPDX-License-Identifier: Apache-2.0
"""Loads float weights from an .npz with batch norm already folded in: every tensor by name and shape, nothing else.

Keys: `layer1_w` [3, 3, 1, 32], `layer1_b`; for k = 2..14 `layerK_dw` [3, 3, C], `layerK_dwb`, `layerK_pw`
[C_in, C_out], `layerK_pwb`; `fc_w` [1024, K], `fc_b`. float32.
"""

import re
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yamnet_tools.errors import ModelError
from yamnet_tools.quantise.float_network import Float, FloatNetwork, Slot, Weighted, slots

LARGEST_ARRAYS_BYTES = 256 << 20
_HEAD_WEIGHTS, _HEAD_BIAS = "fc_w", "fc_b"


def load_npz(path: Path) -> FloatNetwork:
    """Load the folded layout.

    Raises:
        ModelError: no .npz, or a tensor is missing, left over, of another shape or type, or not finite; the text
            names it.
        OSError: the file cannot be read.
    """
    arrays = read_arrays(path)
    wanted = slots(head_size(path, arrays, _HEAD_WEIGHTS))
    names = [_keys(slot.name) for slot in wanted]
    expected = {key for pair in names for key in pair}
    if missing := sorted(expected - arrays.keys()):
        raise ModelError(f"{path}: {len(missing)} tensor(s) are missing, the first is '{missing[0]}'")
    if extra := sorted(arrays.keys() - expected):
        raise ModelError(f"{path}: {len(extra)} tensor(s) belong to no layer, the first is '{extra[0]}'")
    layers = []
    for slot, (weights, bias) in zip(wanted, names, strict=True):
        layers.append(
            _layer(
                slot,
                checked(path, weights, arrays[weights], slot.weights),
                checked(path, bias, arrays[bias], slot.weights[-1:]),
            )
        )
    return FloatNetwork(tuple(layers))


def read_arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """All arrays of an .npz of plain numbers, without running any code in it.

    Raises:
        ModelError: not such a file, or an array is damaged.
        OSError: the file cannot be read.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ModelError(f"{path}: one bare array (.npy), not an .npz of named ones")
        with loaded as archive:
            size = sum(info.file_size for info in archive.zip.infolist())
            if size > LARGEST_ARRAYS_BYTES:
                raise ModelError(f"{path}: {size:,} bytes of arrays are too many for a YAMNet")
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, MemoryError) as error:
        raise ModelError(f"{path}: not an .npz of plain arrays, or damaged: {error}") from error


def head_size(path: Path, arrays: dict[str, npt.NDArray[np.generic]], key: str) -> int:
    """How many classes the classifier's weights have; ModelError if they are missing or no matrix."""
    if key not in arrays:
        raise ModelError(f"{path}: '{key}', the classifier's weights, is missing")
    if arrays[key].ndim != 2:
        raise ModelError(f"{path}: '{key}' has shape {list(arrays[key].shape)}, not [1024, classes]")
    return int(arrays[key].shape[1])


def checked(path: Path, name: str, array: npt.NDArray[np.generic], shape: tuple[int, ...]) -> Float:
    """An array as float32, or a ModelError that names it and what is wrong."""
    if array.shape != shape:
        raise ModelError(f"{path}: '{name}' has shape {list(array.shape)}, not {list(shape)}")
    if array.dtype not in (np.float32, np.float64, np.float16):
        raise ModelError(f"{path}: '{name}' holds {array.dtype}, not float32")
    values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise ModelError(f"{path}: '{name}' holds a NaN or an infinite value")
    return values


def _layer(slot: Slot, weights: Float, bias: Float) -> Weighted:
    return Weighted(slot.name, slot.operator, slot.stride, weights, bias)


def _keys(name: str) -> tuple[str, str]:
    """The keys of a layer's weights and bias."""
    if name == "logits":
        return _HEAD_WEIGHTS, _HEAD_BIAS
    match = re.fullmatch(r"(layer\d+)/(conv|depthwise_conv|pointwise_conv)", name)
    assert match is not None, name
    kind = {"conv": "", "depthwise_conv": "dw", "pointwise_conv": "pw"}[match[2]]
    return f"{match[1]}_{kind or 'w'}", f"{match[1]}_{kind}b"
