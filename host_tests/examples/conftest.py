# SPDX-License-Identifier: Apache-2.0
"""The model the examples are heard with."""

from pathlib import Path

import pytest

from yamnet_tools.model import convert
from yamnet_tools.model.source import WEIGHTS
from yamnet_tools.paths import MODEL_NAME


@pytest.fixture(scope="session")
def converted_model(weights_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that tools/convert_yamnet.py made, its class map and manifest beside it."""
    folder = tmp_path_factory.mktemp("converted")
    convert(weights_dir / WEIGHTS.name, folder, offline=True)
    return folder / MODEL_NAME
