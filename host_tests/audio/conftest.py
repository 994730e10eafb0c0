# SPDX-License-Identifier: Apache-2.0
"""What the audio tests share: reading a recording whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from yamnet_tools.audio import open_recording


@pytest.fixture
def read_all() -> Callable[[Path], NDArray[np.int16]]:
    """A function that reads a recording: int16 [n] at 16 kHz."""

    def read(path: Path) -> NDArray[np.int16]:
        with open_recording(str(path)) as recording:
            blocks = list(recording.blocks())
        starts = np.cumsum([0] + [len(block.samples) for block in blocks])
        assert [block.start for block in blocks] == starts[:-1].tolist()
        return np.concatenate([block.samples for block in blocks])

    return read
