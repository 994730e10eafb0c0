# SPDX-License-Identifier: Apache-2.0
"""Runs the portable components' tests in Python against device_core built with sanitizers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import native_build

pytestmark = pytest.mark.slow

DEVICE_CORE = native_build.CHECKOUT / "tools" / "device_core"
COMPONENT_TESTS = native_build.CHECKOUT / "host_tests" / "components"


def sanitized_package() -> Path:
    folder = native_build.native_tests()
    package = folder / "package" / "device_core"
    package.mkdir(parents=True, exist_ok=True)
    shutil.copy(DEVICE_CORE / "device_core" / "__init__.py", package)
    (extension,) = (folder / "device_core").glob("_core*.so")
    shutil.copy(extension, package)
    return package


def preloaded_libraries() -> str:
    """The sanitizer's runtime, and libstdc++ so early that the runtime can intercept C++ exceptions."""
    paths = [
        subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libstdc++.so")
    ]
    return " ".join(paths)


def converted_model_if_any(request: pytest.FixtureRequest) -> dict[str, str]:
    """The model for tests that need one; without weights they skip, and the others still run."""
    try:
        return {"CONVERTED_MODEL": str(request.getfixturevalue("converted_model"))}
    except pytest.skip.Exception:
        return {}


def test_component_tests_pass_under_sanitizers(request: pytest.FixtureRequest) -> None:
    environment = os.environ | converted_model_if_any(request)
    environment |= {
        "DEVICE_CORE_DIR": str(sanitized_package()),
        "LD_PRELOAD": preloaded_libraries(),
        # CPython itself keeps memory until it exits.
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--capture=sys", "-p", "no:cacheprovider", str(COMPONENT_TESTS)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
