# SPDX-License-Identifier: Apache-2.0
"""A damaged source gives an error or the model that the whole one gives: no crash, no hang, no wrong model.

YAMNET_CORRUPTIONS sets how many are tried (160 by default).
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from yamnet_tools.errors import YamnetToolsError
from yamnet_tools.model import ConversionResult, convert
from yamnet_tools.model.tflite_reader import read_model

pytestmark = pytest.mark.slow

COUNT = int(os.environ.get("YAMNET_CORRUPTIONS", "160"))
LONGEST_S = 200  # more than the sandbox allows

Damage = Callable[[bytearray, np.random.Generator, np.ndarray], bytes]


def structure_offsets(data: bytes) -> np.ndarray:
    """Byte positions outside all constants: tables, vectors, names, quantisation."""
    outside = np.ones(len(data), bool)
    start = np.frombuffer(data, np.uint8).ctypes.data
    for tensor in read_model(data).tensors:
        if tensor.data is not None:
            offset = tensor.data.ctypes.data - start
            outside[offset : offset + tensor.data.size] = False
    return np.flatnonzero(outside)


def flip_structure(data: bytearray, rng: np.random.Generator, structure: np.ndarray) -> bytes:
    for position in rng.choice(structure, rng.integers(1, 5)):
        data[position] = rng.integers(256)
    return bytes(data)


def flip_one_bit(data: bytearray, rng: np.random.Generator, structure: np.ndarray) -> bytes:
    data[rng.choice(structure)] ^= 1 << rng.integers(8)
    return bytes(data)


def flip_anywhere(data: bytearray, rng: np.random.Generator, structure: np.ndarray) -> bytes:  # noqa: ARG001
    for position in rng.integers(0, len(data), rng.integers(1, 65)):
        data[position] = rng.integers(256)
    return bytes(data)


def zero_range(data: bytearray, rng: np.random.Generator, structure: np.ndarray) -> bytes:  # noqa: ARG001
    size = int(2 ** rng.uniform(2, 18))
    start = rng.integers(0, len(data) - size)
    data[start : start + size] = bytes(size)
    return bytes(data)


def truncate(data: bytearray, rng: np.random.Generator, structure: np.ndarray) -> bytes:  # noqa: ARG001
    return bytes(data[: rng.integers(0, len(data))])  # only the label ZIP at the file's end can be missed


def insert(data: bytearray, rng: np.random.Generator, structure: np.ndarray) -> bytes:  # noqa: ARG001
    position = rng.integers(0, len(data))
    return bytes(data[:position] + rng.bytes(rng.integers(1, 65)) + data[position:])


def huge_number(data: bytearray, rng: np.random.Generator, structure: np.ndarray) -> bytes:
    position = int(rng.choice(structure)) // 4 * 4
    value = int(rng.choice([0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, len(data), 0x00FFFFFF]))
    data[position : position + 4] = value.to_bytes(4, "little")
    return bytes(data)


def swap_blocks(data: bytearray, rng: np.random.Generator, structure: np.ndarray) -> bytes:  # noqa: ARG001
    size = 512  # a disk sector
    first, second = rng.integers(0, len(data) // size, 2) * size
    block = data[first : first + size]
    data[first : first + size] = data[second : second + size]
    data[second : second + size] = block
    return bytes(data)


KINDS = (flip_structure, flip_one_bit, flip_anywhere, zero_range, truncate, insert, huge_number, swap_blocks)


@pytest.mark.parametrize("damage", KINDS)
def test_damaged_source_gives_an_error_or_the_right_model(
    damage: Damage,
    source_bytes: bytes,
    class_map_bytes: bytes,
    converted: ConversionResult,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    structure = structure_offsets(source_bytes)
    source, out = tmp_path / "source.tflite", tmp_path / "out"
    (tmp_path / "yamnet_class_map.csv").write_bytes(class_map_bytes)
    outcomes: Counter[str] = Counter()
    for seed in range(COUNT // len(KINDS)):
        rng = np.random.default_rng([KINDS.index(damage), seed])
        source.write_bytes(damage(bytearray(source_bytes), rng, structure))
        for old in out.glob("*"):
            old.unlink()
        began = time.monotonic()
        try:
            result = convert(source, out, allow_unknown=True, offline=True)
        except YamnetToolsError as error:
            outcomes["refused" if str(error).startswith(str(source)) else "refused without a name"] += 1
            written = list(out.glob("*"))
        else:
            written = []
            assert result.manifest.source.known == (source.read_bytes() == source_bytes)
            outcomes["verified"] += 1
            # What passes was damaged where the network is not.
            assert result.manifest.model.sha256 == converted.manifest.model.sha256, f"seed {seed}: another model"
        assert not written, f"seed {seed}: something was written before it failed"
        assert time.monotonic() - began < LONGEST_S, f"seed {seed} took too long"
    record_property("outcomes", dict(outcomes))
    assert outcomes["refused"] > 0
    assert outcomes["refused without a name"] == 0
