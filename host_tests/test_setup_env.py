# SPDX-License-Identifier: Apache-2.0
"""tools/setup_env.sh is never silent for long, and benchmarks say what they lack."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from yamnet_tools.paths import CHECKOUT


def _set_up(folder: Path, pip: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a folder whose environment is a shell script."""
    (folder / "tools").mkdir()
    (folder / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(CHECKOUT / "tools" / "setup_env.sh", folder / "tools")
    python = folder / ".venv" / "bin" / "python"
    python.write_text(f"#!/bin/sh\n{pip}\n")
    python.chmod(0o755)
    script = ["bash", str(folder / "tools" / "setup_env.sh")]
    environment = dict(os.environ, PYTHON=sys.executable)
    return subprocess.run(script, capture_output=True, text=True, env=environment, timeout=120, check=False)


@pytest.mark.slow
def test_setup_says_that_it_is_still_at_it(tmp_path: Path) -> None:
    done = _set_up(tmp_path, "echo 'Collecting x'; sleep 17; echo 'Building wheels for collected packages: x'")
    assert done.returncode == 0, done.stderr
    first, still, then = done.stderr.splitlines()
    assert first == "setup: finding and fetching packages"
    assert still.startswith("setup: still at it, 1")
    assert then == "setup: compiling the device's C++ as a Python module"


def test_setup_fails_as_pip_does(tmp_path: Path) -> None:
    assert _set_up(tmp_path, "exit 3").returncode == 3
    assert not list((tmp_path / ".venv").glob("installed-*"))


_WITHOUT_LIBROSA = """
import importlib.util, runpy, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "librosa" else find(name, *more)
sys.path.insert(0, sys.argv[2])
script, sys.argv = sys.argv[1], ["log_mel_cost.py"]
runpy.run_path(script, run_name="__main__")
"""


def test_a_benchmark_without_its_packages_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "kaldi_native_fbank.py").touch()
    command = [sys.executable, "-c", _WITHOUT_LIBROSA, str(CHECKOUT / "benchmarks" / "log_mel_cost.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "log_mel_cost.py: error: librosa not installed: pip install -e '.[bench]'\n"
