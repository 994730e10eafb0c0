# SPDX-License-Identifier: Apache-2.0
"""The examples that use one component alone, on the PC and as ESP-IDF builds them: they print the same."""

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

import native_build

pytestmark = pytest.mark.slow

EXAMPLES = native_build.CHECKOUT / "examples"
PRINTED = {
    "log_mel_only": [
        "patch at sample 0: CRC32 9c7cb165",
        "patch at sample 7680: CRC32 8d8c3e6f",
        "patch at sample 15360: CRC32 c819839b",
    ],
    "events_only": [
        "bark start 1: samples 46080 to 69360, 2 patches",
        "bark end 1: samples 46080 to 84720, 4 patches",
    ],
}


@pytest.mark.parametrize("name", PRINTED)
def test_on_the_pc(name: str) -> None:
    folder = native_build.build(EXAMPLES / name / "pc", f"example_{name}")
    ran = subprocess.run([folder / name], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == PRINTED[name]


@pytest.mark.parametrize("name", PRINTED)
def test_the_component_manager_finds_what_it_needs(name: str, tmp_path: Path) -> None:
    """As ESP-IDF builds it for Linux, from a copy: what a build leaves in a project stays out of the checkout."""
    if not os.environ.get("IDF_PATH") or not shutil.which("idf.py"):
        pytest.skip("needs ESP-IDF: source its export.sh (5.5 or later), so that IDF_PATH is set and idf.py is found")
    project = tmp_path / "examples" / name
    shutil.copytree(EXAMPLES / name, project, ignore=shutil.ignore_patterns("build*", "sdkconfig", "dependencies.lock"))
    (tmp_path / "components").symlink_to(native_build.CHECKOUT / "components")
    environment = os.environ | {"IDF_COMPONENT_MANAGER": "1"}
    command = ["idf.py", "-C", str(project), "--preview", "set-target", "linux", "build"]
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]
    assert _printed(project / "build" / f"{name}.elf", len(PRINTED[name])) == PRINTED[name]


def _printed(program: Path, lines: int) -> list[str]:
    """The app's own lines: FreeRTOS logs some before them, and goes on for ever when app_main has returned."""
    own = {line.partition(" ")[0] for printed in PRINTED.values() for line in printed}
    found: list[str] = []
    # A terminal, so that each line comes when it is printed.
    terminal, other_end = pty.openpty()
    with subprocess.Popen([program], stdout=other_end, stderr=subprocess.STDOUT) as process:
        os.close(other_end)
        try:
            with os.fdopen(terminal, errors="replace") as output:
                while len(found) < lines:
                    line = output.readline().rstrip()
                    if line.partition(" ")[0] in own:
                        found.append(line)
        finally:
            process.kill()
    return found
