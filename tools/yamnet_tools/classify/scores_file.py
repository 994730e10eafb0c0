# SPDX-License-Identifier: Apache-2.0
"""--scores: a clip's patches and scores as the integers the device would hold, for NumPy."""

from pathlib import Path

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.classify.results import ClipResult
from yamnet_tools.classify.scoring import Step
from yamnet_tools.classify.spooled_npz import Column, SpooledNpz
from yamnet_tools.model import YamnetModel


class ScoresFile(SpooledNpz):
    """Writes an .npz with `patches` int8 [N, 96, 64], `scores` int8 [N, classes], `start_s` float64 [N] and the scalars
    `input_scale`, `input_zero_point`, `output_scale`, `output_zero_point`.

    Args:
        path: The file to write.
        model: Whose quantisation is noted.
    """

    def __init__(self, path: Path, model: YamnetModel) -> None:
        spec = model.front_end
        columns = {
            "patches": Column("|i1", (spec.patch_frames, spec.mel_bands)),
            "scores": Column("|i1", (len(model.class_names),)),
            "start_s": Column("<f8", ()),
        }
        super().__init__(path, columns)
        self._model = model

    def add(self, step: Step) -> None:
        """Take the next step's patches and scores."""
        self.write({"patches": step.patches, "scores": step.scores, "start_s": step.starts / SAMPLE_RATE})

    def finish(self, result: ClipResult) -> None:
        """Write the file."""
        scalars = {
            "input_scale": np.float64(self._model.input_quantization.scale),
            "input_zero_point": np.int64(self._model.input_quantization.zero_point),
            "output_scale": np.float64(self._model.output_quantization.scale),
            "output_zero_point": np.int64(self._model.output_quantization.zero_point),
        }
        self.store(result.patches, scalars)
