# SPDX-License-Identifier: Apache-2.0
"""Builds the project's C++ for tests, below out/ so that a second run is quick."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from shared_work import one_at_a_time

CHECKOUT = Path(__file__).resolve().parents[1]


def build(source: Path, name: str, *options: str, targets: Sequence[str] = ("all",)) -> Path:
    """Configure and build a CMake project in out/<name>; returns that folder. Compiler output shows on failure."""
    folder = CHECKOUT / "out" / name
    configure = ["cmake", "-G", "Ninja", "-S", str(source), "-B", str(folder), *options]
    with one_at_a_time(folder):
        for command in (configure, ["cmake", "--build", str(folder), "--target", *targets]):
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    return folder


def native_tests(sanitize: str = "address,undefined", targets: Sequence[str] = ("all",)) -> Path:
    """Build host_tests/native, or parts of it, under a sanitizer; returns its build folder."""
    name = "native_tests" if "address" in sanitize else f"native_{sanitize}"
    options = (f"-DNATIVE_SANITIZE={sanitize}", f"-DPython_EXECUTABLE={sys.executable}")
    return build(CHECKOUT / "host_tests" / "native", name, *options, targets=targets)
