# SPDX-License-Identifier: Apache-2.0
"""Runs the C++ tests of this folder under address and undefined-behaviour sanitizers."""

import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import native_build
from firmware_files import selftest, write_manifest
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model_image.content import SELFTEST_NAME
from yamnet_tools.paths import CLASS_MAP_NAME, MANIFEST_NAME, MODEL_NAME

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def programs() -> Path:
    """The folder with this folder's programs, built now."""
    return native_build.native_tests()


def test_native_tests_pass(programs: Path) -> None:
    result = subprocess.run(
        ["ctest", "--test-dir", str(programs), "--output-on-failure", "--no-tests=error"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_what_other_tasks_do_has_no_race() -> None:
    folder = native_build.native_tests("thread", targets=["clip_store_tasks_test"])
    result = subprocess.run([folder / "clip_store_tasks_test"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr[:8000]


def test_damaged_model_files_never_harm_the_checks(programs: Path, converted_model: Path, tmp_path: Path) -> None:
    for name in (MODEL_NAME, CLASS_MAP_NAME):
        shutil.copy(converted_model.parent / name, tmp_path)
    patch, scores = np.zeros((96, 64), np.int8), np.zeros(521, np.int8)
    (tmp_path / SELFTEST_NAME).write_bytes(selftest(patch, scores, (0.02, 3), (1 / 256, -128), b"model"))
    write_manifest(tmp_path)
    files = [tmp_path / name for name in (MODEL_NAME, CLASS_MAP_NAME, MANIFEST_NAME, SELFTEST_NAME)]
    command = [programs / "model_fuzz", *files, "400", "1"]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-8000:]


def test_one_product_requantises_every_convolution_channel_of_the_model(
    programs: Path, converted_model: Path, tmp_path: Path
) -> None:
    """At each value where an output begins, and beside it: nothing changes between."""
    network = read_model(converted_model.read_bytes())
    channels = []
    for operator in network.operators:
        if operator.name not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            continue
        values, weights, bias = (network.tensors[index] for index in operator.inputs)
        result = network.tensors[operator.outputs[0]]
        axis = 0 if operator.name == "CONV_2D" else 3
        count = weights.shape[axis]
        absolute = np.abs(np.frombuffer(weights.data, np.int8).reshape(weights.shape).astype(np.int64))
        reach = 255 * np.moveaxis(absolute, axis, 0).reshape(count, -1).sum(axis=1)
        most = reach + np.abs(np.frombuffer(bias.data, np.int32).astype(np.int64))
        for scale, largest in zip(weights.quantization.scales, most, strict=True):
            multiplier = float(values.quantization.scales[0]) * float(scale) / float(result.quantization.scales[0])
            fraction, exponent = math.frexp(multiplier)
            scaled = round(fraction * 2**31)
            channels.append(f"{scaled} {exponent} {result.quantization.zero_points[0]} {largest}")
    assert len(channels) == 10_944
    file = tmp_path / "channels.txt"
    file.write_text("\n".join(channels))
    done = subprocess.run([programs / "requantize_test", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "10944 channels\n"
