# SPDX-License-Identifier: Apache-2.0
"""Builds the project's C++ for tests, below out/ so that a second run is quick."""

import os
import shutil
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
        parallel = ["--parallel", str(os.cpu_count() or 1)]  # Ninja's own choice leaves nothing to tests beside it
        for command in (configure, ["cmake", "--build", str(folder), *parallel, "--target", *targets]):
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    return folder


def native_tests(sanitize: str = "address,undefined", targets: Sequence[str] = ("all",)) -> Path:
    """Build host_tests/native, or parts of it, under a sanitizer; returns its build folder."""
    name = "native_tests" if "address" in sanitize else f"native_{sanitize}"
    options = (f"-DNATIVE_SANITIZE={sanitize}", f"-DPython_EXECUTABLE={sys.executable}")
    return build(CHECKOUT / "host_tests" / "native", name, *options, targets=targets)


def sanitizer_environment(*, leaks: bool = False) -> dict[str, str]:
    """Build device_core with sanitizers; returns the environment for a Python that uses it (other_device_core.py).

    Args:
        leaks: let that process look for leaks when it wants to, by LSan's __lsan_do_recoverable_leak_check. It does not
            when it ends: CPython keeps memory until then.
    """
    return {
        "DEVICE_CORE_DIR": str(_sanitized_package()),
        "LD_PRELOAD": _preloaded_libraries(),
        "ASAN_OPTIONS": f"detect_leaks={int(leaks)}:leak_check_at_exit=0:abort_on_error=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    } | ({"PYTHONMALLOC": "malloc"} if leaks else {})  # LSan does not look into CPython's own arenas


def _sanitized_package() -> Path:
    folder = native_tests(targets=["_core"])
    package = folder / "package" / "device_core"
    package.mkdir(parents=True, exist_ok=True)
    (extension,) = (folder / "device_core").glob("_core*.so")
    for file in (CHECKOUT / "tools" / "device_core" / "device_core" / "__init__.py", extension):
        copy = package / f"{file.name}.{os.getpid()}"
        shutil.copy(file, copy)
        copy.replace(package / file.name)  # other processes may be using the old one
    return package


def _preloaded_libraries() -> str:
    """The sanitizer's runtime, and libstdc++ so early that the runtime can intercept C++ exceptions."""
    paths = [
        subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libstdc++.so")
    ]
    return " ".join(paths)
