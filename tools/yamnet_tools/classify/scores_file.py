# SPDX-License-Identifier: Apache-2.0
"""--scores: a clip's patches and scores as the integers the device would hold, for NumPy."""

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Self

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.classify.results import ClipResult
from yamnet_tools.classify.scoring import Step
from yamnet_tools.files import naming, replacing
from yamnet_tools.model import YamnetModel

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same scores give the same file


class ScoresFile:
    """Writes an .npz with `patches` int8 [N, 96, 64], `scores` int8 [N, 521], `start_s` float64 [N] and the scalars
    `input_scale`, `input_zero_point`, `output_scale`, `output_zero_point`.

    The patches of ten hours are 460 MB: they wait in a temporary file beside the target, not in memory.

    Args:
        path: The file to write.
        model: Whose quantisation is noted.
    """

    def __init__(self, path: Path, model: YamnetModel) -> None:
        self._path = path
        self._model = model
        path.parent.mkdir(parents=True, exist_ok=True)
        self._patches = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed on exit
        self._scores = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed on exit
        self._starts = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed on exit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for spool in (self._patches, self._scores, self._starts):
            spool.close()

    def add(self, step: Step) -> None:
        """Take the next step's patches and scores."""
        with naming(self._path):
            self._patches.write(step.patches.tobytes())
            self._scores.write(step.scores.tobytes())
            self._starts.write((step.starts / SAMPLE_RATE).astype("<f8").tobytes())

    def finish(self, result: ClipResult) -> None:
        """Write the file."""
        spec = self._model.front_end
        count = result.patches
        scalars = {
            "input_scale": np.float64(self._model.input_quantization.scale),
            "input_zero_point": np.int64(self._model.input_quantization.zero_point),
            "output_scale": np.float64(self._model.output_quantization.scale),
            "output_zero_point": np.int64(self._model.output_quantization.zero_point),
        }
        with replacing(self._path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            _store(archive, "patches", self._patches, "|i1", (count, spec.patch_frames, spec.mel_bands))
            _store(archive, "scores", self._scores, "|i1", (count, len(self._model.class_names)))
            _store(archive, "start_s", self._starts, "<f8", (count,))
            for name, value in scalars.items():
                with archive.open(_member(name), "w") as member:
                    np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)


def _store(archive: zipfile.ZipFile, name: str, spool: IO[bytes], dtype: str, shape: tuple[int, ...]) -> None:
    """Write a spooled array as the .npy member `name`, without holding it."""
    spool.seek(0)
    with archive.open(_member(name), "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, {"descr": dtype, "fortran_order": False, "shape": shape})
        shutil.copyfileobj(spool, member, 1 << 20)


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{name}.npy", _ZIP_EPOCH)
