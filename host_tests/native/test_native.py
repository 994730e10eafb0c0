# SPDX-License-Identifier: Apache-2.0
"""Runs the C++ tests of this folder under address and undefined-behaviour sanitizers."""

import subprocess
from pathlib import Path

import native_build


def test_native_tests_pass() -> None:
    folder = native_build.build(Path(__file__).parent, "native_tests")
    result = subprocess.run(
        ["ctest", "--test-dir", str(folder), "--output-on-failure", "--no-tests=error"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
