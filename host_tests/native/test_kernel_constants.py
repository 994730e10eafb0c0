# SPDX-License-Identifier: Apache-2.0
"""The kernels' tests notice a constant that is wrong by one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from native_build import CHECKOUT

pytestmark = pytest.mark.slow

COMPONENT = CHECKOUT / "components" / "sound_model"
APP = COMPONENT / "test_apps" / "kernels" / "main"
NATIVE = CHECKOUT / "host_tests" / "native"
SOURCES = {
    "requantize_test": [NATIVE / "requantize_test.cpp"],
    "kernels_test": [NATIVE / "kernels_test.cpp", APP / "random_layers.cpp"],
}
KERNELS = ("kernels/depthwise.cpp", "kernels/pointwise.cpp")

CHANGES = [
    ("requantize_test", "kernels/requantize.h", "offset = 2 + (", "offset = 3 + ("),
    ("requantize_test", "kernels/requantize.h", "? 2 << exponent : 0)", "? 3 << exponent : 0)"),
    ("requantize_test", "kernels/requantize.h", "shift = exponent + 2;", "shift = exponent + 3;"),
    ("requantize_test", "kernels/requantize.h", "int64_t{8 * value}", "int64_t{9 * value}"),
    ("requantize_test", "kernels/requantize.h", "(1 + 2 * stage.zero_point)", "(2 + 2 * stage.zero_point)"),
    ("requantize_test", "kernels/requantize.h", "(high + (high >> 31))", "(high + (high >> 31) + 1)"),
    ("requantize_test", "kernels/requantize.h", "kMostShifts = 18", "kMostShifts = 19"),
    ("requantize_test", "kernels/requantize.h", "most < (int64_t{1} << 28)", "most < (int64_t{1} << 28) + 1"),
    ("kernels_test", "kernels/requantize.h", "return -exponent - 1;", "return -exponent - 2;"),
    ("kernels_test", "kernels/depthwise.cpp", "kGap = 2 * kHalf - 1;", "kGap = 2 * kHalf;"),
    ("kernels_test", "kernels/depthwise.cpp", "(wide ? 1 - kHalf : 0)", "(wide ? 2 - kHalf : 0)"),
    ("kernels_test", "kernels/depthwise.cpp", "eight.shift = 7 + exponent;", "eight.shift = 8 + exponent;"),
    ("kernels_test", "kernels/depthwise.cpp", "output(most) >= 127 ||", "output(most) >= 126 ||"),
    ("kernels_test", "kernels/depthwise.cpp", "output(least) <= -128 ||", "output(least) <= -127 ||"),
    ("kernels_test", "kernels/pointwise.cpp", "kPositive + layer.", "kPositive + 1 + layer."),
]  # fmt: skip


def run(test: str, source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Compile a test against a component's sources and run it."""
    program = folder / test
    sources = [*SOURCES[test], *(source / name for name in KERNELS if test == "kernels_test")]
    includes = [source, COMPONENT / "include", CHECKOUT / "components" / "base" / "include", APP]
    command = ["g++", "-std=c++23", "-O1", *(f"-I{path}" for path in includes), *sources, "-o", program]
    subprocess.run(command, check=True)
    return subprocess.run([program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("test", SOURCES)
def test_they_pass_as_the_constants_are(test: str, tmp_path: Path) -> None:
    done = run(test, COMPONENT / "src", tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("test", "file", "right", "wrong"), CHANGES)
def test_they_fail_when_one_is_changed_by_one(test: str, file: str, right: str, wrong: str, tmp_path: Path) -> None:
    source = tmp_path / "src"
    shutil.copytree(COMPONENT / "src" / "kernels", source / "kernels")
    text = (source / file).read_text()
    assert text.count(right) == 1
    (source / file).write_text(text.replace(right, wrong))
    done = run(test, source, tmp_path)
    assert done.returncode == 1, f"{test} passes with '{wrong}'"
