# SPDX-License-Identifier: Apache-2.0
"""What a patch costs on the chip, operator by operator, in instructions that QEMU counts; and whether it is exact.

    PYTHONPATH=host_tests python host_tests/firmware/kernel_costs.py MODEL [--kernels pie|esp-nn|reference]
        [--clips FOLDER] [--patches N]

MODEL is a converted yamnet.tflite. ESP-IDF has to be set up, and QEMU, as for the tests (conftest.py). A small app
(components/sound_model/test_apps/kernels) scores patches of the clips, random ones and extreme ones, and compares all
outputs with TFLM's reference kernels on this computer. Exit code 1 if one differs.

QEMU's -icount adds up what both cores execute, and nothing stalls the second one there: in a build for one core it
spins and is counted. So the app is built for two, and the second has only FreeRTOS's idle task, which waits in `waiti`.
A loop of known length, measured in the same run, turns cycles into instructions, and shows a core that is not idle.
"""

import argparse
import struct
import sys
import tempfile
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from device_core import PatchStream
from firmware_targets import CHECKOUT, TEST_KERNELS, build, output_in_qemu
from yamnet_tools.engines import open_engine
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.model.tflite_reader import read_model

PROJECT = CHECKOUT / "components" / "sound_model" / "test_apps" / "kernels"
MODEL_OFFSET, PATCHES_OFFSET = 0x200000, 0x700000  # partitions.csv of the app
ICOUNT = ["-icount", "shift=2,align=off,sleep=off"]
EXTREMES = 8
"""Patches besides those of the clips: all lowest, all highest, and random ones of two kinds."""

Patches = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Cost:
    """An operator of the model: values it writes, multiplications it takes, instructions."""

    name: str
    outputs: int
    macs: int
    instructions: int


@dataclass(frozen=True)
class Report:
    """What the app tells.

    Attributes:
        differing: outputs of each patch that are not the reference kernels'.
        preparing: instructions from the model in memory to the interpreter.
    """

    kernels: str
    arena_bytes: int
    preparing: int
    differing: list[int]
    costs: list[Cost]


def some_patches(model: YamnetModel, clips: list[Path], count: int) -> Patches:
    """Return int8 [count, 96, 64], spread over recordings of at least one patch, then extremes."""
    rng = np.random.default_rng(14)
    shape = (96, 64)
    patches = [np.full(shape, value, np.int8) for value in (-128, 127)]
    patches += [rng.integers(-128, 128, shape).astype(np.int8) for _ in range(EXTREMES // 2 - 1)]
    patches += [rng.choice(np.array([-128, 127], np.int8), shape) for _ in range(EXTREMES // 2 - 1)]
    per_clip = -(-(count - EXTREMES) // len(clips))
    found: list[Patches] = []
    for clip in clips:
        pcm, _ = soundfile.read(clip, dtype="int16")
        stream = PatchStream(model.front_end, *model.input_quantization)
        all_of_clip, _ = stream.feed(np.pad(pcm, (0, max(0, 15_600 - len(pcm)))))
        found.extend(all_of_clip[:: max(1, len(all_of_clip) // per_clip)][:per_clip])
    return np.stack([*found[: count - EXTREMES], *patches])


def measure(model: YamnetModel, patches: Patches, kernels: str, folder: Path) -> Report:
    """Build the app, run it in QEMU and read what it prints.

    Args:
        kernels: pie, esp-nn or reference.
        folder: for the image of the flash.
    """
    options = "CONFIG_SOUND_MODEL_KERNELS_ESP_NN=y\n" if kernels == "esp-nn" else ""
    source = TEST_KERNELS / "reference.cpp" if kernels == "reference" else None
    app = build(f"kernels-{kernels}", "esp32s3", ["sdkconfig.defaults"], options, project=PROJECT, kernels=source)
    expected = open_engine("tflm", model).score(patches)
    pairs = b"".join(patch.tobytes() + scores.tobytes() for patch, scores in zip(patches, expected, strict=True))
    parts = {MODEL_OFFSET: model.data, PATCHES_OFFSET: struct.pack("<II", len(model.data), len(patches)) + pairs}
    printed = output_in_qemu(app, folder / "flash.bin", ["PASS", "FAIL"], ICOUNT, parts)
    words = [line.split() for line in printed]
    head = next((line for line in words if line[:1] == ["kernels"]), None)
    assert head, "\n".join(printed[-20:])
    loop = next(line for line in words if line[:1] == ["loop"])
    cycles_per_instruction = int(loop[2]) / int(loop[1])
    costs = [int(line[2]) / cycles_per_instruction for line in words if line[:1] == ["operator"]]
    return Report(
        head[1],
        int(head[3]),
        round(int(head[5]) / cycles_per_instruction),
        [int(line[3]) for line in words if line[:1] == ["patch"]],
        [
            Cost(name, outputs, macs, round(instructions))
            for (name, outputs, macs), instructions in zip(work(model), costs, strict=True)
        ],
    )


def work(model: YamnetModel) -> list[tuple[str, int, int]]:
    """Name, outputs and multiplications of each operator."""
    network = read_model(model.data)
    operators = []
    for operator in network.operators:
        result = network.tensors[operator.outputs[0]]
        outputs = prod(result.shape)
        macs = 0
        if operator.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            weights = network.tensors[operator.inputs[1]].shape
            macs = outputs * (9 if operator.name == "DEPTHWISE_CONV_2D" else prod(weights[1:]))
        shape = "x".join(str(size) for size in result.shape[1:])
        operators.append((f"{operator.name} {shape}", outputs, macs))
    return operators


def table(report: Report) -> str:
    """Return the costs as a table of Markdown, a row for each operator, then sums of each kind."""
    rows = [
        f"| {n} | {cost.name.split()[0]} | {cost.name.split()[1]} | " + _numbers(cost)
        for n, cost in enumerate(report.costs)
    ]
    for kind in dict.fromkeys(cost.name.split()[0] for cost in report.costs):
        same = [cost for cost in report.costs if cost.name.split()[0] == kind]
        rows.append(f"| | {kind} | {len(same)} | " + _numbers(_sum(same)))
    rows.append("| | all | | " + _numbers(_sum(report.costs)))
    return "\n".join(["| | operator | output | outputs | MACs | instructions |", "| --- " * 6 + "|", *rows])


def _sum(costs: list[Cost]) -> Cost:
    return Cost(
        "", sum(cost.outputs for cost in costs), sum(cost.macs for cost in costs), sum(c.instructions for c in costs)
    )


def _numbers(cost: Cost) -> str:
    return f"{cost.outputs:,} | {cost.macs:,} | {cost.instructions:,} |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--kernels", choices=["pie", "esp-nn", "reference"], default="pie")
    parser.add_argument("--clips", type=Path, default=CHECKOUT / "examples" / "audio", help="a folder of 16 kHz WAVs")
    parser.add_argument("--patches", type=int, default=32)
    options = parser.parse_args()
    model = load_model(options.model)
    patches = some_patches(model, sorted(options.clips.rglob("*.wav")), options.patches)
    with tempfile.TemporaryDirectory() as folder:
        report = measure(model, patches, options.kernels, Path(folder))
    print(table(report))
    print(
        f"\nkernels {report.kernels}: {sum(report.differing)} of {len(report.differing) * 521:,} outputs differ;"
        f" arena {report.arena_bytes:,} bytes; made in {report.preparing:,} instructions"
    )
    return 1 if any(report.differing) else 0


if __name__ == "__main__":
    sys.exit(main())
