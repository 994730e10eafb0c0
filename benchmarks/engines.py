# SPDX-License-Identifier: Apache-2.0
"""The engines side by side: processor time for a patch, and outputs that differ from TensorFlow Lite Micro's.

    python benchmarks/engines.py [CLIP, FOLDER or PATTERN]... [--random N] [--patches N] [--rounds N] [--model PATH]

Patches are those of the recordings (by default the committed examples) and N made up: noise of any range, constants,
extremes, stripes. Differences are counted over all of them, the time is the best round's over `--patches` of them;
engines take turns, and the figures compare only within one run. `device` stands there once for each kind of kernels
that this processor can run. Exit code 1 if an output of one of those differs.
"""

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

# Before NumPy and the runtimes are loaded.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

import device_core
from yamnet_tools import paths
from yamnet_tools.audio import find_recordings, open_recording
from yamnet_tools.engines import open_engine
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.probe_patches import made_up_patches

Int8 = npt.NDArray[np.int8]
REFERENCE = "tflm"


class Candidate:
    """An engine with what was measured of it."""

    def __init__(self, name: str, model: YamnetModel, kernels: str = "") -> None:
        self.name = f"{name}, {kernels}" if kernels else name
        self.exact = name != "litert"
        self.score = device_core.DeviceEngine(model.data, kernels).score if kernels else open_engine(name, model).score
        self.differing = 0
        self.outputs = 0
        self.largest = 0
        self.best_s = float("inf")

    def compare(self, patches: Int8, expected: Int8) -> None:
        """Count outputs that differ from those expected."""
        steps = np.abs(self.score(patches).astype(np.int16) - expected)
        self.outputs += steps.size
        self.differing += int(np.count_nonzero(steps))
        self.largest = max(self.largest, int(steps.max(initial=0)))

    def take_time(self, patches: Int8) -> None:
        """One more round."""
        start = time.process_time()
        self.score(patches)
        self.best_s = min(self.best_s, (time.process_time() - start) / len(patches))


def heard_patches(recordings: list[str], model: YamnetModel) -> Iterator[Int8]:
    """The patches of each recording, int8 [k, 96, 64]."""
    stream = device_core.PatchStream(model.front_end, *model.input_quantization)
    for name in recordings:
        stream.reset()
        with open_recording(name) as recording:
            for block in recording.blocks():
                yield stream.feed(block.samples)[0]


def main() -> int:
    """Print the table; 1 if an engine that is to be exact is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", default=[str(paths.CHECKOUT / "examples" / "audio")])
    parser.add_argument("--random", type=int, default=200, metavar="N", help="made-up patches (200)")
    parser.add_argument("--patches", type=int, default=24, metavar="N", help="in a round of timing (24)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of timing (5)")
    parser.add_argument("--model", type=Path, default=paths.DEFAULT_MODEL)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    model = load_model(options.model)
    found = [name for place in options.recordings for name in find_recordings(place)]
    heard = np.concatenate(list(heard_patches(found, model)))
    patches = np.concatenate([heard, made_up_patches(options.random, seed=0)])

    candidates = [Candidate("device", model, kernels) for kernels in device_core.DeviceEngine.kernel_names()]
    candidates += [Candidate(name, model) for name in (REFERENCE, "litert")]
    reference = next(candidate for candidate in candidates if candidate.name == REFERENCE)
    pieces = np.array_split(patches, max(1, len(patches) // 64))
    for piece in tqdm(pieces, unit="piece", disable=None):
        expected = reference.score(piece).astype(np.int16)
        for candidate in candidates:
            if candidate is not reference:
                candidate.compare(piece, expected)
    for _ in range(options.rounds):
        for candidate in candidates:
            candidate.take_time(patches[: options.patches])

    print(f"{len(heard)} patches of {len(found)} recordings, {options.random} made up, one core")
    print("engine               ms a patch   as fast as tflm   outputs that differ")
    for candidate in candidates:
        ratio = reference.best_s / candidate.best_s
        found_text = f"{candidate.differing:,} of {candidate.outputs:,}, by at most {candidate.largest}"
        print(
            f"{candidate.name:20} {1000 * candidate.best_s:11.3f} {ratio:15.1f} x   "
            f"{'(the reference)' if candidate is reference else found_text}"
        )
    return int(any(candidate.exact and candidate.differing for candidate in candidates))


if __name__ == "__main__":
    raise SystemExit(main())
