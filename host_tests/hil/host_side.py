# SPDX-License-Identifier: Apache-2.0
"""What the host makes of a recording."""

from pathlib import Path

from yamnet_tools.audio import open_recording
from yamnet_tools.classify.scoring import Step, score
from yamnet_tools.engines import Engine
from yamnet_tools.model import YamnetModel


def host_steps(clip: Path, model: YamnetModel, engine: Engine) -> list[Step]:
    """The recording's audio, patches and scores, step by step."""
    with open_recording(str(clip)) as recording:
        return list(score(recording.blocks(), model, engine))
