# SPDX-License-Identifier: Apache-2.0
"""Random input to the portable components, under address and undefined-behaviour sanitizers."""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent / "sanitized"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the programs of host_tests/sanitized, built now."""
    if not shutil.which("cmake") or not shutil.which("c++"):
        pytest.skip("needs cmake and a C++ compiler")
    build = tmp_path_factory.mktemp("sanitized")
    for command in (["cmake", "-S", SOURCE, "-B", build], ["cmake", "--build", build, "--parallel", "2"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return build


def run(program: Path, *arguments: object) -> str:
    """What the program prints; a sanitizer's finding or a non-zero exit fails the test."""
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, errors="replace", timeout=100, check=False
    )
    assert done.returncode == 0, f"{program.name} {arguments}:\n{done.stdout[-4000:]}{done.stderr[-8000:]}"
    return done.stdout


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_random_lines_never_harm_the_console(programs: Path, seed: int) -> None:
    assert "answers" in run(programs / "console_fuzz", 10_000, seed)
