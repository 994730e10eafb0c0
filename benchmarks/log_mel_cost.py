# SPDX-License-Identifier: Apache-2.0
"""Cost of a 10 ms log-mel frame: device_core beside kaldi-native-fbank and librosa on the same audio, one core.

    pip install -e .[bench]
    python benchmarks/log_mel_cost.py [--instructions]

Times are the best of several interleaved passes and compare only within one run. --instructions counts with
valgrind (Debian package `valgrind`; some minutes, librosa's imports are slow there): the passes only, not start-up or
imports.
"""

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WORKER = Path(__file__).with_name("log_mel_worker.py")
IMPLEMENTATIONS = ("device_core", "kaldi-native-fbank", "librosa")
PACKAGES = ("kaldi_native_fbank", "librosa")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
HOP_SECONDS = 0.01


def run_worker(name: str, seconds: float, repeats: int) -> tuple[int, float]:
    """Run the worker; returns frames a pass and best seconds a pass."""
    output = run_checked(name, [sys.executable, str(WORKER), name, str(seconds), str(repeats)]).stdout
    frames, best = output.split()
    return int(frames), float(best)


def run_checked(name: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ | ONE_THREAD, check=False)
    if result.returncode != 0:
        sys.exit(f"{name} failed:\n{result.stderr}")
    return result


def seconds_per_frame(rounds: int, seconds: float) -> dict[str, float]:
    """Best time per frame of each implementation, taking turns so that a busy machine hits all alike."""
    best = dict.fromkeys(IMPLEMENTATIONS, float("inf"))
    for _ in range(rounds):
        for name in IMPLEMENTATIONS:
            frames, elapsed = run_worker(name, seconds, repeats=3)
            best[name] = min(best[name], elapsed / frames)
    return best


def instructions_per_frame(name: str) -> float:
    """Instructions a frame by callgrind, over one pass."""
    with tempfile.TemporaryDirectory() as folder:
        valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/out"]
        worker = [sys.executable, str(WORKER), name, "5.0", "1", "count"]
        result = run_checked(name, valgrind + worker)
    found = re.search(r"Collected : (\d+)", result.stderr)
    if found is None:
        sys.exit(f"valgrind reported no count for {name}:\n{result.stderr}")
    return int(found[1]) / int(result.stdout.split()[0])


def main() -> None:
    """Print one row per implementation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instructions", action="store_true", help="count instructions with valgrind as well")
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds of audio a pass")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if missing := [package for package in PACKAGES if importlib.util.find_spec(package) is None]:
        sys.exit(f"{parser.prog}: error: {' and '.join(missing)} not installed: pip install -e '.[bench]'")
    if options.instructions and shutil.which("valgrind") is None:
        sys.exit(f"{parser.prog}: error: --instructions needs valgrind: apt-get install valgrind")

    times = seconds_per_frame(options.rounds, options.seconds)
    ours = times["device_core"]
    print(f"{'implementation':20s} {'us/frame':>9s} {'x real time':>12s} {'time / ours':>12s} {'instr/frame':>12s}")
    for name, seconds in times.items():
        count = f"{instructions_per_frame(name):12,.0f}" if options.instructions else f"{'-':>12s}"
        print(f"{name:20s} {seconds * 1e6:9.2f} {HOP_SECONDS / seconds:12,.0f} {seconds / ours:12.2f} {count}")


if __name__ == "__main__":
    main()
