# SPDX-License-Identifier: Apache-2.0
"""One file for the whole flash: bootloader, partition table, app and model."""

from pathlib import Path

import esptool

from yamnet_tools.files import refuse_overwriting, write_bytes
from yamnet_tools.flashing.board import esptool_log, explained
from yamnet_tools.flashing.build_folder import read_firmware
from yamnet_tools.model_image import image_files, read_placement


def merge(build_folder: Path, image: Path, out: Path, *, fill_flash: bool = False) -> int:
    """Write one image that is flashed at offset 0.

    Args:
        build_folder: ESP-IDF's, of an ESP32-S3 firmware.
        image: of the model partition, with its placement beside it.
        out: where to write.
        fill_flash: as long as the flash chip, as QEMU wants it; otherwise it ends with the model.

    Returns:
        Bytes written.

    Raises:
        FlashError, PartitionError: build and model do not go together, or are not there.
        OutputError: the image would replace one of its parts.
        OSError: a file cannot be read or written.
    """
    placement = read_placement(image)
    firmware = read_firmware(build_folder, placement, image.stat().st_size)
    refuse_overwriting([out], [*firmware.files, *image_files(image)])
    esptool_log()
    with explained(str(build_folder)):
        data = esptool.merge_bin(
            [*((part.offset, str(part.path)) for part in firmware.parts), (placement.offset, str(image))],
            chip="esp32s3",
            flash_mode=firmware.flash_mode,
            flash_freq=firmware.flash_freq,
            flash_size=firmware.flash_size,
            pad_to_size=firmware.flash_size if fill_flash else None,
        )
    write_bytes(out, data)
    return len(data)
