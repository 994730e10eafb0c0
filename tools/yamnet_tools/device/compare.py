# SPDX-License-Identifier: Apache-2.0
"""A device's patches and scores beside the host's: equal, or where and how far apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from yamnet_tools.model import TensorQuantization

Int8 = npt.NDArray[np.int8]

_CLASSES_SHOWN = 5
_PATCHES_SHOWN = 10


@dataclass(frozen=True)
class ClassDifference:
    """One class whose score differs; probabilities in 0..1, `steps` in steps of the int8 output."""

    index: int
    name: str
    expected: float
    found: float
    steps: int

    def __str__(self) -> str:
        return (
            f"{self.name} ({self.index}): expected {self.expected:.3f}, came {self.found:.3f}, {self.steps} steps apart"
        )


@dataclass(frozen=True)
class PatchDifference:
    """How one patch and its scores differ. `start_sample` is at 16 kHz; differences are in steps of int8."""

    number: int
    start_sample: int
    input_values: int
    largest_input: int
    outputs: int
    largest_output: int
    classes: list[ClassDifference]
    recording: str = ""

    def __str__(self) -> str:
        of = f" of {self.recording}" if self.recording else ""
        words = [f"patch {self.number}{of} at {self.start_sample / 16000:.2f} s:"]
        if self.input_values:
            words.append(f"{self.input_values:,} of 6,144 inputs differ, by up to {self.largest_input};")
        if self.outputs:
            shown = "; ".join(map(str, self.classes))
            words.append(f"{self.outputs} outputs differ, by up to {self.largest_output}: {shown}")
        return " ".join(words).rstrip(";")


@dataclass
class Comparison:
    """All patches of a clip: how many there are, and those that differ."""

    patches: int = 0
    differing: list[PatchDifference] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether nothing differs at all."""
        return not self.differing and not self.surplus

    def __str__(self) -> str:
        if self.equal:
            return f"{self.patches} patches equal, all inputs and all outputs of each"
        return "\n".join([describe_differences(self.differing, self.patches), *self.surplus])


def describe_differences(differing: Sequence[PatchDifference], patches: int) -> str:
    """How many of `patches` differ and by how much, then the worst ones class by class, a line each."""
    largest = max((patch.largest_output for patch in differing), default=0)
    lines = [f"{len(differing)} of {patches} patches differ, outputs by up to {largest} steps"]
    worst = sorted(differing, key=lambda patch: (-patch.largest_output, -patch.largest_input))
    lines += map(str, worst[:_PATCHES_SHOWN])
    if len(worst) > _PATCHES_SHOWN:
        lines.append(f"and {len(worst) - _PATCHES_SHOWN} more that differ less")
    return "\n".join(lines)


def compare_scores(
    number: int,
    start_sample: int,
    expected: tuple[Int8, Int8],
    found: tuple[Int8, Int8],
    names: Sequence[str],
    output: TensorQuantization,
    recording: str = "",
) -> PatchDifference | None:
    """Compare one patch, int8 [96, 64], and its scores, int8 [classes], of equally many classes.

    Returns:
        None when both are equal; the classes that differ most come first.
    """
    inputs = np.abs(found[0].astype(int) - expected[0])
    outputs = np.abs(found[1].astype(int) - expected[1])
    if not inputs.any() and not outputs.any():
        return None
    worst = [int(i) for i in np.argsort(-outputs, kind="stable")[:_CLASSES_SHOWN] if outputs[i]]
    classes = [
        ClassDifference(i, names[i], _real(expected[1][i], output), _real(found[1][i], output), int(outputs[i]))
        for i in worst
    ]
    return PatchDifference(
        number,
        start_sample,
        int(np.count_nonzero(inputs)),
        int(inputs.max()),
        int(np.count_nonzero(outputs)),
        int(outputs.max()),
        classes,
        recording,
    )


def compare_clips(
    expected: Iterable[tuple[int, Int8, Int8]],
    found: Iterable[tuple[int, Int8, Int8]],
    names: Sequence[str],
    output: TensorQuantization,
) -> Comparison:
    """Compare what host and device made of the same audio.

    Args:
        expected: the host's: first sample, patch, scores, in order.
        found: the device's.
        names: of the classes.
        output: the model's output quantisation.
    """
    theirs = {start: (patch, scores) for start, patch, scores in found}
    result = Comparison()
    for number, (start, patch, scores) in enumerate(expected):
        result.patches += 1
        if start not in theirs:
            result.surplus.append(f"patch {number} at {start / 16000:.2f} s: the device has none")
            continue
        found_patch, found_scores = theirs.pop(start)
        if len(found_scores) != len(scores):
            result.surplus.append(
                f"patch {number} at {start / 16000:.2f} s: the device gives {len(found_scores)} classes, the host"
                f" {len(scores)}"
            )
            continue
        difference = compare_scores(number, start, (patch, scores), (found_patch, found_scores), names, output)
        if difference is not None:
            result.differing.append(difference)
    result.surplus += [f"the device has a patch at {start / 16000:.2f} s, the host none" for start in sorted(theirs)]
    return result


def _real(value: np.int8, quantization: TensorQuantization) -> float:
    return quantization.scale * (int(value) - quantization.zero_point)
