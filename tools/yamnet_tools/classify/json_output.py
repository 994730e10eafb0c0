# SPDX-License-Identifier: Apache-2.0
"""--json: one line for each clip, for programs."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, TextIO

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.classify.results import ClipResult
from yamnet_tools.classify.scoring import Step
from yamnet_tools.classify.summary import probabilities, strongest
from yamnet_tools.files import naming
from yamnet_tools.model import YamnetModel

_IN_MEMORY_CHARS = 1 << 18
_P_DECIMALS = 8  # holds every multiple of 1/256


class JsonOutput:
    """Writes `{"file", "duration_s", "engine", "model_sha256", "patches", "max", "mean"}` as one line.

    After --rules it has `"events"`, too.

    The patches wait in a temporary file, because the duration comes before them in the line and after them in time.

    Args:
        out: Where the line goes.
        model: Whose scores these are.
        engine: Name of the engine that computed them.
        classes: Class indexes that may appear.
        top: Most classes in each list.
        threshold: Probability below which no class is listed.
    """

    def __init__(
        self, out: TextIO, model: YamnetModel, engine: str, classes: Sequence[int], top: int, threshold: float
    ) -> None:
        self._out = out
        self._model = model
        self._engine = engine
        self._classes = classes
        self._top = top
        self._threshold = threshold
        self._spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_CHARS, mode="w+", encoding="ascii")  # noqa: SIM115 - closed on exit
        self._separator = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def add(self, step: Step) -> None:
        """Take the next step's patches."""
        rows = probabilities(step.scores, self._model.output_quantization)
        for start, p in zip(step.starts.tolist(), rows, strict=True):
            patch = {"start_s": start / SAMPLE_RATE, "top": self._list(p)}
            with naming(Path(tempfile.gettempdir())):
                self._spool.write(self._separator + json.dumps(patch))
            self._separator = ", "

    def finish(self, result: ClipResult) -> None:
        """Write the line."""
        head = {
            "file": result.name,
            "duration_s": round(result.duration_s, 6),
            "engine": self._engine,
            "model_sha256": self._model.sha256,
        }
        tail = {"max": self._list(result.max, result.mean), "mean": self._list(result.mean, result.max)}
        self._out.write(json.dumps(head)[:-1] + ', "patches": [')
        self._spool.seek(0)
        shutil.copyfileobj(self._spool, self._out)
        if result.events is not None:
            tail["events"] = list(result.events)
        self._out.write("], " + json.dumps(tail)[1:] + "\n")
        self._out.flush()

    def _list(self, p: NDArray[np.float64], ties: NDArray[np.float64] | None = None) -> list[dict[str, Any]]:
        ranked = strongest(p, self._classes, self._top, self._threshold, ties)
        names = self._model.class_names
        return [{"index": index, "name": names[index], "p": round(value, _P_DECIMALS)} for index, value in ranked]
