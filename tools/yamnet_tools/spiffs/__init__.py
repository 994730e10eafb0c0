# SPDX-License-Identifier: Apache-2.0
"""SPIFFS images: written byte for byte as ESP-IDF's spiffsgen.py writes them, and read back.

The on-flash format is that of pellepl's SPIFFS 0.3.7 as ESP-IDF configures it: 16-bit object ids, page and span
indices, packed headers. Its layout is described in spiffs_nucleus.h.
"""

from yamnet_tools.spiffs.geometry import Geometry
from yamnet_tools.spiffs.reader import StoredFile, Volume, read_image
from yamnet_tools.spiffs.writer import ImageFullError, build_image

__all__ = [
    "Geometry",
    "ImageFullError",
    "StoredFile",
    "Volume",
    "build_image",
    "read_image",
]
