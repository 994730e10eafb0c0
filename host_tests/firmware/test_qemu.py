# SPDX-License-Identifier: Apache-2.0
"""The real ESP32-S3 binary in Espressif's QEMU, with the model in a SPIFFS image."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from firmware_checks import (
    Reference,
    check_info,
    check_long_lines,
    check_pcm,
    check_random_lines,
    check_replay,
    check_scores,
    check_selftest_and_profile,
)
from firmware_console import Console
from firmware_targets import build, run_in_qemu
from yamnet_tools.model import YamnetModel

DEFAULTS = ["sdkconfig.defaults", "sdkconfig.defaults.esp32s3", "sdkconfig.qemu"]


@pytest.fixture(scope="module")
def console(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = build("idf-qemu", "esp32s3", DEFAULTS)
    with run_in_qemu(folder, model_dir, tmp_path_factory.mktemp("qemu")) as running:
        yield running


def test_info(console: Console, model: tuple[Path, YamnetModel]) -> None:
    check_info(console, model[1], "pie")


def test_a_replayed_clip_is_heard(
    console: Console, model: tuple[Path, YamnetModel], clip: npt.NDArray[np.int16]
) -> None:
    check_replay(console, model[1], clip)


def test_selftest_and_profile(console: Console) -> None:
    check_selftest_and_profile(console)


def test_scores_equal_the_pcs(console: Console, reference: Reference) -> None:
    check_scores(console, reference.patches, reference.scores)


def test_pcm_gives_the_pcs_patches_and_scores(
    console: Console, model: tuple[Path, YamnetModel], clip: npt.NDArray[np.int16]
) -> None:
    check_pcm(console, model[1], clip)


def test_random_and_long_lines(console: Console) -> None:
    check_random_lines(console, 1000)
    check_long_lines(console)


def test_the_reference_kernels_give_the_same(model_dir: Path, reference: Reference, tmp_path: Path) -> None:
    options = "CONFIG_SOUND_MODEL_KERNELS_REFERENCE=y\nCONFIG_FIRMWARE_LOG_EVERY_PATCHES=0\n"
    folder = build("idf-qemu-reference", "esp32s3", DEFAULTS, options)
    with run_in_qemu(folder, model_dir, tmp_path) as console:
        check_scores(console, reference.patches, reference.scores)
