# SPDX-License-Identifier: Apache-2.0
"""--compare: how far engines are apart on the same patches."""

from typing import Self, TextIO

import numpy as np

from yamnet_tools.classify.results import ClipResult
from yamnet_tools.classify.scoring import Step
from yamnet_tools.engines import Engine


class Comparison:
    """Runs a second engine on every patch and says where its outputs differ from the first one's.

    Args:
        out: Where the finding goes, one line for each clip.
        engine: Name of the engine the steps' scores come from.
        other: The engine to compare with.
        step_p: Probability of one output step.
    """

    def __init__(self, out: TextIO, engine: str, other: Engine, step_p: float) -> None:
        self._out = out
        self._engine = engine
        self._other = other
        self._step_p = step_p
        self._outputs = 0
        self._different = 0
        self._largest = 0
        self._top_changed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add(self, step: Step) -> None:
        """Score the step's patches once more and count the differences."""
        if not len(step.scores):
            return
        other = self._other.score(step.patches)
        steps_apart = np.abs(step.scores.astype(np.int16) - other.astype(np.int16))
        self._outputs += steps_apart.size
        self._different += int(np.count_nonzero(steps_apart))
        self._largest = max(self._largest, int(steps_apart.max()))
        self._top_changed += int(np.count_nonzero(step.scores.argmax(axis=1) != other.argmax(axis=1)))

    def finish(self, result: ClipResult) -> None:
        """Write the finding."""
        both = f"{result.name}: {self._engine} and {self._other.name}"
        if not self._different:
            finding = f"{both} agree in all {self._outputs} outputs of {result.patches} patches"
        else:
            finding = (
                f"{both} differ in {self._different} of {self._outputs} outputs, by at most {self._largest} steps "
                f"(p {self._largest * self._step_p:.4f}); the top class changes in {self._top_changed} of "
                f"{result.patches} patches"
            )
        print(finding, file=self._out, flush=True)
