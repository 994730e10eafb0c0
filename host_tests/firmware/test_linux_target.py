# SPDX-License-Identifier: Apache-2.0
"""The firmware as ESP-IDF builds it for Linux: everything but the drivers."""

import json
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
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
from firmware_files import write_manifest
from firmware_targets import TEST_KERNELS, build, run_on_linux
from yamnet_tools.model import YamnetModel
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def app() -> Path:
    """The shipped kernels."""
    return build("linux", "linux", ["sdkconfig.defaults"])


@pytest.fixture(scope="module")
def console(app: Path, model_dir: Path) -> Iterator[Console]:
    with run_on_linux(app, model_dir, model_dir / "replay.wav") as running:
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
    check_random_lines(console, 10_000)
    check_long_lines(console)


def test_the_heartbeat_tells_how_the_device_is(console: Console) -> None:
    line = console.wait_for_log("heartbeat: ", 30)
    for part in ("patches/s", "p50", "max", "overruns", "gaps", "free heap", "free PSRAM", "dBFS"):
        assert part in line


def test_the_reference_kernels_give_the_same(model_dir: Path, reference: Reference) -> None:
    app = build("linux-reference", "linux", ["sdkconfig.defaults"], kernels=TEST_KERNELS / "reference.cpp")
    with run_on_linux(app, model_dir) as console:
        steps = console.ask("info")["boot"]["steps"]
        assert [step["name"] for step in steps if not step["ok"]] == ["audio"]  # nothing to replay
        check_scores(console, reference.patches, reference.scores)


def cut(folder: Path) -> None:
    """A model cut in half, and a manifest that says it is right."""
    path = folder / "yamnet.tflite"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    write_manifest(folder)


def flip(folder: Path) -> None:
    path = folder / "yamnet.tflite"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def spoil_scores(folder: Path) -> None:
    path = folder / "selftest.bin"
    data = bytearray(path.read_bytes())
    data[6208] ^= 1
    data[6732:] = struct.pack("<I", zlib.crc32(data[:6732]))
    path.write_bytes(data)
    write_manifest(folder)


def widen_kernel(folder: Path) -> None:
    """A first convolution of 5x5: everything in the model fits together, and no kernel does it."""
    path = folder / "yamnet.tflite"
    model = read_model(path.read_bytes())
    index = model.operators[1].inputs[1]
    weights = replace(model.tensors[index], shape=(32, 5, 5, 1), data=np.ones(32 * 25, np.uint8))
    path.write_bytes(
        write_model(replace(model, tensors=(*model.tensors[:index], weights, *model.tensors[index + 1 :])))
    )
    write_manifest(folder)


def renumber_format(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))


def enlarge_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().ljust(22_700))


def spoil_crc(folder: Path) -> None:
    path = folder / "selftest.bin"
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")
    write_manifest(folder)


WRONG: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "model files", "manifest.json"),
    "no model": (lambda folder: (folder / "yamnet.tflite").unlink(), "model", "no file yamnet.tflite"),
    "a bit flipped": (flip, "model", "SHA-256"),
    "half a model": (cut, "model", "damaged"),
    "no class map": (lambda folder: (folder / "yamnet_class_map.csv").unlink(), "class map", "yamnet_class_map.csv"),
    "a manifest of format 2": (renumber_format, "model files", "of format 2, this program reads format 1"),
    "a manifest of 22,700 bytes": (enlarge_manifest, "model files", "22700 bytes, at most 16384 are read"),
    "a shape no kernel does": (widen_kernel, "model", "operator 1 (CONV_2D): the kernels do a 1x1 kernel"),
    "a self-test of another CRC": (spoil_crc, "self-test", "selftest.bin: damaged, its CRC32 is"),
    "another self-test": (spoil_scores, "self-test", "1 of 521 outputs differ, by up to 1 steps"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_told_and_the_console_answers(app: Path, model_dir: Path, tmp_path: Path, kind: str) -> None:
    damage, step, reason = WRONG[kind]
    folder = tmp_path / "partition"
    shutil.copytree(model_dir, folder)
    damage(folder)
    with run_on_linux(app, folder) as console:
        info = console.ask("info")
        assert info["boot"]["ready"] is False
        failed = next(found for found in info["boot"]["steps"] if found["name"] == step)
        assert failed["ok"] is False
        assert reason in failed["message"]
        with pytest.raises(ConsoleError, match="not_ready") as refused:
            console.ask("score", words(bytes(6144)))
        assert f"{step}: " in str(refused.value)
        assert console.ask("help")["commands"]


def test_an_arena_too_small_names_the_size_it_needs(model_dir: Path) -> None:
    app = build("linux-small", "linux", ["sdkconfig.defaults"], "CONFIG_SOUND_MODEL_ARENA_KB=64\n")
    with run_on_linux(app, model_dir) as console:
        failed = next(step for step in console.ask("info")["boot"]["steps"] if step["name"] == "interpreter")
        assert "65536 bytes are too few, the model needs " in failed["message"]


def test_an_app_on_trial_is_confirmed_once_it_has_been_well_for_a_minute(
    app: Path, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YAMNET_APP_ON_TRIAL", "1")
    with run_on_linux(app, model_dir, model_dir / "replay.wav") as console:
        line = console.wait_for_log("platform: the app is confirmed", 150)
        assert console.ask("info")["uptime_ms"] > 60_000, line
