# SPDX-License-Identifier: Apache-2.0
"""Whoever only wants a device has neither PyTorch nor h5py, and loads nothing of the quantiser."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from yamnet_tools.paths import CHECKOUT

SCRIPTS = ("classify", "convert_yamnet", "mkspiffs_model", "flash_model", "device", "simulate_device", "tune_rules")

WITHOUT = """
import runpy, sys
for name in ("torch", "h5py", "yamnet_tools.quantise"):
    sys.modules[name] = None
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, str(CHECKOUT / "tools" / f"{script}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_tool_starts_without_the_quantiser_and_does_not_speak_of_it(script: str) -> None:
    done = _run(script, "--help")
    assert done.returncode == 0, done.stderr
    for word in ("quantis", "calib", "PyTorch", "tuning"):
        assert word not in done.stdout


def test_the_model_is_made_without_it(weights_dir: Path, tmp_path: Path) -> None:
    done = _run("convert_yamnet", "--weights", str(weights_dir), "--out", str(tmp_path), "--offline")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "yamnet.tflite").is_file()


def test_installing_the_tools_does_not_install_it() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["device"]]
    assert not [name for name in needed if name.startswith(("torch", "h5py"))]
