# SPDX-License-Identifier: Apache-2.0
"""One log-mel implementation over some seconds of audio, again and again; log_mel_cost.py runs and measures it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE, FRAME, HOP, FFT, BANDS, LOW, HIGH = 16000, 400, 160, 512, 64, 125.0, 7500.0
BLOCK = 1600

Pcm = NDArray[np.int16]
Runner = tuple[Callable[[Pcm], Any], Callable[[Any], int]]
"""What brings PCM into the form an implementation takes, which is not timed, and what computes; returns frames."""


def in_blocks(pcm: Pcm) -> list[Pcm]:
    return [pcm[start : start + BLOCK] for start in range(0, len(pcm), BLOCK)]


def to_float(pcm: Pcm) -> NDArray[np.float32]:
    return pcm / np.float32(32768)


def device_core_runner() -> Runner:
    import device_core

    spec = device_core.LogMelSpec.profile("yamnet")

    def run(blocks: list[Pcm]) -> int:
        stream = device_core.LogMelStream(spec)
        return sum(len(stream.feed(block)) for block in blocks)

    return in_blocks, run


def kaldi_native_fbank_runner() -> Runner:
    import kaldi_native_fbank as knf

    options = knf.FbankOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.frame_length_ms = 1000 * FRAME / RATE
    options.frame_opts.frame_shift_ms = 1000 * HOP / RATE
    options.frame_opts.window_type = "hann"
    options.frame_opts.dither = 0.0
    options.frame_opts.preemph_coeff = 0.0
    options.frame_opts.remove_dc_offset = False
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = BANDS
    options.mel_opts.low_freq = LOW
    options.mel_opts.high_freq = HIGH
    options.use_power = False
    options.use_energy = False

    def prepare(pcm: Pcm) -> list[list[float]]:
        return [to_float(block).tolist() for block in in_blocks(pcm)]

    def run(blocks: list[list[float]]) -> int:
        fbank = knf.OnlineFbank(options)
        count = 0
        for block in blocks:
            fbank.accept_waveform(RATE, block)
            while count < fbank.num_frames_ready:
                fbank.get_frame(count)
                count += 1
        return count

    return prepare, run


def librosa_runner() -> Runner:
    import librosa

    def run(samples: NDArray[np.float32]) -> int:
        mel = librosa.feature.melspectrogram(
            y=samples,
            sr=RATE,
            n_fft=FFT,
            hop_length=HOP,
            win_length=FRAME,
            window="hann",
            center=False,
            power=1.0,
            n_mels=BANDS,
            fmin=LOW,
            fmax=HIGH,
            htk=True,
            norm=None,
        )
        return int(np.log(mel + 1e-3).shape[1])

    return to_float, run


RUNNERS = {
    "device_core": device_core_runner,
    "kaldi-native-fbank": kaldi_native_fbank_runner,
    "librosa": librosa_runner,
}


def noise(seconds: float) -> Pcm:
    """The same audio for every implementation: noise whose level swells and falls."""
    samples = int(seconds * RATE)
    swell = 3000 * (1.1 + np.sin(np.arange(samples) / RATE))
    return (np.random.default_rng(0).standard_normal(samples) * swell).clip(-32768, 32767).astype(np.int16)


def instrument(state: str) -> None:
    """Switch valgrind's counting of this process on or off."""
    command = ["callgrind_control", "--instr=" + state, str(os.getpid())]
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    """Usage: log_mel_worker.py IMPLEMENTATION SECONDS REPEATS [count]; prints frames and best seconds per pass.

    With `count`, which needs valgrind around it, the passes are counted and nothing else is.
    """
    name, seconds, repeats, counting = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] == ["count"]
    prepare, run = RUNNERS[name]()
    prepared = prepare(noise(seconds))
    run(prepare(noise(1.0)))
    if counting:
        instrument("on")
    best, frames = float("inf"), 0
    for _ in range(repeats):
        start = time.perf_counter()
        frames = run(prepared)
        best = min(best, time.perf_counter() - start)
    if counting:
        instrument("off")
    print(frames, best)


if __name__ == "__main__":
    main()
