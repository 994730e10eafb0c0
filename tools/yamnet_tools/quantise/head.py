# SPDX-License-Identifier: Apache-2.0
"""Another classifier on the same network: transfer learning's way onto the device.

HEAD.npz holds `weights` float32 [1024, K], `bias` float32 [K] and `class_names`, K strings.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from yamnet_tools.errors import ModelError
from yamnet_tools.model.class_map import extended_class_map
from yamnet_tools.model.network import EMBEDDING_SIZE, MOST_CLASSES
from yamnet_tools.quantise.float_network import Float, FloatNetwork
from yamnet_tools.quantise.weights_npz import checked, read_arrays

_KEYS = {"weights", "bias", "class_names"}


@dataclass(frozen=True)
class Head:
    """A classifier: weights [1024, K], bias [K] and its classes' names."""

    weights: Float
    bias: Float
    class_names: tuple[str, ...]

    def class_map(self) -> bytes:
        """The class map's file."""
        return extended_class_map(b"", self.class_names)


def load_head(path: Path) -> Head:
    """Read HEAD.npz, strictly.

    Raises:
        ModelError: not such a file; an array is missing, left over, of another shape, or not finite; a name is empty or
            there twice. The text names the file and the array.
        OSError: the file cannot be read.
    """
    arrays = read_arrays(path)
    if odd := sorted(_KEYS ^ arrays.keys()):
        raise ModelError(
            f"{path}: '{odd[0]}' is {'missing' if odd[0] in _KEYS else 'none of ' + ', '.join(sorted(_KEYS))}"
        )
    names = arrays["class_names"]
    if names.ndim != 1 or names.dtype.kind != "U" or not 1 <= names.size <= MOST_CLASSES:
        raise ModelError(f"{path}: 'class_names' is no list of 1 to {MOST_CLASSES} strings")
    texts = tuple(str(name).strip() for name in names)
    if not all(texts) or len(set(texts)) < len(texts):
        raise ModelError(f"{path}: 'class_names' holds an empty name or one name twice")
    weights = checked(path, "weights", arrays["weights"], (EMBEDDING_SIZE, names.size))
    bias = checked(path, "bias", arrays["bias"], (names.size,))
    return Head(weights, bias, texts)


def with_head(network: FloatNetwork, head: Head) -> FloatNetwork:
    """The network with its classifier replaced."""
    classifier = replace(network.layers[-1], weights=head.weights, bias=np.asarray(head.bias))
    return network.with_layers([*network.layers[:-1], classifier])
