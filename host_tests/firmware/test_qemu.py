# SPDX-License-Identifier: Apache-2.0
"""The real ESP32-S3 binary in Espressif's QEMU, with the model in a SPIFFS image."""

import json
import shutil
import time
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
from firmware_console import Console, ConsoleError, words
from firmware_events import check_clips, check_same_events, classified, rule_document, set_rules, wait_until_kept
from firmware_targets import QEMU_DEFAULTS, TEST_KERNELS, build, read_storage, run_in_qemu
from yamnet_tools.model import YamnetModel

pytestmark = pytest.mark.slow

ALWAYS = json.dumps({"schema": 1, "rules": [{"name": "always", "level": {"min_dbfs": -100}, "hold_s": 0}]})


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("qemu") / "flash.bin"


@pytest.fixture(scope="module")
def console(qemu_app: Path, model_dir: Path, flash: Path) -> Iterator[Console]:
    with run_in_qemu(qemu_app, model_dir, flash) as running:
        yield running


def test_info(console: Console, model: tuple[Path, YamnetModel]) -> None:
    check_info(console, model[1], "pie")


def test_a_replayed_clip_is_heard_and_becomes_an_event_a_clip_and_journal_lines(
    console: Console,
    model: tuple[Path, YamnetModel],
    model_dir: Path,
    model_file: Path,
    clip: npt.NDArray[np.int16],
) -> None:
    check_replay(console, model[1], clip)
    expected = classified(model_dir / "replay.wav", model_file)
    assert "siren" in {event["rule"] for event in expected}
    answer = wait_until_kept(console, len(expected))
    assert answer["storage"]["volume"] == "flash"
    check_same_events(answer["latest"], expected)


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


def test_what_is_kept_outlives_a_restart(
    console: Console, qemu_app: Path, model_dir: Path, flash: Path, clip: npt.NDArray[np.int16], tmp_path: Path
) -> None:
    console.wait_for_log("the recording has ended")
    latest = wait_until_kept(console, 1)["latest"]
    assert set_rules(console, ALWAYS) == 1
    console.reboot()
    events = read_storage(flash, tmp_path)
    journal = [json.loads(line) for line in (events / "journal-000001.jsonl").read_text().splitlines()]
    assert journal[: len(latest)] == latest
    check_clips(latest, clip, lambda name: events / name)
    with run_in_qemu(qemu_app, model_dir, flash) as again:
        info = again.ask("info")
        assert info["boot"]["count"] == 2
        wait_until_mounted(again)
        assert rule_document(again) == ALWAYS
        assert again.ask("rules")["source"] == "stored"


def wait_until_mounted(console: Console) -> None:
    """Until the volume is mounted, which happens beside listening; there are clips on it."""
    for _ in range(100):
        storage = console.ask("info")["storage"]
        if storage["volume"]:
            assert storage["clips"] >= 1
            return
        time.sleep(0.1)
    raise TimeoutError(f"no volume was mounted: {storage}")


def test_the_reference_kernels_give_the_same(model_dir: Path, reference: Reference, tmp_path: Path) -> None:
    options = "CONFIG_FIRMWARE_LOG_EVERY_PATCHES=0\n"
    folder = build("qemu-reference", "esp32s3", QEMU_DEFAULTS, options, kernels=TEST_KERNELS / "reference.cpp")
    with run_in_qemu(folder, without_replay(model_dir, tmp_path), tmp_path / "flash.bin") as console:
        assert console.ask("info")["kernels"] == "reference"
        check_scores(console, reference.patches[:20], reference.scores[:20])


def test_kernels_that_write_past_their_scratch_serve_nothing(model_dir: Path, tmp_path: Path) -> None:
    """ESP-NN as esp-tflite-micro registers it: the guard catches it, though the self-test's outputs might be right."""
    options = "CONFIG_SOUND_MODEL_ARENA_KB=1280\n"
    folder = build("qemu-stock", "esp32s3", QEMU_DEFAULTS, options, kernels=TEST_KERNELS / "esp_nn_stock.cpp")
    with run_in_qemu(folder, without_replay(model_dir, tmp_path), tmp_path / "flash.bin") as console:
        steps = {step["name"]: step for step in console.ask("info")["boot"]["steps"]}
        assert steps["interpreter"]["ok"] is True
        assert steps["self-test"]["ok"] is False
        assert "writes outside its output and scratch" in steps["self-test"]["message"]
        with pytest.raises(ConsoleError, match="not_ready: self-test: "):
            console.ask("score", words(bytes(6144)))


def test_a_mapped_model_scores_the_same(model_dir: Path, reference: Reference, tmp_path: Path) -> None:
    folder = build("qemu-mapped", "esp32s3", [*QEMU_DEFAULTS, "sdkconfig.mapped"])
    flash = tmp_path / "flash.bin"
    with run_in_qemu(folder, without_replay(model_dir, tmp_path), flash, model_at=0x9E0000) as console:
        assert console.ask("info")["memory"]["free_psram"] > 6 << 20
        check_scores(console, reference.patches[:5], reference.scores[:5])


def without_replay(model_dir: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "quiet"
    shutil.copytree(model_dir, folder, ignore=shutil.ignore_patterns("replay.wav"))
    return folder
