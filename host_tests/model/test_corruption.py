# SPDX-License-Identifier: Apache-2.0
"""A damaged source gives an error or a model that computes what that source computes: no crash, hang or wrong model.

YAMNET_CORRUPTIONS sets how many are tried (120 by default; 1000 take about half an hour).
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from yamnet_tools.errors import YamnetToolsError
from yamnet_tools.model import convert
from yamnet_tools.model.tflite_reader import read_model

COUNT = int(os.environ.get("YAMNET_CORRUPTIONS", "120"))
LONGEST_S = 90
CROSS_CHECKS_PER_KIND = 1 if COUNT <= 120 else COUNT

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

# Runs a waveform model and a converted one on sounds that the converter's proof does not use.
CROSS_CHECK = """
import sys
import device_core, numpy as np
from pathlib import Path
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from yamnet_tools.engines import open_engine
from yamnet_tools.model import load_model

model = load_model(Path(sys.argv[2]))
rng = np.random.default_rng(99)
times = np.arange(15600) / 16000
windows = []
for index in range(5):
    pitch, level = 200 * 2 ** index, 10 ** rng.uniform(-2, -0.5)
    sound = np.sign(np.sin(2 * np.pi * pitch * times)) * np.exp(-times * index) + rng.normal(0, 0.3, times.size)
    windows.append(np.clip(np.round(sound * level * 16384), -32768, 32767).astype(np.int16))
source = Interpreter(sys.argv[1], num_threads=1,
                     experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
source.allocate_tensors()
engine = open_engine("tflm", model)
for window in windows:
    source.set_tensor(source.get_input_details()[0]["index"],
                      (window / np.float32(32768)).reshape(source.get_input_details()[0]["shape"]))
    source.invoke()
    expected = source.get_tensor(source.get_output_details()[0]["index"])[0]
    patches, _ = device_core.PatchStream(model.front_end, *model.input_quantization).feed(window)
    found = model.output_quantization.scale * (engine.score(patches)[0].astype(int)
                                               - model.output_quantization.zero_point)
    assert np.abs(expected - found).max() < 0.16, np.abs(expected - found).max()
    assert expected[found == found.max()].max() > expected.max() - 0.09, (expected.argmax(), found.argmax())
"""


@pytest.mark.parametrize("damage", KINDS)
def test_damaged_source_gives_an_error_or_a_verified_model(
    damage: Damage,
    source_bytes: bytes,
    class_map_bytes: bytes,
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
            if outcomes["verified"] <= CROSS_CHECKS_PER_KIND:
                check = subprocess.run(
                    [sys.executable, "-c", CROSS_CHECK, source, result.model], capture_output=True, check=False
                )
                assert check.returncode == 0, f"seed {seed}: {check.stderr.decode()}"
        assert not written, f"seed {seed}: something was written before it failed"
        assert time.monotonic() - began < LONGEST_S, f"seed {seed} took too long"
    record_property("outcomes", dict(outcomes))
    assert outcomes["refused"] > 0
    assert outcomes["refused without a name"] == 0
