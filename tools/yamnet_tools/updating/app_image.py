# SPDX-License-Identifier: Apache-2.0
"""App images of the ESP32-S3, as ESP-IDF's esp_app_format.h has them: what one says of itself, and making one."""

import hashlib
import struct
from dataclasses import dataclass

from yamnet_tools.errors import UpdateError

PROJECT = "yamnet-esp32s3"
MAGIC = b"\xe9"
_CHIP_ESP32S3 = 9
_HEADER = struct.Struct("<4sI4sHBHH4sB")
_SEGMENT = struct.Struct("<II")
_DESCRIPTION = struct.Struct("<II8s32s32s16s16s32s32s80x")
_DESCRIPTION_MAGIC = 0xABCD5432


@dataclass(frozen=True)
class AppDescription:
    """What an app says of itself."""

    project: str
    version: str


def describe(image: bytes) -> AppDescription:
    """Read an app's description; whether the image is whole is for the device to find.

    Raises:
        UpdateError: it is no app image.
    """
    start = _HEADER.size + _SEGMENT.size
    if not image.startswith(MAGIC) or len(image) < start + _DESCRIPTION.size:
        raise UpdateError("no app image: it does not begin with 0xe9, or is too short")
    magic, _, _, version, project, *_ = _DESCRIPTION.unpack_from(image, start)
    if magic != _DESCRIPTION_MAGIC:
        raise UpdateError("no app image: it has no description; a bootloader has none")
    return AppDescription(_text(project), _text(version))


def make(version: str, *, project: str = PROJECT, filling: bytes = b"") -> bytes:
    """An app image with a description and nothing that runs.

    Args:
        version: at most 31 bytes.
        project: at most 31 bytes.
        filling: of its one segment, behind the description.
    """
    description = _DESCRIPTION.pack(
        _DESCRIPTION_MAGIC, 0, b"", version.encode(), project.encode(), b"00:00:00", b"Jan  1 2026", b"none", b""
    )
    segment = description + filling + bytes(-len(filling) % 4)
    image = _HEADER.pack(b"\xe9\x01\x00\x4f", 0, b"", _CHIP_ESP32S3, 0, 0, 0, b"", 1)
    image += _SEGMENT.pack(0x3C000020, len(segment)) + segment
    return seal(image, segment)


def seal(image: bytes, *segments: bytes) -> bytes:
    """Append checksum and SHA-256 to a header and its segments."""
    checksum = 0xEF
    for segment in segments:
        for byte in segment:
            checksum ^= byte
    image += bytes(15 - len(image) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest()


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("ascii", errors="replace")
