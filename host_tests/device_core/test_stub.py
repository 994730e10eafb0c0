# SPDX-License-Identifier: Apache-2.0
"""device_core's committed type stub says what the module is."""

import subprocess
import sys
from pathlib import Path

STUB = Path(__file__).resolve().parents[2] / "tools" / "device_core" / "device_core" / "_core.pyi"


def test_stub_is_up_to_date(tmp_path: Path) -> None:
    fresh = tmp_path / "_core.pyi"
    command = [sys.executable, "-m", "nanobind.stubgen", "-m", "device_core._core", "-o", str(fresh)]
    subprocess.run(command, check=True, capture_output=True)
    assert STUB.read_text() == fresh.read_text(), f"regenerate it: {' '.join([*command[1:-1], str(STUB)])}"
