# SPDX-License-Identifier: Apache-2.0
"""What lies in flash: the files of the model partition (docs/model-partition.md), right or wrong in one way;
and which app is to be started."""

import hashlib
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yamnet_tools import partition_table
from yamnet_tools.partition_table import TABLE_BYTES, TABLE_OFFSET

# esp_ota_select_entry_t of ESP-IDF: sequence number 1, no label, state ESP_OTA_IMG_VALID, CRC32 of the sequence number.
OTA_0_SELECTED = struct.pack("<I20sII", 1, b"\xff" * 20, 2, zlib.crc32(struct.pack("<I", 1), 0xFFFFFFFF))
FILES = ("selftest.bin", "yamnet_class_map.csv", "yamnet.tflite")


def selftest(
    patch: npt.NDArray[np.int8],
    scores: npt.NDArray[np.int8],
    input_quantization: tuple[float, int],
    output_quantization: tuple[float, int],
    model: bytes,
) -> bytes:
    """selftest.bin."""
    head = struct.pack("<4sIIIfifi", b"YAMT", 1, 6144, 521, *input_quantization, *output_quantization)
    body = head + hashlib.sha256(model).digest() + patch.tobytes() + scores.tobytes() + bytes(3)
    return body + struct.pack("<I", zlib.crc32(body))


def write_manifest(folder: Path) -> None:
    """Write the manifest of what is there."""
    files = {}
    for name in FILES:
        if (folder / name).is_file():
            data = (folder / name).read_bytes()
            files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": files, "model": None}))


def select_first_app(flash: bytearray) -> None:
    """Write into otadata, where there is one, that ota_0 is chosen and confirmed.

    The bootloader would write its choice there; QEMU 9.2 crashes when it does so beside octal PSRAM.
    """
    table = partition_table.parse_binary(bytes(flash[TABLE_OFFSET : TABLE_OFFSET + TABLE_BYTES]))
    for otadata in (partition for partition in table if partition.type_name == "data/ota"):
        flash[otadata.offset : otadata.offset + len(OTA_0_SELECTED)] = OTA_0_SELECTED
