# SPDX-License-Identifier: Apache-2.0
"""README.md and docs/hardware.md in their own order, in a clean clone: what tools write leaves `build/` to idf.py."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from yamnet_tools.paths import CHECKOUT

# ESP-IDF's rule before it empties a build folder (tools/idf_py_actions/core_ext.py, fullclean).
IDF = """#!/bin/sh
if [ -n "$(ls -A build 2>/dev/null)" ] && [ ! -e build/CMakeCache.txt ]; then
  echo "Directory 'build' doesn't seem to be a CMake build directory. Refusing to automatically delete files" >&2
  exit 2
fi
echo "idf.py $*" >> idf.log
"""

# The installed package is another checkout's: only device_core is taken from it.
PYTHON = """
import runpy, sys
import device_core
sys.meta_path[:] = [finder for finder in sys.meta_path if "ScikitBuild" not in type(finder).__name__]
sys.path.insert(0, {tools!r})
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git would give, an environment that is up to date, and an idf.py that only checks its build folder."""
    listed = ["git", "-C", str(CHECKOUT), "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"needs a git checkout: {done.stderr.strip()}")
    folder = tmp_path / "clone"
    for name in done.stdout.splitlines():
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, folder / name)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "run.py").write_text(PYTHON.format(tools=str(folder / "tools")))
    _program(programs / "python", f'#!/bin/sh\nexec "{sys.executable}" "{programs / "run.py"}" "$@"\n')
    _program(programs / "idf.py", IDF)
    (folder / ".venv" / "installed-none").touch()
    return folder


def _run(command: str, clone: Path, weights_dir: Path) -> None:
    path = f"{clone / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "YAMNET_WEIGHTS_DIR": str(weights_dir), "PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", "-c", command], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\nexit {done.returncode}\n{done.stdout}{done.stderr}"


def _commands(document: str) -> list[str]:
    """The lines of a document's sh blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (CHECKOUT / document).read_text(), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line]


def test_the_hardware_guide_up_to_the_firmware(clone: Path, weights_dir: Path) -> None:
    commands = _commands("docs/hardware.md")
    firmware = next(i for i, command in enumerate(commands) if command.startswith("idf.py set-target esp32s3"))
    assert commands[:firmware] == ["python tools/mkspiffs_model.py"]
    for command in commands[: firmware + 1]:
        _run(command, clone, weights_dir)
    assert (clone / "idf.log").is_file()
    assert not (clone / "build").exists()
    assert (clone / "out" / "model" / "yamnet_spiffs.bin").is_file()


def test_the_readme_up_to_the_firmware(clone: Path, weights_dir: Path) -> None:
    commands = _commands("README.md")
    firmware = next(i for i, command in enumerate(commands) if command.startswith("idf.py set-target esp32s3"))
    demo = next(command for command in commands[:firmware] if command.startswith("bash tools/demo.sh"))
    for command in (demo, commands[firmware]):
        _run(command, clone, weights_dir)
    assert (clone / "idf.log").is_file()
    assert not (clone / "build").exists()
    assert (clone / "out" / "demo.png").is_file()


def test_installing_the_package_leaves_it_alone_too() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    assert Path(project["tool"]["scikit-build"]["build-dir"]).parts[0] == "out"
