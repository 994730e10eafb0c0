# SPDX-License-Identifier: Apache-2.0
"""The kernels' vector instructions in QEMU: random layers against a definition, the model against TFLM."""

from pathlib import Path

import pytest

from kernel_costs import measure, some_patches
from yamnet_tools.model import YamnetModel

pytestmark = pytest.mark.slow

MOST_INSTRUCTIONS = 14_000_000


def test_outputs_are_the_reference_kernels_and_a_patch_costs_what_is_promised(
    model: tuple[Path, YamnetModel], shared_clips: list[Path], tmp_path: Path
) -> None:
    loaded = model[1]
    report = measure(loaded, some_patches(loaded, shared_clips, 100), "pie", tmp_path)
    assert report.kernels == "pie"
    assert report.differing == [0] * 100
    assert sum(cost.instructions for cost in report.costs) <= MOST_INSTRUCTIONS
