# SPDX-License-Identifier: Apache-2.0
"""Instructions a patch costs the event detector, counted by valgrind (Debian package `valgrind`): no clock is involved.

    python benchmarks/event_detector/run.py

The difference between a long and a short run, so that start-up and reading the rules cancel. Instructions are this
machine's; 0.2 ms of an ESP32-S3 at 240 MHz are 48,000 cycles.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUDGET_CYCLES = 48_000
SHORT, LONG = 200, 2200
CASES = {
    "32 rules, 3 classes and 2 suppressors each": ("detect", "3", "2"),
    "32 rules, 512 classes and suppressors in all (the most there may be)": ("detect", "12", "4"),
    "levels and noise floor": ("levels",),
    "rhythms of tones, every band having one (the most they can cost)": ("patterns",),
}


def build(folder: Path) -> Path:
    """Build the program with -O2; returns it."""
    for command in (["cmake", "-S", str(HERE), "-B", str(folder)], ["cmake", "--build", str(folder)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
    return folder / "event_detector_cost"


def instructions(program: Path, case: tuple[str, ...]) -> float:
    """Instructions a patch."""
    totals = []
    for patches in (SHORT, LONG):
        with tempfile.TemporaryDirectory() as folder:
            command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", str(program), *case]
            run = subprocess.run([*command, str(patches)], capture_output=True, text=True, check=False)
        found = re.search(r"Collected : (\d+)", run.stderr)
        if run.returncode != 0 or found is None:
            sys.exit(f"valgrind failed: {run.stderr.strip()}")
        totals.append(int(found[1]))
    return (totals[1] - totals[0]) / (LONG - SHORT)


def main() -> None:
    """Count and print."""
    program = build(HERE.parents[1] / "out" / "event_detector_cost")
    for name, case in CASES.items():
        count = instructions(program, case)
        share = f", {count / BUDGET_CYCLES:.0%} of {BUDGET_CYCLES:,}" if case[0] == "detect" else ""
        print(f"{name}: {count:,.0f} instructions a patch{share}")


if __name__ == "__main__":
    main()
