# SPDX-License-Identifier: Apache-2.0
"""What `idf.py build` leaves: the files of a firmware and where in flash they go."""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

from esptool.util import FatalError, flash_size_bytes

from yamnet_tools import partition_table
from yamnet_tools.errors import FlashError, PartitionError
from yamnet_tools.flashing.write import check_fits, check_partition
from yamnet_tools.model_image import Placement
from yamnet_tools.partition_table import TABLE_BYTES, Partition
from yamnet_tools.paths import SECOND_LABEL

_CHIP = "esp32s3"
_DESCRIPTION = "project_description.json"


@dataclass(frozen=True)
class Part:
    """A file and its offset in flash, in bytes."""

    offset: int
    path: Path


@dataclass(frozen=True)
class Firmware:
    """A build's parts in order of their offset, without a model, and the flash settings of its bootloader header.

    `files` are all that belong to it; `second_place` is where another model may lie.
    """

    parts: list[Part]
    files: list[Path]
    flash_mode: str
    flash_freq: str
    flash_size: str
    name: str
    version: str
    second_place: int | None


def read_firmware(folder: Path, placement: Placement, image_size: int) -> Firmware:
    """Read a build folder and check that the model belongs into it.

    Raises:
        FlashError: it is no build for the ESP32-S3, files are missing, or the model does not fit its partition table.
    """
    described = folder / "flasher_args.json"
    try:
        values = json.loads(described.read_text())
        chip = values["extra_esptool_args"]["chip"]
        settings = values["flash_settings"]
        parts = [Part(int(offset, 0), folder / name) for offset, name in values["flash_files"].items()]
        table_part = Part(int(values["partition-table"]["offset"], 0), folder / values["partition-table"]["file"])
        modes = settings["flash_mode"], settings["flash_freq"], settings["flash_size"]
    except FileNotFoundError:
        raise FlashError(f"{folder}: no ESP-IDF build (flasher_args.json is missing); run idf.py build first") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FlashError(f"{described}: damaged, or of another ESP-IDF than 5.x: {error!r}") from error
    if chip != _CHIP:
        raise FlashError(
            f"{folder}: a build for the {chip}; this firmware is for the {_CHIP}: idf.py set-target {_CHIP}"
        )
    for part in parts:
        if not part.path.is_file():
            raise FlashError(f"{part.path}: missing in the build; run idf.py build again")
    try:
        table = partition_table.parse_binary(table_part.path.read_bytes()[:TABLE_BYTES])
    except PartitionError as error:
        raise FlashError(f"{table_part.path}: {error}") from error
    check_partition(table, placement, f"{folder}: the build")
    check_fits(image_size, placement, None)
    name, version = _project(folder)
    second = next((partition.offset for partition in table if partition.label == SECOND_LABEL), None)
    own = sorted((part for part in parts if part.offset != placement.offset), key=lambda part: part.offset)
    _refuse_overlap(own, placement, image_size)
    _refuse_beyond_flash(folder, table, modes[2])
    files = [described, folder / _DESCRIPTION, *(part.path for part in parts)]
    return Firmware(own, files, *modes, name, version, second)


def _refuse_overlap(parts: list[Part], placement: Placement, image_size: int) -> None:
    spans = [(part.offset, part.offset + part.path.stat().st_size, str(part.path)) for part in parts]
    spans.append((placement.offset, placement.offset + image_size, "the model"))
    spans.sort()
    for (_, end, first), (start, _, second) in itertools.pairwise(spans):
        if start < end:
            raise FlashError(f"{first} reaches to 0x{end:x}, over the start of {second} at 0x{start:x}")


def _refuse_beyond_flash(folder: Path, table: list[Partition], flash_size: str) -> None:
    """A bootloader whose header says 8 MB mounts nothing behind them, however large the chip is."""
    try:
        available = int(flash_size_bytes(flash_size))
    except (FatalError, ValueError):
        return  # `detect` or `keep`: esptool sees
    for partition in table:
        end = partition.offset + partition.size
        if end > available:
            raise FlashError(
                f"{folder}: the build is for a flash of {flash_size}, and its partition {partition.label!r} ends at "
                f"{end:,} bytes, {end - available:,} behind it; set CONFIG_ESPTOOLPY_FLASHSIZE to what the board has"
            )


def _project(folder: Path) -> tuple[str, str]:
    """Name and version, as ESP-IDF noted them; a build without the note is just firmware."""
    try:
        values = json.loads((folder / _DESCRIPTION).read_text())
        return str(values["project_name"]), str(values["project_version"])
    except (OSError, ValueError, KeyError, TypeError):
        return "firmware", "unknown"
