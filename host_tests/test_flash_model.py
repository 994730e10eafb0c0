# SPDX-License-Identifier: Apache-2.0
"""tools/flash_model.py: esptool's library against a chip in download mode, and build folders of ESP-IDF."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from esptool.util import FatalError

from fake_chip import FakeChip
from partition_binary import to_binary
from yamnet_tools.errors import DeviceError, FlashError, OutputError, PartitionError
from yamnet_tools.flashing import command
from yamnet_tools.flashing.board import advise
from yamnet_tools.model_image.command import main as make_image
from yamnet_tools.partition_table import parse_csv, read_csv
from yamnet_tools.paths import CHECKOUT

TABLE = to_binary(read_csv(CHECKOUT / "partitions.csv"))
FLASH_BYTES = 16 << 20
OFFSET = 0x520000
SECOND = 0x9E0000  # yamnet_1


def flash_with(table: bytes) -> bytes:
    return (b"\xff" * 0x8000 + table).ljust(FLASH_BYTES, b"\xff")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image for the partition: any files do."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "in").mkdir()
    (folder / "in" / "some.txt").write_bytes(bytes(range(256)) * 500)
    path = folder / "yamnet_spiffs.bin"
    assert make_image(["--dir", str(folder / "in"), "--out", str(path)]) == 0
    return path


@pytest.fixture
def chip(request: pytest.FixtureRequest) -> Iterator[FakeChip]:
    options: dict[str, Any] = dict(getattr(request, "param", {}))
    fake = FakeChip(options.pop("flash", flash_with(TABLE)), **options)
    yield fake
    fake.close()


def flash(chip: FakeChip, image: Path, *more: str) -> int:
    return command.main(["--port", chip.port, "--image", str(image), *more])


def test_only_the_model_partition_is_written(chip: FakeChip, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = bytes(chip.flash)
    data = image.read_bytes()
    assert flash(chip, image) == 0
    assert chip.flash[OFFSET : OFFSET + len(data)] == data
    assert chip.flash[:OFFSET] == before[:OFFSET]
    assert chip.flash[OFFSET + len(data) :] == before[OFFSET + len(data) :]
    assert [start for start, _ in chip.written] == [OFFSET]
    said = capsys.readouterr().err
    assert "written and verified: 4,980,736 bytes at 0x520000" in said
    assert "restarted" in said


def test_what_is_there_already_is_not_written_again(
    chip: FakeChip, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chip.flash[OFFSET : OFFSET + 0x4C0000] = image.read_bytes()
    assert flash(chip, image) == 0
    assert chip.written == []
    assert "the board has this image already" in capsys.readouterr().err
    assert flash(chip, image, "--force") == 0
    assert [start for start, _ in chip.written] == [OFFSET]


def test_a_model_that_came_over_the_air_makes_room(
    chip: FakeChip, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when the board has the image already: without that it would go on using the other one."""
    chip.flash[SECOND : SECOND + 0x4C0000] = image.read_bytes()
    assert flash(chip, image) == 0
    assert chip.flash[SECOND : SECOND + 4096] == b"\xff" * 4096
    assert chip.flash[SECOND + 4096 : SECOND + 0x4C0000] == image.read_bytes()[4096:]
    assert "'yamnet_1' is emptied" in capsys.readouterr().err
    chip.flash[SECOND : SECOND + 0x4C0000] = image.read_bytes()
    assert flash(chip, image) == 0
    assert chip.flash[SECOND : SECOND + 4096] == b"\xff" * 4096
    assert "the board has this image already" in capsys.readouterr().err


