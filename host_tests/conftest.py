# SPDX-License-Identifier: Apache-2.0
"""Fixtures that find real weights and audio, and skip with the way to get them where there are none."""

import csv
import importlib.util
import os
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED = CHECKOUT.parent / "shared"
SOURCE_NAME = "lite-model_yamnet_classification_tflite_1.tflite"


def _use_device_core_from(folder: Path) -> None:
    """Take device_core from another build (test_sanitizers.py's) in place of the installed one."""
    spec = importlib.util.spec_from_file_location(
        "device_core", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["device_core"] = module
    spec.loader.exec_module(module)


if folder := os.environ.get("DEVICE_CORE_DIR"):
    _use_device_core_from(Path(folder))


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The folder with Google's .tflite and the class map."""
    candidates = [CHECKOUT / "weights", SHARED / "weights"]
    if named := os.environ.get("YAMNET_WEIGHTS_DIR"):
        candidates.insert(0, Path(named))
    for folder in candidates:
        if (folder / SOURCE_NAME).is_file():
            return folder
    pytest.skip(
        f"needs Google's {SOURCE_NAME}: put it in weights/ or in the folder $YAMNET_WEIGHTS_DIR names "
        "(`python tools/convert_yamnet.py` downloads it, or says from where)"
    )


@pytest.fixture(scope="session")
def audio_dir() -> Path:
    """A folder of labelled 16 kHz mono recordings with an index.csv."""
    folder = Path(os.environ.get("YAMNET_AUDIO_DIR", SHARED / "audio"))
    if not (folder / "index.csv").is_file():
        pytest.skip(
            "needs recordings: set YAMNET_AUDIO_DIR to a folder of 16 kHz mono WAV files with an index.csv "
            "(columns path, label), for instance ESC-10 resampled to 16 kHz"
        )
    return folder


@pytest.fixture(scope="session")
def shared_clips(audio_dir: Path) -> list[Path]:
    """A few dozen recordings, spread evenly over the index so that every kind of sound is there."""
    with (audio_dir / "index.csv").open(newline="", encoding="utf-8") as stream:
        paths = [audio_dir / row["path"] for row in csv.DictReader(stream)]
    return paths[:: max(1, len(paths) // 40)]


@pytest.fixture(scope="session")
def converted_model(weights_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that tools/convert_yamnet.py made, its class map and manifest beside it."""
    if made := os.environ.get("CONVERTED_MODEL"):  # by test_sanitizers.py, whose runtime interpreters do not bear
        return Path(made)
    # Not at the top: the sanitizers' run of the component tests loads this file and none of the interpreters.
    from yamnet_tools.model import convert

    return convert(weights_dir / SOURCE_NAME, tmp_path_factory.mktemp("converted"), offline=True).model
