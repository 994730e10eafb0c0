# SPDX-License-Identifier: Apache-2.0
"""What the SPIFFS C library, with ESP-IDF's configuration, reads from an image."""

import shutil
import subprocess
from pathlib import Path

import pytest

from spiffs_oracle.spiffsgen import idf_path
from yamnet_tools.spiffs import Geometry

_SOURCES = ("spiffs_cache.c", "spiffs_check.c", "spiffs_gc.c", "spiffs_hydrogen.c", "spiffs_nucleus.c")

# ESP-IDF's Kconfig defaults, but for what a Geometry says, and stand-ins for the two headers of its other components.
_HEADERS = {
    "sdkconfig.h": """
#define CONFIG_SPIFFS_CACHE 1
#define CONFIG_SPIFFS_CACHE_WR 1
#define CONFIG_SPIFFS_PAGE_CHECK 1
#define CONFIG_SPIFFS_GC_MAX_RUNS 10
#define CONFIG_SPIFFS_PAGE_SIZE {page_size}
#define CONFIG_SPIFFS_OBJ_NAME_LEN {name_length}
#define CONFIG_SPIFFS_META_LENGTH {metadata_length}
{magic}
""",
    "esp_log.h": "#pragma once\n",
    "esp_assert.h": "#pragma once\n#define ESP_STATIC_ASSERT _Static_assert\n",
}


class CLibraryReader:
    """Builds the library once for each geometry it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._compiler = shutil.which("cc")
        if self._compiler is None:
            pytest.skip("compares with the SPIFFS C library: needs a C compiler named cc")

    def read(self, image: bytes, geometry: Geometry) -> dict[str, bytes]:
        """Content by name; AssertionError with the library's words when it cannot mount, open or read."""
        path = self._folder / "image.bin"
        path.write_bytes(image)
        done = subprocess.run(
            [self._program(geometry), path, str(geometry.page_size), str(geometry.block_size)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"exit {done.returncode}: {done.stderr} {done.stdout[-200:]}"
        files = {}
        for line in done.stdout.splitlines():
            name, size, *content = line.split(" ")
            files[name] = bytes.fromhex(content[0])
            assert len(files[name]) == int(size)
        return files

    def _program(self, geometry: Geometry) -> Path:
        folder = self._folder / f"reader{abs(hash(geometry)):x}"
        program = folder / "reader"
        if program.is_file():
            return program
        folder.mkdir(exist_ok=True)
        magic = ""
        if geometry.magic:
            magic = "#define CONFIG_SPIFFS_USE_MAGIC 1\n"
        if geometry.magic and geometry.magic_length:
            magic += "#define CONFIG_SPIFFS_USE_MAGIC_LENGTH 1\n"
        values = {
            "page_size": geometry.page_size,
            "name_length": geometry.name_length,
            "metadata_length": geometry.metadata_length,
            "magic": magic,
        }
        for name, text in _HEADERS.items():
            (folder / name).write_text(text.format(**values) if name == "sdkconfig.h" else text)
        component = idf_path() / "components" / "spiffs"
        library = component / "spiffs" / "src"
        assert self._compiler is not None
        subprocess.run(
            [
                *(self._compiler, "-w", "-O1", "-I", folder, "-I", component / "include", "-I", library),
                *(Path(__file__).with_name("c_reader.c"), *(library / name for name in _SOURCES), "-o", program),
            ],
            check=True,
        )
        return program
