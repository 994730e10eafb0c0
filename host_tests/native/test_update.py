# SPDX-License-Identifier: Apache-2.0
"""Updates on flash that loses its power, images small and bad: update_test.cpp, with images that the tools make."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

import native_build
from update_images import small_model_image
from yamnet_tools.updating import app_image

pytestmark = pytest.mark.slow


def test_power_cuts_leave_the_old_or_the_new_one_and_bad_images_are_refused(tmp_path: Path) -> None:
    programs = native_build.native_tests(targets=["update_test"])
    filling = np.random.default_rng(1).bytes(70_000)
    files = {
        "a.model": small_model_image("a"),
        "b.model": small_model_image("b"),
        "a.app": app_image.make("1.0", filling=filling),
        "b.app": app_image.make("2.0", filling=filling),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    command = [programs / "update_test", *(tmp_path / name for name in files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    print(done.stdout)
