# SPDX-License-Identifier: Apache-2.0
"""Runs the portable components' tests in Python against device_core built with sanitizers."""

import os
import subprocess
import sys

import pytest

import native_build

pytestmark = pytest.mark.slow

COMPONENT_TESTS = native_build.CHECKOUT / "host_tests" / "components"


def converted_model_if_any(request: pytest.FixtureRequest) -> dict[str, str]:
    """The model for tests that need one; without weights they skip, and the others still run."""
    try:
        return {"CONVERTED_MODEL": str(request.getfixturevalue("converted_model"))}
    except pytest.skip.Exception:
        return {}


def test_component_tests_pass_under_sanitizers(request: pytest.FixtureRequest) -> None:
    environment = os.environ | converted_model_if_any(request)
    environment |= native_build.sanitizer_environment()
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--capture=sys", "-p", "no:cacheprovider", str(COMPONENT_TESTS)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
