# SPDX-License-Identifier: Apache-2.0
"""The ESP32-S3 binary loses its power. What it does to flash from its first start on is recorded in QEMU; then each of
these erases and programs is the last one, done in part. What was there before must be there, and a start goes on from
it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from device_core import read_flash_log
from firmware_events import wait_until_kept
from firmware_targets import FLASH_BYTES, STORAGE_BYTES, STORAGE_OFFSET, run_in_qemu
from flash_recording import Bytes, Change, changes, recording

pytestmark = pytest.mark.slow

HEADER_BYTES = 512
"""Of a WAV file; made when it is read."""
STARTS_AFTER_A_CUT = 3


@pytest.fixture(scope="module")
def recorded(qemu_app: Path, model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Change]:
    """Changes of the storage partition, from a blank one on to a clip and its event's journal lines."""
    folder = tmp_path_factory.mktemp("recorded")
    flash, log = folder / "flash.bin", folder / "flash.log"
    with run_in_qemu(qemu_app, model_dir, flash, recording(log)) as console:
        wait_until_kept(console, 1)
    made = changes(log, STORAGE_OFFSET, STORAGE_BYTES)
    image = blank()
    for change in made:
        change.apply(image)
    assert bytes(image) == flash.read_bytes()[STORAGE_OFFSET:][:STORAGE_BYTES], "the recording lacks a change"
    return made


def test_no_cut_loses_what_was_there_before(recorded: list[Change]) -> None:
    random = np.random.default_rng(1)
    image, files, cuts = blank(), dict[str, bytes](), 0
    for number, change in enumerate(recorded):
        before = image.copy()
        change.apply(image)
        whole = read_flash_log(bytes(image))
        for undone in change.cuts(random):
            torn = before.copy()
            change.apply(torn, undone)
            left = read_flash_log(bytes(torn))
            assert_grown(files, left, f"cut in change {number} of {len(recorded)}")
            assert_grown(left, whole, f"change {number} done in part")
            cuts += 1
        files = whole
    assert {Path(name).suffix for name in files} == {".wav", ".jsonl"}
    print(f"{sum(change.erases for change in recorded)} erases, {len(recorded)} changes, {cuts} cuts: nothing lost")


def test_a_start_goes_on_from_what_a_cut_left(
    qemu_app: Path, model_dir: Path, recorded: list[Change], tmp_path: Path
) -> None:
    random = np.random.default_rng(2)
    for last in [0, *random.integers(1, len(recorded), STARTS_AFTER_A_CUT - 1)]:
        image = blank()
        for change in recorded[:last]:
            change.apply(image)
        recorded[last].apply(image, next(recorded[last].cuts(random)))
        left = read_flash_log(bytes(image))
        flash = tmp_path / f"cut-{last}.bin"
        with run_in_qemu(qemu_app, model_dir, flash, storage=bytes(image)) as console:
            answer = wait_until_kept(console, 1)
            assert answer["storage"]["volume"] == "flash"
        after = flash.read_bytes()
        assert len(after) == FLASH_BYTES
        assert_grown(left, read_flash_log(after[STORAGE_OFFSET:][:STORAGE_BYTES]), f"a start after a cut in {last}")


def blank() -> Bytes:
    """The partition as a new board has it."""
    return np.full(STORAGE_BYTES, 0xFF, np.uint8)


def assert_grown(before: Mapping[str, bytes], after: Mapping[str, bytes], what: str) -> None:
    """Each file is still there, with all that it held."""
    for name, content in before.items():
        skipped = HEADER_BYTES if name.endswith(".wav") else 0
        assert after.get(name, b"")[skipped:].startswith(content[skipped:]), f"{what}: {name} lost something"
        assert name in after, f"{what}: {name} is gone"
