# SPDX-License-Identifier: Apache-2.0
"""What capture loses while flash is erased, by the ESP32-S3 binary in QEMU: nothing, wherever code runs from."""

from pathlib import Path

import pytest

from firmware_targets import CHECKOUT, build, output_in_qemu

PROJECT = CHECKOUT / "components" / "audio_input" / "test_apps" / "flash_stop"
VIRTUAL_TIME = ("-icount", "shift=3,align=off,sleep=off")
"""A clock that counts instructions: a busy computer delays nothing."""


@pytest.mark.parametrize(("place", "options"), [("PSRAM", ""), ("flash", "CONFIG_SPIRAM_XIP_FROM_PSRAM=n\n")])
def test_no_buffer_is_lost_while_sectors_are_erased(tmp_path: Path, place: str, options: str) -> None:
    folder = build(f"qemu-flash-stop-{place.lower()}", "esp32s3", ["sdkconfig.defaults"], options, project=PROJECT)
    printed = output_in_qemu(folder, tmp_path / "flash.bin", ["PASS", "FAIL"], VIRTUAL_TIME)
    outcomes = [line for line in printed if line.startswith(f"code in {place}, ")]
    assert len(outcomes) == 2
    assert printed[-1] == "PASS", "\n".join(outcomes)
