# SPDX-License-Identifier: Apache-2.0
"""Where things lie in a checkout and in the user's home."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""The root of the checkout this package runs from."""

OUT_DIR = CHECKOUT / "out"
"""What tools write when no place is named; `build/` is idf.py's, which takes a new one only while it is empty."""

MODEL_DIR = OUT_DIR / "model"
"""Where tools/convert_yamnet.py writes, and where every other tool looks for the model."""

MODEL_NAME = "yamnet.tflite"
CLASS_MAP_NAME = "yamnet_class_map.csv"
MANIFEST_NAME = "manifest.json"

DEFAULT_MODEL = MODEL_DIR / MODEL_NAME

MODEL_IMAGE = MODEL_DIR / "yamnet_spiffs.bin"
"""Where tools/mkspiffs_model.py writes, and what tools/flash_model.py flashes."""

PARTITION_TABLE = CHECKOUT / "partitions.csv"
PARTITION_LABEL = "yamnet"
"""The partition that holds the model."""
SECOND_LABEL = "yamnet_1"
"""The other place of the model, which updates over the air write in turn."""


def cache_dir() -> Path:
    """The user's cache folder for this project: $XDG_CACHE_HOME/yamnet-esp32s3, by default below ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "yamnet-esp32s3"


def model_files(model: Path) -> list[Path]:
    """A converted model and what lies beside it: its class map and manifest."""
    return [model, model.with_name(CLASS_MAP_NAME), model.with_name(MANIFEST_NAME)]
