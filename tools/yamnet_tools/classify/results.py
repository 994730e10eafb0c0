# SPDX-License-Identifier: Apache-2.0
"""What is known about a clip once it has been heard, and who is told."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio import STDIN
from yamnet_tools.classify.scoring import Step
from yamnet_tools.cli import one_line


@dataclass(frozen=True)
class ClipResult:
    """A clip's summary.

    Attributes:
        name: As the user named the clip.
        duration_s: Seconds of audio that were read.
        patches: Patches that were scored.
        max: Highest probability of each class, [classes].
        mean: Mean probability of each class, [classes].
        ending: Why not all of the clip was heard, as words that follow a comma; "" when it was.
        events: What --rules found, as yamnet_tools.events.clip_events gives it; None without --rules.
    """

    name: str
    duration_s: float
    patches: int
    max: NDArray[np.float64]
    mean: NDArray[np.float64]
    ending: str
    events: Sequence[dict[str, Any]] | None = None

    def headline(self, engine: str) -> str:
        """What was heard of what, on one line."""
        # A file name need not be text: what is no UTF-8 arrives as lone surrogates, which no font and no stream takes.
        name = "standard input" if self.name == STDIN else one_line(os.fsencode(self.name).decode(errors="replace"))
        patches = "1 patch" if self.patches == 1 else f"{self.patches} patches"
        ending = f", {self.ending}" if self.ending else ""
        return f"{name}: {self.duration_s:.2f} s, {patches}, {engine}{ending}"


class Output(Protocol):
    """One form in which a clip's scores are given out. A context manager; nothing is kept without finish()."""

    def __enter__(self) -> Self:
        """Hold what the output needs while it collects."""

    def __exit__(self, *_: object) -> None:
        """Drop what was collected."""

    def add(self, step: Step) -> None:
        """Take the clip's next step."""

    def finish(self, result: ClipResult) -> None:
        """Write what was collected."""