def test_a_dry_run_checks_and_writes_nothing(chip: FakeChip, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = bytes(chip.flash)
    assert flash(chip, image, "--dry-run") == 0
    assert bytes(chip.flash) == before
    said = capsys.readouterr().out
    assert "to 0x520000..0x9e0000, the partition 'yamnet' (data/spiffs, 4,980,736 bytes)" in said
    assert "an ESP32-S3 with this partition; it holds another image" in said
    assert said.endswith("nothing written\n")


def test_a_dry_run_without_a_board_says_what_it_could_not_check(
    image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing() -> str:
        raise DeviceError("no board found")

    monkeypatch.setattr(command, "find_port", nothing)
    assert command.main(["--image", str(image), "--dry-run"]) == 0
    assert "no board's partition table checked: no board found" in capsys.readouterr().out
    with pytest.raises(DeviceError, match="no board found"):
        command.main(["--image", str(image)])


OTHER_TABLES = {
    "label": ("model, data, spiffs, 0x520000, 0x4c0000", "has no partition 'yamnet', but: model"),
    "type": ("yamnet, data, fat, 0x520000, 0x4c0000", "type data/fat instead of data/spiffs"),
    "offset": ("yamnet, data, spiffs, 0x510000, 0x4c0000", "offset 0x510000 instead of 0x520000"),
    "size": ("yamnet, data, spiffs, 0x520000, 4M", "size 4,194,304 instead of 4,980,736 bytes"),
}


@pytest.mark.parametrize(
    ("chip", "message"),
    [
        *(({"flash": flash_with(to_binary(parse_csv(row)))}, text) for row, text in OTHER_TABLES.values()),
        ({"flash": b"\xff" * FLASH_BYTES}, "the partition table at 0x8000 is empty; flash the firmware first"),
        (
            {"flash": flash_with(TABLE[:37] + b"\x10" + TABLE[38:])},
            "no partition table at 0x8000 (the partition table's MD5",
        ),
        ({"chip": "ESP32-C3"}, "an ESP32-C3 is there; this model and firmware are for the ESP32-S3"),
        ({"size_code": 0x16}, "this board is too small"),
    ],
    indirect=["chip"],
    ids=[*OTHER_TABLES, "blank", "damaged table", "another chip", "small flash"],
)
def test_a_board_that_does_not_fit_is_refused_and_left_alone(chip: FakeChip, image: Path, message: str) -> None:
    before = bytes(chip.flash)
    with pytest.raises(FlashError, match=re.escape(message)):
        flash(chip, image)
    assert bytes(chip.flash) == before


@pytest.mark.parametrize("chip", [{"unplug_after": 1 << 16}], indirect=True)
def test_a_board_unplugged_while_it_is_written_is_told(chip: FakeChip, image: Path) -> None:
    with pytest.raises(FlashError, match=r"plug the board in again and repeat.*on the board now is incomplete"):
        flash(chip, image)


@pytest.mark.parametrize("chip", [{"corrupt_at": OFFSET + 5000}], indirect=True)
def test_flash_that_does_not_keep_what_is_written_is_told(chip: FakeChip, image: Path) -> None:
    with pytest.raises(FlashError, match=r"MD5|does not hold"):
        flash(chip, image)


@pytest.mark.parametrize("chip", [{"silent": True}], indirect=True)
def test_a_chip_that_does_not_answer_is_told(chip: FakeChip, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yamnet_tools.flashing.board._CONNECT_ATTEMPTS", 1)
    with pytest.raises(FlashError, match="no answer from the chip; hold BOOT"):
        flash(chip, image)


def test_a_missing_and_a_busy_port_are_told(chip: FakeChip, image: Path) -> None:
    with pytest.raises(FlashError, match="there is no such port"):
        command.main(["--port", "/dev/ttyNoSuchPort", "--image", str(image)])
    import serial

    with (
        serial.Serial(chip.port, exclusive=True),
        pytest.raises(FlashError, match="in use by another program; close the monitor"),
    ):
        flash(chip, image)


def test_a_file_that_is_no_port_is_told(image: Path) -> None:
    with pytest.raises(FlashError, match="/dev/null: that is no serial port"):
        command.main(["--port", "/dev/null", "--image", str(image)])


def test_advice_for_what_cannot_be_provoked_here() -> None:
    assert "dialout" in advise(PermissionError(13, "Permission denied"))
    assert "plug the board in again" in advise(OSError(5, "Input/output error"))
    silent = FatalError("No serial data received.")
    assert "plug the board in again" in advise(silent)
    assert "hold BOOT" in advise(silent, connecting=True)


def test_an_image_that_was_changed_or_is_too_large_is_refused(image: Path, tmp_path: Path) -> None:
    copy = tmp_path / image.name
    copy.write_bytes(image.read_bytes()[:-1] + b"\0")
    shutil.copy(image.with_suffix(".json"), copy.with_suffix(".json"))
    with pytest.raises(PartitionError, match="of another image"):
        command.main(["--image", str(copy), "--dry-run"])
    shutil.copy(image, copy)
    placement = json.loads(image.with_suffix(".json").read_text())
    copy.with_suffix(".json").write_text(json.dumps(placement | {"size": 4 << 20}))
    with pytest.raises(FlashError, match="the partition 'yamnet' 4,194,304: 786,432 too many"):
        command.main(["--image", str(copy), "--dry-run"])
    with pytest.raises(FlashError, match="no model image; make it with"):
        command.main(["--image", str(tmp_path / "none.bin")])


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """What idf.py build leaves, as far as it matters here."""
    folder = tmp_path / "build"
    for name, data in (
        ("bootloader/bootloader.bin", b"\xe9\x03\x02\x4f" + bytes(20) + b"B" * 100),
        ("partition_table/partition-table.bin", TABLE),
        ("ota_data_initial.bin", b"\xff" * 0x2000),
        ("yamnet.bin", b"\xe9" + b"A" * 5000),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "flasher_args.json").write_text(
        json.dumps(
            {
                "flash_settings": {"flash_mode": "keep", "flash_size": "keep", "flash_freq": "keep"},
                "flash_files": {
                    "0x0": "bootloader/bootloader.bin",
                    "0x8000": "partition_table/partition-table.bin",
                    "0xf000": "ota_data_initial.bin",
                    "0x20000": "yamnet.bin",
                },
                "partition-table": {"offset": "0x8000", "file": "partition_table/partition-table.bin"},
                "extra_esptool_args": {"chip": "esp32s3"},
            }
        )
    )
    (folder / "project_description.json").write_text(
        json.dumps({"project_name": "yamnet<1>", "project_version": "1.2"})
    )
    return folder


def test_merging_puts_every_part_at_its_place(build: Path, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.bin"
    assert command.main(["--image", str(image), "--build-dir", str(build), "--merge", str(out)]) == 0
    merged = out.read_bytes()
    assert len(merged) == OFFSET + 0x4C0000
    covered = bytearray(merged)
    for offset, path in (
        (0, build / "bootloader/bootloader.bin"),
        (0x8000, build / "partition_table/partition-table.bin"),
        (0xF000, build / "ota_data_initial.bin"),
        (0x20000, build / "yamnet.bin"),
        (OFFSET, image),
    ):
        data = path.read_bytes()
        assert merged[offset : offset + len(data)] == data, path
        covered[offset : offset + len(data)] = b"\xff" * len(data)
    assert set(covered) == {0xFF}


def test_a_folder_for_the_browser_is_complete(build: Path, image: Path, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    assert command.main(["--image", str(image), "--build-dir", str(build), "--web", str(folder)]) == 0
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["name"], manifest["version"]) == ("yamnet<1>", "1.2")
    assert manifest["new_install_improv_wait_time"] >= 10, "the page asks for the Wi-Fi once the board has booted"
    (firmware,) = manifest["builds"]
    assert firmware["chipFamily"] == "ESP32-S3"
    assert [part["offset"] for part in firmware["parts"]] == [0, 0x8000, 0xF000, 0x20000, OFFSET, SECOND]
    for part in firmware["parts"]:
        assert (folder / part["path"]).is_file()
    assert (folder / firmware["parts"][-2]["path"]).read_bytes() == image.read_bytes()
    assert (folder / firmware["parts"][-1]["path"]).read_bytes() == b"\xff" * 4096
    page = (folder / "index.html").read_text()
    assert 'manifest="manifest.json"' in page
    assert "yamnet&lt;1&gt;" in page


@pytest.mark.parametrize(
    "name",
    ["yamnet.bin", "bootloader/bootloader.bin", "partition_table/partition-table.bin", "flasher_args.json"],
)
def test_merging_never_replaces_a_part(build: Path, image: Path, name: str) -> None:
    before = (build / name).read_bytes()
    with pytest.raises(OutputError, match=f"{name}: would overwrite an input"):
        command.main(["--image", str(image), "--build-dir", str(build), "--merge", str(build / name)])
    assert (build / name).read_bytes() == before


@pytest.mark.parametrize("name", ["yamnet_spiffs.bin", "yamnet_spiffs.json", "yamnet.tflite"])
def test_merging_never_replaces_the_model(build: Path, image: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (image, image.with_suffix(".json")):
        shutil.copy(path, folder)
    (folder / "yamnet.tflite").write_bytes(b"TFL3")
    before = (folder / name).read_bytes()
    arguments = ["--image", str(folder / "yamnet_spiffs.bin"), "--build-dir", str(build)]
    with pytest.raises(OutputError, match=f"{name}: would overwrite an input"):
        command.main([*arguments, "--merge", str(folder / name)])
    assert (folder / name).read_bytes() == before


def test_a_folder_for_the_browser_leaves_the_models_manifest(build: Path, image: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (image, image.with_suffix(".json")):
        shutil.copy(path, folder)
    (folder / "manifest.json").write_bytes(b"the model's")
    arguments = ["--image", str(folder / "yamnet_spiffs.bin"), "--build-dir", str(build)]
    with pytest.raises(OutputError, match=r"manifest\.json: would overwrite an input"):
        command.main([*arguments, "--web", str(folder)])
    assert (folder / "manifest.json").read_bytes() == b"the model's"
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("option", ["--merge", "--web"])
def test_a_build_for_a_smaller_flash_is_refused(build: Path, image: Path, tmp_path: Path, option: str) -> None:
    settings = json.loads((build / "flasher_args.json").read_text())["flash_settings"]
    _edit(build, flash_settings=settings | {"flash_size": "8MB"})
    out = tmp_path / "out"
    with pytest.raises(FlashError, match=r"a flash of 8MB, and its partition 'yamnet' ends at 10,354,688 bytes"):
        command.main(["--image", str(image), "--build-dir", str(build), option, str(out)])
    assert not out.exists()


def _edit(build: Path, **changes: Any) -> None:
    path = build / "flasher_args.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_build_that_does_not_fit_is_refused(build: Path, image: Path, tmp_path: Path) -> None:
    arguments = ["--image", str(image), "--build-dir", str(build), "--merge", str(tmp_path / "all.bin")]
    (build / "partition_table" / "partition-table.bin").write_bytes(
        to_binary(parse_csv("yamnet, data, spiffs, 0x510000, 0x4c0000"))
    )
    with pytest.raises(FlashError, match="offset 0x510000 instead of 0x520000"):
        command.main(arguments)
    (build / "partition_table" / "partition-table.bin").write_bytes(TABLE)
    (build / "yamnet.bin").write_bytes(bytes(6 << 20))
    with pytest.raises(FlashError, match=r"yamnet.bin reaches to 0x620000, over the start of the model at 0x520000"):
        command.main(arguments)
    (build / "yamnet.bin").unlink()
    with pytest.raises(FlashError, match=r"yamnet.bin: missing in the build"):
        command.main(arguments)
    _edit(build, extra_esptool_args={"chip": "esp32c3"})
    with pytest.raises(FlashError, match="a build for the esp32c3"):
        command.main(arguments)
    (build / "flasher_args.json").write_text("{")
    with pytest.raises(FlashError, match=r"flasher_args.json: damaged"):
        command.main(arguments)
    (build / "flasher_args.json").unlink()
    with pytest.raises(FlashError, match=r"run idf\.py build first"):
        command.main(arguments)
    assert not (tmp_path / "all.bin").exists()


def test_the_chips_own_loader_in_qemu_is_understood(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real ROM: chip, flash size, partition table and hash are read. QEMU's UART takes in a few hundred bytes a
    second, less than esptool waits for when it writes.
    """
    qemu = shutil.which("qemu-system-xtensa")
    if qemu is None:
        pytest.skip("talks to the ESP32-S3's ROM in QEMU: needs qemu-system-xtensa in PATH")
    path = tmp_path / "flash.bin"
    path.write_bytes(flash_with(TABLE))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(qemu, "-M", "esp32s3", "-display", "none", "-monitor", "none"),
            *("-global", "driver=esp32s3.gpio,property=strap_mode,value=0x07"),
            *("-drive", f"file={path},if=mtd,format=raw", "-serial", f"tcp:127.0.0.1:{port},server,nowait"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(3)
        options = [
            "--port",
            f"socket://127.0.0.1:{port}",
            "--image",
            str(image),
            "--no-reset",
            "--no-stub",
            "--dry-run",
        ]
        assert command.main(options) == 0
    finally:
        process.kill()
        process.wait()
    assert "an ESP32-S3 with this partition; it holds another image" in capsys.readouterr().out
