# SPDX-License-Identifier: Apache-2.0
"""What a stopped quantisation has done so far, so that the same command goes on from there.

One folder per job, named by a hash of everything the result depends on; a stage's file appears when it is complete.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yamnet_tools.errors import ModelError
from yamnet_tools.files import replacing
from yamnet_tools.paths import cache_dir
from yamnet_tools.quantise.float_network import FloatNetwork
from yamnet_tools.quantise.int8_network import Affine, Int8Layer, Int8Network
from yamnet_tools.quantise.weights_npz import read_arrays

Arrays = dict[str, npt.NDArray[np.generic]]

_WRITE_EVERY_S = 30.0


class Partial:
    """What a stage has done of its work so far, so that a stopped one goes on in its middle.

    Args:
        read: gives what was kept, None where nothing was.
        write: keeps arrays in place of those kept before.
    """

    def __init__(
        self, read: Callable[[], Arrays | None] = lambda: None, write: Callable[[Arrays], None] = lambda _: None
    ) -> None:
        self._arrays: Arrays = dict(read() or {})
        self._write = write
        self._written = time.monotonic()

    def __getitem__(self, name: str) -> npt.NDArray[np.generic]:
        return self._arrays[name]

    def get(self, name: str) -> npt.NDArray[np.generic] | None:
        """An array that was kept, or None."""
        return self._arrays.get(name)

    def keep(self, arrays: Mapping[str, npt.NDArray[np.generic]], *, now: bool = False) -> None:
        """Keep arrays beside those kept before; on disk every half minute, or `now`."""
        self._arrays.update(arrays)
        if now or time.monotonic() - self._written >= _WRITE_EVERY_S:
            self._write(self._arrays)
            self._written = time.monotonic()


class Checkpoints:
    """The stages of one job on disk.

    Args:
        job: all that decides the result; JSON values.
        folder: where jobs lie; by default in the user's cache.
    """

    def __init__(self, job: Mapping[str, object], folder: Path | None = None) -> None:
        name = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()[:16]
        self._folder = (folder or cache_dir() / "quantise") / name

    def stage(self, name: str, compute: Callable[[Partial], Arrays], report: Callable[[str], None]) -> Arrays:
        """A stage's arrays: from disk if they are there and whole, else computed and kept.

        `compute` keeps in a Partial what it has done so far.
        """
        kept = self.read(name)
        if kept is not None:
            report(f"{name}: taken up from {self._folder}")
            return kept
        half = f"{name}-partial"
        arrays = compute(Partial(lambda: self.read(half), lambda arrays: self.write(half, arrays)))
        self.write(name, arrays)
        (self._folder / f"{half}.npz").unlink(missing_ok=True)
        return arrays

    def read(self, name: str) -> Arrays | None:
        """A stage's arrays, or None if there are none or they are damaged."""
        path = self._folder / f"{name}.npz"
        if not path.is_file():
            return None
        try:
            return read_arrays(path)
        except ModelError:
            return None

    def write(self, name: str, arrays: Arrays) -> None:
        """Keep a stage's arrays."""
        with replacing(self._folder / f"{name}.npz") as temporary:
            np.savez(temporary, allow_pickle=False, **arrays)

    def remove(self) -> None:
        """Forget the job once its result is kept elsewhere."""
        shutil.rmtree(self._folder, ignore_errors=True)


def pack_network(network: Int8Network) -> Arrays:
    """An int8 network as arrays."""
    arrays: Arrays = {
        "patch": _packed(network.patch),
        "mean": _packed(network.mean),
    }
    for index, layer in enumerate(network.layers):
        arrays[f"weights{index}"], arrays[f"scales{index}"] = layer.weights, layer.scales
        arrays[f"bias{index}"], arrays[f"output{index}"] = layer.bias, _packed(layer.output)
        arrays[f"source{index}"], arrays[f"source_bias{index}"] = layer.source.weights, layer.source.bias
    return arrays


def unpack_network(arrays: Arrays, network: FloatNetwork) -> Int8Network:
    """The inverse of pack_network; `network` tells the layers' names, operators and strides."""
    layers = []
    for index, source in enumerate(network.layers):
        weights = arrays[f"weights{index}"].astype(np.int8)
        scales = arrays[f"scales{index}"].astype(np.float64)
        bias = arrays[f"bias{index}"].astype(np.float64)
        exact = replace(
            source,
            weights=arrays[f"source{index}"].astype(np.float32),
            bias=arrays[f"source_bias{index}"].astype(np.float32),
        )
        layers.append(Int8Layer(exact, weights, scales, bias, _unpacked(arrays[f"output{index}"])))
    return Int8Network(_unpacked(arrays["patch"]), tuple(layers), _unpacked(arrays["mean"]))


def _packed(affine: Affine) -> npt.NDArray[np.float64]:
    return np.array([affine.scale, affine.zero_point], np.float64)


def _unpacked(values: npt.NDArray[np.generic]) -> Affine:
    scale, zero_point = values.astype(np.float64)
    return Affine(float(scale), int(zero_point))
