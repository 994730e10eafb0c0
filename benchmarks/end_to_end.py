# SPDX-License-Identifier: Apache-2.0
"""From file to scores on one core: this project's litert path beside Google's waveform model with the same runtime.

    python benchmarks/end_to_end.py CLIP... [--rounds N]

Both read the same files, score a patch every 0.48 s and keep 521 probabilities a patch. Google's model takes 15,600
samples at a time, so it computes every frame twice at this hop. The two take turns; the best round of each counts,
and the figures compare only within one run. Without clips, the committed examples are used.
"""

import argparse
import os
import time
from pathlib import Path

# Before NumPy and the runtime are loaded.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import numpy as np
import soundfile
from ai_edge_litert.interpreter import Interpreter

import device_core
from yamnet_tools import engines, model, paths
from yamnet_tools.model import source

EXAMPLES = paths.CHECKOUT / "examples" / "audio"
WAVEFORM_SAMPLES, HOP_SAMPLES = 15_600, 7_680


class GoogleWaveformModel:
    """Google's .tflite as published, the runtime's default settings, one thread."""

    name = "Google's waveform model"

    def __init__(self) -> None:
        self.interpreter = Interpreter(str(source.find_weights(source.Search(offline=True)).path), num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    def __call__(self, clip: Path) -> int:
        samples, _ = soundfile.read(clip, dtype="float32")
        samples = np.pad(samples, (0, max(0, WAVEFORM_SAMPLES - len(samples))))
        scores = []
        for start in range(0, len(samples) - WAVEFORM_SAMPLES + 1, HOP_SAMPLES):
            self.interpreter.set_tensor(self.input, samples[start : start + WAVEFORM_SAMPLES])
            self.interpreter.invoke()
            scores.append(self.interpreter.get_tensor(self.output)[0])
        return len(scores)


class DevicePath:
    """The device's front end and int8 model, the litert engine."""

    name = "yamnet_tools, engine litert"

    def __init__(self) -> None:
        self.model = model.load_model(paths.DEFAULT_MODEL)
        self.engine = engines.open_engine("litert", self.model)

    def __call__(self, clip: Path) -> int:
        pcm, _ = soundfile.read(clip, dtype="int16")
        spec, quantization = self.model.front_end, self.model.input_quantization
        stream = device_core.PatchStream(spec, quantization.scale, quantization.zero_point)
        patches, _ = stream.feed(np.pad(pcm, (0, max(0, spec.patch_samples - len(pcm)))))
        return len(self.engine.score(patches))


def main() -> None:
    """Print seconds, multiple of real time and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, help="16 kHz mono recordings")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    clips = options.clips or sorted(EXAMPLES.glob("*.wav"))
    seconds = sum(soundfile.info(clip).duration for clip in clips)

    paths_to_scores = (DevicePath(), GoogleWaveformModel())
    best = dict.fromkeys((run.name for run in paths_to_scores), float("inf"))
    for _ in range(options.rounds):
        for run in paths_to_scores:
            start = time.perf_counter()
            patches = sum(run(clip) for clip in clips)
            best[run.name] = min(best[run.name], time.perf_counter() - start)
    print(f"{len(clips)} clips, {seconds:.1f} s of audio, {patches} patches, one core")
    for name, elapsed in best.items():
        cost = f"{elapsed:8.3f} s {1000 * elapsed / patches:8.2f} ms a patch {seconds / elapsed:8.0f} x real time"
        print(f"{name:28s} {cost}")
    ours, theirs = best.values()
    print(f"ratio: {theirs / ours:.2f} times as fast as Google's waveform model")


if __name__ == "__main__":
    main()
