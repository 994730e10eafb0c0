# SPDX-License-Identifier: Apache-2.0
"""esp-dsp's FFT against the portable one, both computed by the ESP32-S3 binary in QEMU."""

from pathlib import Path

import pytest

from firmware_targets import CHECKOUT, build, output_in_qemu

pytestmark = pytest.mark.slow

PROJECT = CHECKOUT / "components" / "log_mel" / "test_apps" / "spectrum"


def test_esp_dsps_transform_is_within_float32_noise_of_the_portable_one(tmp_path: Path) -> None:
    folder = build("qemu-spectrum", "esp32s3", ["sdkconfig.defaults"], project=PROJECT)
    printed = output_in_qemu(folder, tmp_path / "flash.bin", ["PASS", "FAIL"])
    frames = [line for line in printed if line.startswith(("ok: ", "WRONG: "))]
    assert len(frames) == 9
    assert printed[-1] == "PASS", "\n".join(frames)
