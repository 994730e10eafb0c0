# SPDX-License-Identifier: Apache-2.0
"""Images as ESP-IDF's spiffsgen.py makes them."""

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from yamnet_tools.spiffs import Geometry


def idf_path() -> Path:
    """ESP-IDF's folder; skips the test where there is none."""
    if "IDF_PATH" not in os.environ:
        pytest.skip("compares with ESP-IDF's own code: set IDF_PATH to an ESP-IDF checkout (v5.5)")
    return Path(os.environ["IDF_PATH"])


def load_idf_module(relative: str) -> ModuleType:
    """Import a Python file of ESP-IDF by its path, without running it as a script."""
    path = idf_path() / relative
    spec = importlib.util.spec_from_file_location(f"idf_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def spiffsgen_image(files: Sequence[tuple[str, bytes]], image_size: int, geometry: Geometry, folder: Path) -> bytes:
    """The image spiffsgen.py makes of the files in this order."""
    spiffsgen = load_idf_module("components/spiffs/spiffsgen.py")
    config = spiffsgen.SpiffsBuildConfig(
        geometry.page_size,
        spiffsgen.SPIFFS_PAGE_IX_LEN,
        geometry.block_size,
        spiffsgen.SPIFFS_BLOCK_IX_LEN,
        geometry.metadata_length,
        geometry.name_length,
        spiffsgen.SPIFFS_OBJ_ID_LEN,
        spiffsgen.SPIFFS_SPAN_IX_LEN,
        True,
        True,
        geometry.byte_order,
        geometry.magic,
        geometry.magic_length,
        geometry.aligned_tables,
    )
    filesystem = spiffsgen.SpiffsFS(image_size, config)
    content = folder / "content"
    for name, data in files:
        content.write_bytes(data)
        filesystem.create_file(name, str(content))
    image = filesystem.to_binary()
    assert isinstance(image, bytes)
    return image
